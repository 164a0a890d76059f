"""Every table. Rows stay inside the module that queries them; what crosses a border is a frozen dataclass."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bridge.store.columns import Moment, metadata, now, only_where
from bridge.store.screen_tables import audit, follow_ups, invitations, sessions, throttles, tokens, users

__all__ = [
    "attempts", "audit", "callers", "calls", "connections", "deliveries", "follow_ups", "heartbeats", "instances",
    "invitations", "metadata", "notifications", "people", "sessions", "story", "throttles", "tokens", "users",
]  # fmt: skip

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
    Column("intake", String(16), nullable=False, default="webhook"),  # or "poll"
    Column("added_at", Moment, nullable=False, default=now),
    Column("state", String(40)),  # GREEN-API's word for how the account stands, as last heard
    Column("state_at", Moment),
    Column("heard_at", Moment),  # when anything at all came from GREEN-API for it; written once a minute at most
    Column("refused_at", Moment),  # when a notification that named it was last answered 401
    Column("refused", Integer, nullable=False, default=0),  # how many were
    Column("restarting_until", Moment),  # until then it may be starting because we changed its settings
    Column("lookup_at", Moment),  # no getContactInfo before this
    Column("lookups_until", Moment),  # the end of the queue of calls that wait for one
    Column("contacts_at", Moment),  # when its address book was read
    Column("poller", String(120)),  # who polls, and until when nobody else may
    Column("poll_until", Moment),
    Column("poll_reason", Text),  # why polling does not work at the moment
    Column("journal_until", Moment),  # how far its journal has been read
    Column("journal_due", Moment),
    Column("journal_reason", Text),  # why its journal is not read
    Column("version", Integer, nullable=False),
    Column("removed_at", Moment),
    Index("ix_instances_name", "name", unique=True, **only_where("removed_at IS NULL")),
    Index("ix_instances_id_instance", "id_instance", unique=True, **only_where("removed_at IS NULL")),
)

connections = Table(
    "connections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("position", Integer, nullable=False),  # the order of the file
    Column("connector", String(80), nullable=False),
    Column("settings", Text, nullable=False),  # encrypted
    Column("memory", Text),  # encrypted; what its connector keeps by itself
    Column("memory_lease_until", Moment),  # set while somebody is renewing that
    Column("instances", JSON(none_as_null=True)),  # names, or NULL for all of them
    Column("policy", String(16), nullable=False),
    Column("language", String(8), nullable=False),
    Column("timezone", String(64)),  # NULL: the instance's
    Column("template", Text),  # NULL: the language's own
    Column("labels", JSON(none_as_null=True)),  # {status: words} in place of the language's own
    Column("paused_by", String(16)),
    Column("reason", Text),
    Column("probe_at", Moment),  # when to look whether what it was paused for has passed
    Column("rests_until", Moment),  # nothing is told before this: it asked for a pause, or does not answer
    Column("broken_for", Integer),  # seconds that its breaker was last opened for; NULL: it is closed
    Column("version", Integer, nullable=False),
    Column("removed_at", Moment),
    Index("ix_connections_name", "name", unique=True, **only_where("removed_at IS NULL")),
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
    Column("policies", JSON(none_as_null=True)),  # [connection, policy] of everybody who might hear of it, at intake
    Index("ix_calls_started_at", "started_at"),
    Index("ix_calls_ringing", "received_at", **only_where("status = 'ringing'")),
    Index("ix_calls_chat_ringing", "instance_id", "chat_id", **only_where("status = 'ringing'")),
    Index("ix_calls_name_due", "name_due", **only_where("name_due IS NOT NULL")),
    Index("ix_calls_chat_id", "chat_id"),
    Index("ix_calls_chat_name_due", "instance_id", "chat_id", **only_where("name_due IS NOT NULL")),
    Index("ix_calls_answered", "instance_id", "chat_id", "started_at", **only_where("status = 'answered'")),
    Index("ix_calls_missed", "started_at", **only_where("status IN ('missed', 'dropped')")),
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
    Index("ix_notifications_instance_id_received_at", "instance_id", "received_at"),
    Index("ix_notifications_alerts", "instance_id", "received_at", **only_where("verdict = 'alert'")),
    Index("ix_notifications_unread", "received_at", **only_where("verdict = 'unread'")),
)

callers = Table(
    "callers",
    metadata,
    Column("instance_id", ForeignKey("instances.id"), primary_key=True),
    Column("chat_id", Text, primary_key=True),
    Column("phone_chat", Text),  # the @c.us chat of one that hides its number, where it is known
    Column("contact_name", Text),
    Column("name", Text),
    Column("contact_name_folded", Text),  # both names as searches compare them: SQLite knows the case of ASCII alone
    Column("name_folded", Text),
    Column("checked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id"), nullable=False),
    Column("chat_id", Text, nullable=False),
    Column("person", JSON(none_as_null=True)),  # NULL: the system knows nobody of that number
    Column("name_folded", Text),  # its name, as searches compare it
    Column("checked_at", Moment),
    Column("expires_at", Moment),
    Column("due_at", Moment),  # when the system is to be asked; NULL while it need not be
    Column("asked_at", Moment),  # set while somebody is asking, who has until due_at to come back
    UniqueConstraint("connection_id", "chat_id"),
    Index("ix_people_due_at", "due_at", **only_where("due_at IS NOT NULL")),
    Index("ix_people_chat_id", "chat_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("connection_id", ForeignKey("connections.id"), nullable=False),
    Column("chat_id", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("policy", String(16), nullable=False),  # the one by which `owes` was decided
    Column("owes", String(16), nullable=False),
    Column("told", String(16)),
    Column("due_at", Moment),
    Column("rung_at", Moment),  # when its message was last put on the queue
    Column("lease_until", Moment),
    Column("leased_by", Text),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),  # attempts in a row that ended with their worker
    Column("failing_since", Moment),
    Column("failed_for", Integer),  # seconds of failing before it was held: that clock stands still meanwhile
    Column("withdrawn", Boolean),  # NULL: no popup to take away; False: one is; True: it was taken away
    Column("unsure", Boolean, nullable=False),
    Column("receipt", JSON(none_as_null=True)),
    Column("reason", Text),
    UniqueConstraint("call_id", "connection_id"),
    Index("ix_deliveries_due_at", "due_at", **only_where("state = 'due'")),
    Index("ix_deliveries_leased", "connection_id", "chat_id", **only_where("lease_until IS NOT NULL")),
    Index("ix_deliveries_open", "connection_id", "state", **only_where("state IN ('due', 'held')")),
    Index("ix_deliveries_failed", "connection_id", **only_where("state = 'failed'")),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("connection_id", Integer),  # the delivery's, again: a breaker looks at the last attempts of a connection
    Column("fence", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),  # NULL: the worker never came back, so what became of it is not known
    Column("outcome", String(16)),
    Column("reason", Text),
    Column("took_ms", Integer),
    Index("ix_attempts_connection_id_id", "connection_id", "id"),
)

story = Table(
    "story",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False, index=True),
    Column("connection_id", ForeignKey("connections.id")),
    Column("at", Moment, nullable=False),
    Column("what", String(16), nullable=False),
    Column("detail", JSON, nullable=False),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("at", Moment, nullable=False),
)
