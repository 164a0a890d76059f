"""The schema's history ends where the tables say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import DateTime, Integer, MetaData, String, column, create_engine, select, table, text

from bridge.settings import Settings
from bridge.store import migrate, open_store
from bridge.store.tables import attempts, callers, instances, metadata, people

attempts_before = table(
    "attempts", column("id", Integer), column("delivery_id", Integer), column("fence", Integer),
    column("status", String), column("started_at", DateTime), column("ended_at", DateTime),
)  # fmt: skip


def config(db=None):
    made = Config()
    made.set_main_option("script_location", "bridge.store:migrations")
    made.attributes["connection"] = db
    return made


def test_the_migrations_make_the_tables(store):
    with store.read() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []


def test_the_newest_revision_is_the_one_that_is_written_down():
    assert ScriptDirectory.from_config(config()).get_current_head() == migrate.HEAD


def test_what_an_older_release_stored_is_taken_along(tmp_path):
    old = create_engine(f"sqlite:///{tmp_path}/ringbridge.sqlite3")
    with old.begin() as db:
        command.upgrade(config(db), "0001")
        for statement in (
            "INSERT INTO instances VALUES (1, 'support', '7103', 'https://a', '', 1, '[]', 'UTC', NULL, NULL, 1, NULL)",
            "INSERT INTO connections VALUES (1, 'sales', 0, 'webhook', '', NULL, 'result', NULL, NULL, 1, NULL)",
            "INSERT INTO calls (id, key, instance_id, chat_id, direction, status, source, late, started_at,"
            " received_at)"
            " VALUES (1, '7103-C1', 1, '1@c.us', 'incoming', 'missed', 'webhook', 0, '2026-11-20', '2026-11-20')",
            "INSERT INTO deliveries (id, call_id, connection_id, chat_id, state, owes, fence, attempts, unsure)"
            " VALUES (1, 1, 1, '1@c.us', 'due', 'missed', 0, 0, 0)",
        ):
            db.execute(text(statement))
    old.dispose()
    store = open_store(Settings(data_dir=tmp_path))

    assert migrate.migrate(store) is True

    with store.read() as db:
        assert db.execute(text("SELECT policy, deaths FROM deliveries")).one() == ("result", 0)
        assert db.execute(text("SELECT language FROM connections")).scalar() == "en"
        taken = db.execute(select(instances.c.intake, instances.c.refused, instances.c.added_at)).one()
    assert taken[:2] == ("webhook", 0)
    assert abs(datetime.now(UTC) - taken.added_at) < timedelta(minutes=5)
    store.close()


def test_names_that_are_known_already_can_be_searched(postgres_url, tmp_path):
    database = f"names_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {database}")
    on_postgres = postgres_url.replace("postgresql://", "postgresql+psycopg://").replace("/postgres", f"/{database}")
    for url in (f"sqlite:///{tmp_path}/ringbridge.sqlite3", on_postgres):
        old = create_engine(url)
        with old.begin() as db:
            command.upgrade(config(db), "0006")
            before = MetaData()
            before.reflect(db)
            rows = before.tables
            db.execute(rows["instances"].insert(), _row(rows["instances"]))
            db.execute(rows["connections"].insert(), _row(rows["connections"]))
            chats = [
                {"chat_id": "1", "contact_name": "ЁЖ", "name": None},
                {"chat_id": "2", "contact_name": None, "name": "Zoë"},
            ]
            db.execute(rows["callers"].insert(), [{**_row(rows["callers"]), **one} for one in chats])
            persons = [
                {"id": 1, "chat_id": "1", "person": {"name": "Straße"}},
                {"id": 2, "chat_id": "2", "person": None},
            ]
            for one in persons:
                db.execute(rows["people"].insert(), {**_row(rows["people"]), **one})
            command.upgrade(config(db), "head")
            names = select(callers.c.contact_name_folded, callers.c.name_folded).order_by(callers.c.chat_id)
            assert db.execute(names).all() == [("еж", None), (None, "zoe")]
            assert db.execute(select(people.c.name_folded).order_by(people.c.id)).scalars().all() == ["strasse", None]
        old.dispose()


def _row(table):
    """Values for the columns that must have one."""
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    kinds = {int: 1, float: 1.0, str: "x", bool: False, datetime: moment, dict: {}}
    needed = (column for column in table.columns if not column.nullable)
    return {one.name: kinds.get(one.type.python_type, {}) for one in needed}


def test_only_attempts_that_a_breaker_looks_at_are_written_anew(tmp_path):
    old = create_engine(f"sqlite:///{tmp_path}/ringbridge.sqlite3")
    now = datetime.now(UTC).replace(tzinfo=None)
    ended = {1: now - timedelta(days=1), 2: now - timedelta(seconds=30), 3: None}
    with old.begin() as db:
        command.upgrade(config(db), "0002")
        for statement in (
            "INSERT INTO instances VALUES (1, 'support', '7103', 'https://a', '', 1, '[]', 'UTC', NULL, NULL, 1, NULL)",
            "INSERT INTO connections (id, name, position, connector, settings, policy, version)"
            " VALUES (5, 'sales', 0, 'webhook', '', 'result', 1)",
            "INSERT INTO calls (id, key, instance_id, chat_id, direction, status, source, late, started_at,"
            " received_at)"
            " VALUES (1, '7103-C1', 1, '1@c.us', 'incoming', 'missed', 'webhook', 0, '2026-11-20', '2026-11-20')",
            "INSERT INTO deliveries (id, call_id, connection_id, chat_id, state, owes, fence, attempts, unsure)"
            " VALUES (1, 1, 5, '1@c.us', 'due', 'missed', 0, 0, 0)",
        ):
            db.execute(text(statement))
        for number, moment in ended.items():
            row = {"id": number, "delivery_id": 1, "fence": number, "status": "missed", "started_at": now}
            db.execute(attempts_before.insert(), {**row, "ended_at": moment})
    old.dispose()
    store = open_store(Settings(data_dir=tmp_path))
    migrate.migrate(store)

    with store.read() as db:
        found = db.execute(select(attempts.c.id, attempts.c.connection_id).order_by(attempts.c.id)).all()
    assert found == [(1, None), (2, 5), (3, 5)]
    store.close()
