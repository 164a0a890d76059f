"""Everything that a connector needs to know to tell its system how one call stands: read at once, put into words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, bindparam, select

from bridge import names
from bridge.callers import Names
from bridge.store import tables
from bridge.words import Wording
from connectors.kit import Call, CallStatus, Known, Person, Policy, Receipt

_deliveries, _calls, _instances = tables.deliveries, tables.calls, tables.instances
_connections, _callers, _people = tables.connections, tables.callers, tables.people

_WHOLE = (
    select(
        _deliveries,
        _calls.c.key,
        _calls.c.status,
        _calls.c.raw_status,
        _calls.c.direction,
        _calls.c.video,
        _calls.c.late,
        _calls.c.started_at,
        _calls.c.outcome_at,
        _calls.c.received_at,
        _calls.c.instance_id,
        _instances.c.name.label("instance"),
        _instances.c.name_order,
        _instances.c.timezone,
        _connections.c.version,
        _connections.c.connector,
        _connections.c.language,
        _connections.c.timezone.label("own_timezone"),
        _connections.c.template,
        _connections.c.labels,
        _connections.c.paused_by,
        _connections.c.reason.label("paused_because"),
        _connections.c.rests_until,
        _connections.c.broken_for,
        _connections.c.removed_at,
        _callers.c.contact_name,
        _callers.c.name,
        _people.c.person,
    )
    .join(_calls, _calls.c.id == _deliveries.c.call_id)
    .join(_instances, _instances.c.id == _calls.c.instance_id)
    .join(_connections, _connections.c.id == _deliveries.c.connection_id)
    .outerjoin(_callers, (_callers.c.instance_id == _calls.c.instance_id) & (_callers.c.chat_id == _calls.c.chat_id))
    .outerjoin(
        _people, (_people.c.connection_id == _deliveries.c.connection_id) & (_people.c.chat_id == _calls.c.chat_id)
    )
    .where(_deliveries.c.id == bindparam("delivery"))
    .with_for_update(of=_deliveries, key_share=True)
)


def row(db: Db, delivery_id: int) -> Row[Any] | None:
    """One delivery with its call, its connection and what is known of the caller; locked where the database can."""
    return db.execute(_WHOLE, {"delivery": delivery_id}).one_or_none()


def call(db: Db, row: Row[Any]) -> Call:
    """The call as this connection is to be told of it: in its language, zone and words."""
    status = CallStatus(row.owes)
    wording = Wording(row.language, row.own_timezone or row.timezone, row.template, row.labels or {})
    green_api = Names(row.contact_name, row.name)
    crm = names.crm_name(db, row.instance, row.chat_id, green_api, row.name_order)
    caller = names.caller(row.chat_id, green_api, crm, row.name_order, row.language)
    label = wording.label(Policy(row.policy), status, row.raw_status)
    at = row.outcome_at if status is not CallStatus.RINGING and row.outcome_at else row.started_at
    return Call(
        id=row.key,
        instance=row.instance,
        status=status,
        label=label,
        summary=wording.summary(label, caller, row.instance, at),
        caller=caller,
        started_at=row.started_at,
        outcome_at=None if status is CallStatus.RINGING else row.outcome_at,
        direction=row.direction,
        video=row.video,
        late=row.late,
    )


def known(row: Row[Any]) -> Known:
    """What the connection has of this call already."""
    told = CallStatus(row.told) if row.told else None
    person = Person(**row.person) if row.person else None
    return Known(receipt=_receipt(row.receipt), told=told, unsure=row.unsure, person=person)


def _receipt(stored: dict[str, Any] | None) -> Receipt | None:
    if stored is None:
        return None
    person = Person(**stored["person"]) if stored.get("person") else None
    return Receipt(stored.get("record_id"), stored.get("url"), stored.get("parts") or {}, person)
