"""Every table. Rows stay inside the module that queries them; what crosses a border is a frozen dataclass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC. SQLite has no zones: there the text is UTC, and sorts as time does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.replace(tzinfo=UTC)


def _only_where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


instances = Table(
    "instances",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("id_instance", String(32), nullable=False),
    Column("api_url", Text, nullable=False),
    Column("secrets", Text, nullable=False),  # encrypted: the API token and the webhook tokens
    Column("lookups_per_second", Float, nullable=False),
    Column("name_order", JSON, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("lookup_at", Moment),  # no getContactInfo before this
    Column("lookups_until", Moment),  # the end of the queue of calls that wait for one
    Column("version", Integer, nullable=False),
    Column("removed_at", Moment),
    Index("ix_instances_name", "name", unique=True, **_only_where("removed_at IS NULL")),
    Index("ix_instances_id_instance", "id_instance", unique=True, **_only_where("removed_at IS NULL")),
)

connections = Table(
    "connections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("position", Integer, nullable=False),  # the order of the file
    Column("connector", String(80), nullable=False),
    Column("settings", Text, nullable=False),  # encrypted
    Column("instances", JSON(none_as_null=True)),  # names, or NULL for all of them
    Column("policy", String(16), nullable=False),
    Column("paused_by", String(16)),
    Column("reason", Text),
    Column("version", Integer, nullable=False),
    Column("removed_at", Moment),
    Index("ix_connections_name", "name", unique=True, **_only_where("removed_at IS NULL")),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(160), nullable=False, unique=True),  # the public id
    Column("instance_id", ForeignKey("instances.id"), nullable=False),
    Column("id_message", Text),
    Column("chat_id", Text, nullable=False),
    Column("direction", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("raw_status", Text),
    Column("video", Boolean),
    Column("source", String(16), nullable=False),
    Column("late", Boolean, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("outcome_at", Moment),
    Column("received_at", Moment, nullable=False),
    Column("name_due", Moment),  # when to ask who is calling; NULL where nobody has to be asked
    Column("asked_at", Moment),  # set while somebody is asking, who has until name_due to come back
    Index("ix_calls_started_at", "started_at"),
    Index("ix_calls_ringing", "received_at", **_only_where("status = 'ringing'")),
    Index("ix_calls_chat_ringing", "instance_id", "chat_id", **_only_where("status = 'ringing'")),
    Index("ix_calls_name_due", "name_due", **_only_where("name_due IS NOT NULL")),
    Index("ix_calls_chat_name_due", "instance_id", "chat_id", **_only_where("name_due IS NOT NULL")),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("instance_id", ForeignKey("instances.id")),
    Column("call_id", ForeignKey("calls.id"), index=True),
    Column("type", String(80)),
    Column("received_at", Moment, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("reason", Text),
    Column("body", Text, nullable=False),
)

callers = Table(
    "callers",
    metadata,
    Column("instance_id", ForeignKey("instances.id"), primary_key=True),
    Column("chat_id", Text, primary_key=True),
    Column("contact_name", Text),
    Column("name", Text),
    Column("checked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("connection_id", ForeignKey("connections.id"), nullable=False),
    Column("chat_id", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("owes", String(16), nullable=False),
    Column("told", String(16)),
    Column("due_at", Moment),
    Column("rung_at", Moment),  # when its message was last put on the queue
    Column("lease_until", Moment),
    Column("leased_by", Text),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failing_since", Moment),
    Column("unsure", Boolean, nullable=False),
    Column("receipt", JSON(none_as_null=True)),
    Column("reason", Text),
    UniqueConstraint("call_id", "connection_id"),
    Index("ix_deliveries_due_at", "due_at", **_only_where("state = 'due'")),
    Index("ix_deliveries_leased", "connection_id", "chat_id", **_only_where("lease_until IS NOT NULL")),
    Index("ix_deliveries_open", "connection_id", "state", **_only_where("state IN ('due', 'held')")),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("fence", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),  # NULL: the worker never came back, so what became of it is not known
    Column("outcome", String(16)),
    Column("reason", Text),
    Column("took_ms", Integer),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("at", Moment, nullable=False),
)
