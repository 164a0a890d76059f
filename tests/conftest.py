"""What many tests stand on: real databases and brokers, a store in each of them, and a bridge without a network."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from lacking import lacking
from servers import Missing, own_postgres, own_redis, postgres_server, redis_server
from sqlalchemy import func, select

from bridge import logs
from bridge.settings import Settings
from bridge.store import migrate, open_store
from bridge.store.tables import metadata
from tasks.main import main

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 20, 14, 3, 12, tzinfo=UTC)


SLOW = [
    *(HERE / path for path in ("browser", "test_flow.py", "test_secrets.py", "tasks/test_demo.py", "bridge/web/api")),
    *(HERE / "faults" / f"test_{name}.py" for name in ("crash_loop", "bitrix24", "hubspot", "revoked_credentials")),
]
LONG = [HERE / "faults", HERE / "browser" / "test_every_page.py", HERE / "bridge/web/api/test_schemathesis.py"]


def pytest_ignore_collect(collection_path, config):
    """What takes minutes runs in CI, and where somebody names it."""
    asked_for = os.environ.get("CI") or any(collection_path.stem in argument for argument in config.args)
    return True if collection_path in LONG and not asked_for else None


@pytest.hookimpl(trylast=True)  # the order is random before it
def pytest_collection_modifyitems(items):
    """What takes longest begins first, and is not left for the end, where other processes have nothing to do."""
    items.sort(key=lambda item: not any(item.path.is_relative_to(slow) for slow in SLOW))


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    """No test sees the settings of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("RINGBRIDGE_")]:
        monkeypatch.delenv(name)


class _Canaries(logging.Handler):
    """Reads every line as the log would have it, and keeps those with a planted secret: tests call theirs `canary…`."""

    def __init__(self) -> None:
        super().__init__()
        self.form = logs._Text()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.form.format(record)
        if "canary" in line:
            self.found.append(line)


_canaries = _Canaries()


@pytest.fixture(autouse=True)
def secret_lines(caplog):
    """Whatever a test does, nothing that it logs at DEBUG holds a secret. Holds the lines that do."""
    caplog.handler.setLevel(logging.WARNING)  # what tests look at themselves is what a log would hold by default
    root = logging.getLogger()
    level = root.level
    root.addHandler(_canaries)
    root.setLevel(logging.DEBUG)
    _canaries.found.clear()
    yield _canaries.found
    root.removeHandler(_canaries)
    root.setLevel(level)
    assert _canaries.found == []


@pytest.fixture(scope="session")
def postgres_url():
    with ExitStack() as stack:
        yield _started(stack, postgres_server)


@pytest.fixture(scope="session")
def redis_url():
    with ExitStack() as stack:
        yield _started(stack, redis_server)


@pytest.fixture(name="own_postgres")
def _own_postgres():
    """A PostgreSQL for one test alone, which may stop and start it."""
    with ExitStack() as stack:
        yield _started(stack, own_postgres)


@pytest.fixture(name="own_redis")
def _own_redis():
    """A Redis for one test alone, which may stop and start it."""
    with ExitStack() as stack:
        yield _started(stack, own_redis)


def _started(stack: ExitStack, server):
    try:
        return stack.enter_context(server())
    except Missing as missing:
        lacking(missing)


@pytest.fixture(scope="session")
def _postgres_store(postgres_url):
    settings = Settings(database_url=postgres_url, secret_key=Fernet.generate_key().decode())
    store = open_store(settings)
    migrate.migrate(store)
    yield store
    store.close()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory):
    """A data directory as it is after a first start, to be copied: that is much faster than starting anew."""
    folder = tmp_path_factory.mktemp("empty") / "data"
    store = open_store(Settings(data_dir=folder))
    migrate.migrate(store)
    store.close()
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """An empty store with a current schema, on each database."""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("empty_sqlite"), tmp_path / "data")
        store = open_store(Settings(data_dir=tmp_path / "data"))
        yield store
        store.close()
        return
    store = request.getfixturevalue("_postgres_store")
    yield store
    with store.engine.begin() as db:  # a TRUNCATE takes ten times as long
        for table in reversed(metadata.sorted_tables):
            db.execute(table.delete())
        db.execute(select(*(func.setval(sequence, 1, False) for sequence in _sequences())))


def _sequences():
    """The sequences behind the ids, so that each test begins with the first."""
    return [f"{table.name}_id_seq" for table in metadata.sorted_tables if "id" in table.primary_key.columns]


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
        deadlocks = admin.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = %s", [name]).fetchone()
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert deadlocks == (0,), "transactions waited for each other: whoever was rolled back came a second late"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs one command in a data directory of its own."""
    monkeypatch.setenv("RINGBRIDGE_DATA_DIR", str(tmp_path / "data"))
    root = logging.getLogger()
    before = root.handlers[:], root.level
    for place, hook in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(place, hook, getattr(place, hook))  # a command sets them; this puts them back

    def run(*arguments, stdin="", **environment):
        arguments = [str(one) for one in arguments]
        return CliRunner().invoke(main, arguments, input=stdin, env=environment, catch_exceptions=False)

    yield run
    logging.captureWarnings(capture=False)
    root.handlers[:] = before[0]
    root.setLevel(before[1])
