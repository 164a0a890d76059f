"""Tables behind the pages: people, how they sign in, what they changed, and whom they called back."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from bridge.store.columns import Moment, metadata, only_where

follow_ups = Table(
    "follow_ups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("instance_id", ForeignKey("instances.id"), nullable=False),
    Column("chat_id", Text, nullable=False),
    Column("claimed_by", String(80)),  # who is calling back; NULL where nobody had said so before it was done
    Column("claimed_at", Moment),
    Column("done_by", String(80)),
    Column("done_at", Moment),  # NULL while it is open
    Column("done_through", Moment),  # missed calls of this chat up to this moment are done with
    Index("ix_follow_ups_open", "instance_id", "chat_id", unique=True, **only_where("done_at IS NULL")),
    Index("ix_follow_ups_done", "instance_id", "chat_id", "done_through"),
    Index("ix_follow_ups_done_at", "done_at"),
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False),  # in small letters
    Column("password_hash", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("language", String(8)),  # NULL: the browser's
    Column("created_at", Moment, nullable=False),
    Column("removed_at", Moment),
    Index("ix_users_name", "name", unique=True, **only_where("removed_at IS NULL")),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("removed_at", Moment),
    Index("ix_tokens_name", "name", unique=True, **only_where("removed_at IS NULL")),
)

throttles = Table(
    "throttles",
    metadata,
    Column("key", String(64), primary_key=True),  # a hash: of an account and where it was tried from
    Column("failures", Integer, nullable=False),
    Column("until", Moment, nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("made_at", Moment, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", String(120), nullable=False),
    Column("what", String(40), nullable=False),
    Column("about", Text),
    Column("detail", JSON, nullable=False),
)
