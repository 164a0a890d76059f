"""The intake's door without a network: what is knocked with, what is answered, and how long that took."""

from __future__ import annotations

import io
import json
import time
from collections import Counter

from desk import Desk, notification
from office import office
from sqlalchemy import select

from bridge.store.tables import calls, metadata
from bridge.web import create_app

PATH = "/webhooks/greenapi"
TOKEN = "Bearer s3cret"
KEPT = ("instances", "connections")  # what a door stands on; the rest is cleared away


class Door:
    """`answers` counts by status, `slowest` is in seconds."""

    def __init__(self, store, now) -> None:
        desk = Desk(store, now)
        self.service = office(store, desk.moment)
        self.answers: Counter[int] = Counter()
        self.slowest = 0.0
        self.sane = 0
        """How many calls without any fault came between the others."""
        self._app = create_app(self.service).wsgi_app
        self._expected: set[str] = set()

    def knock(self, body: bytes, token: str = TOKEN) -> tuple[int, float]:
        """Bring a body; returns the status of the answer, and the seconds until it was given.

        Raises whatever comes through the application.
        """
        statuses: list[str] = []
        began = time.perf_counter()
        answer = self._app(_environ(body, token), lambda status, *_: statuses.append(status))
        for _ in answer:
            pass
        took = time.perf_counter() - began
        if hasattr(answer, "close"):
            answer.close()
        status = int(statuses[-1].split()[0])
        self.answers[status] += 1
        self.slowest = max(self.slowest, took)
        return status, took

    def knock_sanely(self) -> None:
        """Bring a call such as GREEN-API sends, which must be taken."""
        self.sane += 1
        id_message = f"SANE{self.sane}"
        body = notification(id_message=id_message, chat=f"1555{self.sane:07}@c.us", at=self.service.now())
        self._expected.add(id_message)
        assert self.knock(json.dumps(body).encode())[0] == 200

    def clear(self) -> int:
        """Take out of the store all that was brought; returns how many sane calls were not in it."""
        store = self.service.store
        self.service.heard.flush(store, self.service.now())
        with store.read() as db:
            found = set(db.execute(select(calls.c.id_message)).scalars())
        missing, self._expected = self._expected - found, set()
        for table in reversed(metadata.sorted_tables):
            if table.name not in KEPT:
                store.write(lambda db, table=table: db.execute(table.delete()) and None)
        bells = self.service.queue
        for rung in (bells.delivered, bells.identified, bells.found):
            rung.clear()
        return len(missing)


def _environ(body: bytes, token: str) -> dict[str, object]:
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": PATH,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": token,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
