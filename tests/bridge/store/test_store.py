"""The same promises on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select, text

from bridge.settings import Settings
from bridge.store import StoreUnavailable, migrate, open_store
from bridge.store.tables import heartbeats


def add(name, at):
    return lambda db: db.execute(insert(heartbeats).values(name=name, at=at)) and None


def names(store):
    with store.read() as db:
        return sorted(db.execute(select(heartbeats.c.name)).scalars())


def test_what_was_written_is_there_for_others(store, now):
    store.write(add("a", now))

    assert names(store) == ["a"]


def test_a_moment_comes_back_as_it_went_in(store, now):
    store.write(add("a", now))

    with store.read() as db:
        assert db.execute(select(heartbeats.c.at)).scalar() == now


def test_a_function_that_raises_leaves_nothing_behind(store, now):
    def half(db):
        add("half", now)(db)
        raise LookupError("no")

    with pytest.raises(LookupError):
        store.write(half)

    assert names(store) == []


def test_one_failure_among_many_writers_takes_nobody_with_it(store, now):
    started = threading.Barrier(32)
    failed = []

    def write(number):
        def change(db):
            add(str(number), now)(db)
            if number % 4 == 0:
                raise LookupError(number)

        started.wait()
        try:
            store.write(change)
        except LookupError:
            failed.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(failed) == [number for number in range(32) if number % 4 == 0]
    assert names(store) == sorted(str(number) for number in range(32) if number % 4)


def test_migrating_twice_changes_nothing(store):
    assert migrate.migrate(store) is False


def test_many_processes_may_migrate_at_once(tmp_path):
    stores = [open_store(Settings(data_dir=tmp_path)) for _ in range(4)]
    changed = []
    threads = [threading.Thread(target=lambda one=one: changed.append(migrate.migrate(one))) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(changed) == [False, False, False, True]


def test_many_may_open_a_new_database_at_once(tmp_path):
    # It took one try in ten, with four of them, to have one refused as "database is locked".
    for turn in range(20):
        stores = [open_store(Settings(data_dir=tmp_path / str(turn))) for _ in range(4)]
        together = threading.Barrier(len(stores))

        def look(store, together=together):
            together.wait()
            with store.read() as db:
                return db.execute(text("PRAGMA journal_mode")).scalar()

        with ThreadPoolExecutor(len(stores)) as pool:
            assert list(pool.map(look, stores)) == ["wal"] * len(stores)
        for store in stores:
            store.close()


def test_a_newer_database_is_refused_in_words(store):
    store.write(lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")) and None)
    try:
        with pytest.raises(StoreUnavailable, match="Install the newer version"):
            migrate.migrate(store)
    finally:
        store.write(
            lambda db: (
                db.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": migrate.HEAD}) and None
            )
        )


def test_the_migrations_make_exactly_the_tables_of_the_code(store):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from bridge.store.tables import metadata

    with store.read() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []


def test_the_head_that_is_written_down_is_the_newest_revision():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "bridge.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_an_unreachable_database_is_one_sentence(tmp_path):
    store = open_store(Settings(database_url="postgresql://nobody@127.0.0.1:1/none", secret_key="k" * 32))

    with pytest.raises(StoreUnavailable, match=r"cannot be read: .*refused"):
        migrate.current(store)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_sqlite_syncs_each_commit_to_the_disk(store):
    with store.read() as db:
        assert db.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
        assert db.execute(text("PRAGMA journal_mode")).scalar() == "wal"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_full_disk_is_an_error_for_everybody_and_heals_by_itself(store, now):
    """SQLite rolls back by itself then; what came before in the group must not pass for stored."""
    with store.read() as db:
        pages = db.execute(text("PRAGMA page_count")).scalar()
    with store.engine.connect() as db:
        db.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
        db.commit()
    big = "x" * 200_000

    def too_big(db):
        db.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
        add("before", now)(db)
        db.execute(insert(heartbeats).values(name=big, at=now))

    with pytest.raises(StoreUnavailable):
        store.write(too_big)

    def heal(db):
        db.exec_driver_sql("PRAGMA max_page_count=1073741823")
        add("after", now)(db)

    store.write(heal)
    assert names(store) == ["after"]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_writer_that_cannot_connect_says_so_and_goes_on_when_it_can(store, now, tmp_path):
    database = tmp_path / "data" / "ringbridge.sqlite3"
    away = tmp_path / "away"
    store.close()
    (tmp_path / "data").rename(away)
    with pytest.raises(StoreUnavailable):
        store.write(add("lost", now))

    away.rename(tmp_path / "data")

    store.write(add("found", now))
    assert database.exists()
    assert names(store) == ["found"]
