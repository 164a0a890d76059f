"""What many tests stand on: real databases and brokers, a store in each of them, and a bridge without a network."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from servers import Missing, postgres_server, redis_server
from sqlalchemy import text

from bridge.settings import Settings
from bridge.store import migrate, open_store
from bridge.store.tables import metadata
from tasks.main import main

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 20, 14, 3, 12, tzinfo=UTC)


def pytest_ignore_collect(collection_path, config):
    """The fault proofs take minutes: they run in CI, and where somebody names their folder."""
    asked_for = os.environ.get("CI") or any("faults" in argument for argument in config.args)
    return True if collection_path == HERE / "faults" and not asked_for else None


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    """No test sees the settings of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("RINGBRIDGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres_url():
    with ExitStack() as stack:
        yield _started(stack, postgres_server)


@pytest.fixture(scope="session")
def redis_url():
    with ExitStack() as stack:
        yield _started(stack, redis_server)


def _started(stack: ExitStack, server) -> str:
    try:
        return stack.enter_context(server())
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"{missing}, and a run in CI skips nothing")
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def _postgres_store(postgres_url):
    settings = Settings(database_url=postgres_url, secret_key=Fernet.generate_key().decode())
    store = open_store(settings)
    migrate.migrate(store)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """An empty store with a current schema, on each database."""
    if request.param == "sqlite":
        store = open_store(Settings(data_dir=tmp_path / "data"))
        migrate.migrate(store)
        yield store
        store.close()
        return
    store = request.getfixturevalue("_postgres_store")
    yield store
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with store.engine.begin() as db:
        db.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture
def now():
    return NOW


@pytest.fixture(params=["embedded", "split"])
def shape(request):
    """The addresses that make a shape of running bridge: None for the embedded default, or PostgreSQL and Redis."""
    if request.param == "embedded":
        yield None
        return
    postgres_url, redis_url = (request.getfixturevalue(name) for name in ("postgres_url", "redis_url"))
    name = f"road_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    yield {
        "RINGBRIDGE_DATABASE_URL": postgres_url.replace("/postgres", f"/{name}"),
        "RINGBRIDGE_BROKER_URL": redis_url,
        "RINGBRIDGE_SECRET_KEY": Fernet.generate_key().decode(),
    }
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs one command in a data directory of its own."""
    monkeypatch.setenv("RINGBRIDGE_DATA_DIR", str(tmp_path / "data"))
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def run(*arguments, stdin="", **environment):
        arguments = [str(one) for one in arguments]
        return CliRunner().invoke(main, arguments, input=stdin, env=environment, catch_exceptions=False)

    yield run
    root.handlers[:] = before[0]
    root.setLevel(before[1])
