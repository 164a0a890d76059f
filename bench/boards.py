"""Open boards: so many browsers that ask what changed, as the page does. Run as `python -m bench.boards PORT COUNT`.

Reads the cookie of a session from standard input, and asks until that is closed. Then prints, as JSON, how many answers
there were by status, and the milliseconds that they took.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter

EVERY = 0.6  # seconds, as in the page, which asks at one of these beats


class _Boards:
    def __init__(self, port: int, cookie: str) -> None:
        self.port = port
        self.cookie = cookie
        self.took: list[float] = []
        self.statuses: Counter[int] = Counter()

    async def watch(self) -> None:
        """One browser: one connection that is kept, and the tag of what it shows."""
        tag = '"none"'
        await asyncio.sleep(random.uniform(0, EVERY))
        pace = EVERY
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while True:
            began = time.monotonic()
            fields = {"Host": "127.0.0.1", "Cookie": self.cookie, "If-None-Match": tag, "Accept-Encoding": "gzip"}
            lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            writer.write(f"GET /live HTTP/1.1\r\n{lines}\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            parts = [line.partition(": ") for line in head.split("\r\n")[1:]]
            fields = {name.lower(): value for name, _, value in parts}
            status = int(head.split(" ", 2)[1])
            if status != 304:
                await reader.readexactly(int(fields.get("content-length", 0)))
            tag = fields.get("etag", tag)
            pace = max(1, round(int(fields.get("ringbridge-again", 0)) / 1000 / EVERY)) * EVERY
            self.statuses[status] += 1
            self.took.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(max(0.0, pace - (time.monotonic() - began)))


async def _main(port: int, count: int) -> None:
    loop = asyncio.get_running_loop()
    boards = _Boards(port, sys.stdin.readline().strip())
    tasks = [asyncio.create_task(boards.watch()) for _ in range(count)]
    await loop.run_in_executor(None, sys.stdin.read)
    broken = sum(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    print(json.dumps({"statuses": boards.statuses, "took": boards.took, "broken": broken}))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
