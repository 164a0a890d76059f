"""Test calls: a marked caller, the real machinery, the real connector, and one connection that hears of it.

No notification brings one: GREEN-API sent nothing, and must not seem to have been heard.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection as Db
from sqlalchemy import Row, select, update

from bridge import audit, connection_changes, connections, instances, intake
from bridge.calls import REHEARSAL_CHAT, REHEARSAL_ID
from bridge.connections import Connection
from bridge.descriptions import ConfigError
from bridge.directory import Snapshot, Tokens
from bridge.greenapi.events import INCOMING_CALL, read
from bridge.instances import Instance
from bridge.intake import Accepted
from bridge.service import Service
from bridge.store import tables
from bridge.store.upsert import upsert
from connectors.kit import CallStatus, Policy

CALLER = "Test call (Ringbridge)"
Word = Literal["missed", "pickUp", "hungUp"]
"""How one may end, as GREEN-API spells it."""
_KNOWN_FOR = timedelta(days=1)
_calls, _callers, _notifications = tables.calls, tables.callers, tables.notifications


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A test call that was written down: its public id, and what to ring for once that is committed."""

    key: str
    accepted: Accepted


def obstacle(connection: Connection, known: list[Instance]) -> str | None:
    """Why no test call can be made through this connection; None where one can."""
    if connection.paused_by is not None:
        return f"The connection {connection.name} is paused: resume it, then make the test call."
    if connection.config.policy is Policy.IGNORE:
        return f"The connection {connection.name} is told nothing, by its policy: choose another one first."
    if not known:
        return "There is no instance yet, and a call comes in at one: add an instance first."
    if not any(connection.hears(one.name) for one in known):
        return f"The connection {connection.name} hears no instance that there is: choose one for it first."
    return None


def begin(service: Service, name: str, who: str) -> Rehearsal:
    """Let the phone ring with one connection, and with nobody else. Raises ConfigError with the reason why not."""
    id_message, now = f"{REHEARSAL_ID}{secrets.token_hex(8)}", service.now()

    def begun(db: Db) -> Rehearsal:
        connection = connection_changes.get(db, service.store.secrets, name)
        known = instances.active(db, service.store.secrets)
        if why := obstacle(connection, known):
            raise ConfigError(why)
        instance = next(one for one in known if connection.hears(one.name))
        _introduce(db, instance, now)
        snapshot = _only(service, instance, connection)
        accepted = _accept(db, service, snapshot, _body(instance, id_message, "offer", now), now)
        audit.record(db, now, who, "connection.tested", about=name, call=accepted.call_id)
        return Rehearsal(accepted.call_id or "", accepted)

    return service.store.write(begun)


def end(service: Service, name: str, key: str, word: Word) -> Accepted:
    """Give a test call its outcome, which this one connection is told. Raises ConfigError where that cannot be."""
    now = service.now()

    def ended(db: Db) -> Accepted:
        connection = connection_changes.get(db, service.store.secrets, name)
        row = _row(db, connection, key)
        if row is None:
            raise ConfigError(f"There is no test call {key} of the connection {name}: make another one.")
        instance = next((one for one in instances.active(db, service.store.secrets) if one.id == row.instance_id), None)
        if instance is None:
            raise ConfigError("The instance of this test call was removed: make another one.")
        if row.status != CallStatus.RINGING:
            raise ConfigError("This test call is over: make another one.")
        snapshot = _only(service, instance, connection)
        return _accept(db, service, snapshot, _body(instance, row.id_message, word, now), now)

    return service.store.write(ended)


def is_of(db: Db, connection: Connection, key: str) -> bool:
    """Whether there is a test call of this public id that this connection hears of."""
    return _row(db, connection, key) is not None


def _row(db: Db, connection: Connection, key: str) -> Row[Any] | None:
    query = select(_calls).where(_calls.c.key == key, _calls.c.chat_id == REHEARSAL_CHAT)
    row = db.execute(query).one_or_none()
    if row is None or not (row.id_message or "").startswith(REHEARSAL_ID):
        return None
    return row if connection.id in [heard for heard, _ in row.policies or ()] else None


def _introduce(db: Db, instance: Instance, now: datetime) -> None:
    """Let the caller's name be known, so that nobody is asked for it."""
    values = {"contact_name": CALLER, "name": CALLER, "checked_at": now, "expires_at": now + _KNOWN_FOR}
    row = upsert(db, _callers).values(instance_id=instance.id, chat_id=REHEARSAL_CHAT, **values)
    db.execute(row.on_conflict_do_update(index_elements=["instance_id", "chat_id"], set_=values))


def _only(service: Service, instance: Instance, connection: Connection) -> Snapshot:
    """What is configured, as if there were this one connection, which is not asked who is calling."""
    able = replace(connections.able(service.registry, connection), finds=False)
    return Snapshot(
        version=0,
        by_id_instance={instance.config.id_instance: instance},
        by_id={instance.id: instance},
        connections=[able],
        tokens=Tokens([]),
    )


def _body(instance: Instance, id_message: str, word: str, now: datetime) -> bytes:
    body = {
        "typeWebhook": INCOMING_CALL,
        "instanceData": {"idInstance": instance.config.id_instance},
        "from": REHEARSAL_CHAT,
        "status": word,
        "timestamp": int(now.timestamp()),
        "idMessage": id_message,
    }
    return json.dumps(body).encode()


def _accept(db: Db, service: Service, snapshot: Snapshot, body: bytes, now: datetime) -> Accepted:
    event = read(body).call
    if event is None:
        raise AssertionError("a test call is a call")
    accepted = intake.accept(db, event, body, snapshot, service.settings, now)
    # Kept for the call's story, and not as something that was heard from GREEN-API.
    db.execute(update(_notifications).where(_notifications.c.key == event.key).values(instance_id=None))
    return accepted
