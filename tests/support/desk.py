"""A bridge without processes: an instance, connections of each policy asked for, and notifications to hear."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import rolodex
from sqlalchemy import select

from bridge import claims, connections, instances, intake, lines, settlements
from bridge.connections import ConnectionConfig
from bridge.directory import Directory
from bridge.greenapi.events import read
from bridge.instances import InstanceConfig
from bridge.policies import Delivered, GiveUp, Hold, TryAgain
from bridge.settings import Settings
from bridge.store import tables
from bridge.text import folded
from connectors.kit import Policy, Receipt

ID_INSTANCE = "7103111222"
CHAT = "15551230042@c.us"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOT_NOW = TryAgain("It did not answer.", 2.0, "unreached")
PERHAPS = TryAgain("It did not answer in time.", 2.0, "unknown")
DONE = Delivered(Receipt("R1"))
REFUSED = GiveUp("It refused.")
LOCKED_OUT = Hold("The credentials are refused.", "credentials")


def notification(status="offer", *, id_message="C1", chat=CHAT, at=None, **more) -> dict:
    """One notification as GREEN-API sends it; a value of None leaves the field out."""
    body = {
        "from": chat,
        "typeWebhook": "incomingCall",
        "instanceData": {"idInstance": int(ID_INSTANCE), "wid": "15557650001@c.us", "typeInstance": "whatsapp"},
        "status": status,
        "timestamp": int(at.timestamp()) if isinstance(at, datetime) else at,
        "idMessage": id_message,
        **more,
    }
    return {key: value for key, value in body.items() if value is not None}


def webhook_settings(url="https://crm.example.com/hook") -> dict:
    return {"url": url, "secret": SECRET}


class Desk:
    """Everything happens `after` seconds from its `start`."""

    def __init__(self, store, start: datetime, policies=("all",), **instance) -> None:
        self.store, self.start = store, start
        self.settings = Settings()
        config = InstanceConfig(
            name="support", id_instance=ID_INSTANCE, api_url="https://api.example.com", api_token="t0ken-of-the-api",
            webhook_tokens=("s3cret",), **instance,
        )  # fmt: skip
        store.write(lambda db: instances.save(db, store.secrets, config, None))
        for position, policy in enumerate(policies):
            self.connect(f"{policy}-{position}", policy, position)
        self.directory = Directory(store, registry=rolodex.registry())

    def connect(self, name, policy, position=9, connector="webhook", settings=None, **more) -> None:
        settings = webhook_settings() if settings is None else settings
        config = ConnectionConfig(name, connector, Policy(policy), settings, **more)
        self.store.write(lambda db: connections.save(db, self.store.secrets, config, position, None))

    def change(self, name, **changes) -> None:
        """Save a connection anew with these settings changed."""
        with self.store.read() as db:
            [found] = [one for one in connections.active(db, self.store.secrets) if one.name == name]
        config = replace(found.config, **changes)
        self.store.write(lambda db: connections.save(db, self.store.secrets, config, found.position, found))

    def snapshot(self):
        return Directory(self.store, registry=rolodex.registry()).current()

    def moment(self, after=0.0) -> datetime:
        return self.start + timedelta(seconds=after)

    def know(self, chat=CHAT, contact_name="Noor (bakery)", name="Noor") -> None:
        """Somebody's name is known, so that nobody has to be asked."""
        expires_at = self.moment(86400)
        row = {"instance_id": 1, "chat_id": chat, "checked_at": self.start, "expires_at": expires_at}
        row |= {"contact_name_folded": folded(contact_name or ""), "name_folded": folded(name or "")}
        self.store.write(
            lambda db: db.execute(tables.callers.insert(), {**row, "contact_name": contact_name, "name": name}) and None
        )

    def hear(self, status="offer", after=0.0, *, stamped=None, snapshot=None, **more):
        """A notification arrives `after` seconds, stamped with that moment or the one given in seconds.

        `snapshot` is what whoever takes it believes to be configured, if that is not what is.
        """
        at = more.pop("at", self.moment(after if stamped is None else stamped))
        body = json.dumps(notification(status, at=at, **more)).encode()
        event, snapshot = read(body).call, snapshot or self.snapshot()
        return self.store.write(lambda db: intake.accept(db, event, body, snapshot, self.settings, self.moment(after)))

    def silence(self, after):
        snapshot = self.snapshot()
        return self.store.write(lambda db: intake.close_silent(db, snapshot, self.settings, self.moment(after), 100))

    def claim(self, delivery_id=1, after=0.0, holder="worker"):
        lease = timedelta(seconds=self.settings.lease_seconds)
        return self.store.write(
            lambda db: claims.claim(
                db, delivery_id, holder, self.moment(after), lease=lease, ring_seconds=self.settings.ring_seconds
            )
        )

    def settle(self, claim, outcome=DONE, after=0.0):
        return self.store.write(lambda db: settlements.settle(db, claim, outcome, self.moment(after)))

    def tell(self, delivery_id=1, outcome=DONE, after=0.0):
        """Claim and settle at once; returns what was told."""
        claim = self.claim(delivery_id, after)
        if claim is not None:
            self.settle(claim, outcome, after)
        return claim

    def swept(self, after) -> list[int]:
        return [bell.delivery_id for bell in self.store.write(lambda db: lines.fallen_due(db, self.moment(after), 100))]

    def row(self, delivery_id=1):
        with self.store.read() as db:
            return db.execute(select(tables.deliveries).where(tables.deliveries.c.id == delivery_id)).one()

    def states(self) -> dict[str, tuple]:
        """(state, owes, told) by the connection's name."""
        query = (
            select(tables.connections.c.name, tables.deliveries)
            .join(tables.deliveries, tables.deliveries.c.connection_id == tables.connections.c.id)
            .order_by(tables.deliveries.c.id)
        )
        with self.store.read() as db:
            return {row.name: (row.state, row.owes, row.told) for row in db.execute(query)}

    def calls(self) -> list:
        with self.store.read() as db:
            return db.execute(select(tables.calls).order_by(tables.calls.c.id)).all()

    def verdicts(self) -> list[str]:
        with self.store.read() as db:
            return (
                db.execute(select(tables.notifications.c.verdict).order_by(tables.notifications.c.id)).scalars().all()
            )
