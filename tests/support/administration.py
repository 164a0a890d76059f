"""Administration through its pages: a form to send, something to see to, and the trail that is left."""

from __future__ import annotations

import json

from desk import REFUSED
from sqlalchemy import insert

from bridge import audit
from bridge.store import tables

EVIL = "<img src=x onerror=alert(1)>[URL]\u202e"
FORM = {
    "name": "support", "id_instance": "7103111222", "api_url": "https://api.example.com", "api_token": "canary-api",
    "intake": "webhook", "webhook_token": "canary-hook", "timezone": "UTC", "lookups_per_second": "1",
    "name_order": "contact_name, name, crm",
}  # fmt: skip


def seen(answer, path):
    """The page that a form led to."""
    assert (answer.status_code, answer.location) == (303, path), (answer.status_code, answer.location)
    return path


def trail(store):
    """Who did what about what, the oldest first, but for the people whom a test signed in."""
    with store.read() as db:
        rows = audit.listing(db, 50)[::-1]
    assert "canary" not in json.dumps(rows), rows
    return [
        (row["who"], row["what"], row["about"]) for row in rows if row["what"] != "user.added" or row["who"] != "test"
    ]


def fail(desk):
    """A call that both connections refused: deliveries 1 and 2."""
    desk.hear("missed", 0, id_message="C0")
    desk.tell(1, REFUSED, 1)
    desk.tell(2, REFUSED, 1)


def keep(desk, *bodies, reason="It is no JSON."):
    """Notifications that could not be read, from the first on."""
    row = {"type": None, "received_at": desk.moment(), "verdict": "unread", "reason": reason, "instance_id": 1}
    rows = [{**row, "key": f"u{number}", "body": body} for number, body in enumerate(bodies)]
    desk.store.write(lambda db: db.execute(insert(tables.notifications), rows) and None)
