"""The other side, a process of its own: the CRM that is told, and the GREEN-API that is asked for names.

It notes the webhook-id of each request and when its last byte came (CLOCK_MONOTONIC, which all processes of a machine
share), and keeps that until it is asked: `GET /bench/count`, `GET /bench/arrivals`, `GET /bench/forget`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import sys
from time import monotonic_ns

from bench import wire

_WEBHOOK_ID = re.compile(rb"\r\nwebhook-id:\s*(\S+)", re.IGNORECASE)
_NAME = wire.answer(json.dumps({"avatar": "", "name": "Noor", "contactName": "Noor (bakery)", "email": ""}).encode())
_TAKEN = wire.answer()


class Receiver:
    """What came in since it was last told to forget."""

    def __init__(self) -> None:
        self._arrivals: list[tuple[str, int]] = []
        self._lookups = 0

    def answer(self, request: bytes) -> bytes:
        if found := _WEBHOOK_ID.search(request):
            self._arrivals.append((found[1].decode(), monotonic_ns()))
            return _TAKEN
        path = request.split(b" ", 2)[1]
        if b"/getContactInfo/" in path:
            self._lookups += 1
            return _NAME
        if path == b"/bench/count":
            return _json({"arrivals": len(self._arrivals), "lookups": self._lookups})
        if path == b"/bench/arrivals":
            return _json({"arrivals": self._arrivals, "lookups": self._lookups})
        if path == b"/bench/forget":
            self._arrivals, self._lookups = [], 0
            return _json({})
        return wire.answer(status=b"404 Not Found")


def _json(value: object) -> bytes:
    return wire.answer(json.dumps(value).encode())


async def serve() -> None:
    """Print the port, then serve until killed."""
    receiver = Receiver()
    server = await asyncio.get_running_loop().create_server(lambda: wire.Door(receiver.answer), "127.0.0.1", 0)
    gc.disable()
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
