"""The doorbell: what it says of a broker that is away, and what it rings with."""

from __future__ import annotations

import time

import pytest
from kombu.exceptions import OperationalError
from servers import free_port, redis_server

from bridge import queue
from bridge.queue import Queue, celery_app
from bridge.settings import Settings
from tasks.hearing import DEAF_AFTER


def test_a_broker_that_is_away_is_said_once_and_that_it_is_back_once(caplog, monkeypatch):
    caplog.set_level("INFO", "bridge.queue")
    monkeypatch.setattr(queue, "_DEAF_FOR", 0.0)
    with redis_server() as address:
        back = Queue(celery_app(Settings(broker_url=address)))
        away = Queue(celery_app(Settings(broker_url=f"redis://127.0.0.1:{free_port()}/0")))
        for _ in range(3):
            away.sweep()
        away.app = back.app
        for _ in range(3):
            away.deliver(7, ringing=True)
        back.app.pool.force_close_all()

    assert [record.message for record in caplog.records] == [
        "the broker cannot be reached; what is due waits in the store",
        "the broker is back",
    ]


def test_a_broker_that_refuses_holds_nobody_up():
    away = Queue(celery_app(Settings(broker_url=f"redis://127.0.0.1:{free_port()}/0")))
    began = time.monotonic()
    away.deliver(7, ringing=True)

    assert time.monotonic() - began < 2  # it is not tried again while somebody waits


def test_a_connection_that_is_dead_but_not_closed_is_found_before_its_worker_is_called_deaf():
    options = celery_app(Settings(broker_url="redis://127.0.0.1/0")).conf.broker_transport_options
    brpop = 1  # second, kombu's own
    found = brpop + 2 * options["health_check_interval"] + options["socket_timeout"]

    assert found <= DEAF_AFTER
    assert options["socket_timeout"] > brpop


def test_a_worker_looks_every_few_seconds_for_a_broker_that_is_away(monkeypatch):
    waited = []
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _: None)
    app = celery_app(Settings(broker_url=f"redis://127.0.0.1:{free_port()}/0"))
    with app.connection_for_read() as connection, pytest.raises(OperationalError):
        connection.ensure_connection(lambda _error, seconds: waited.append(seconds), max_retries=8)

    assert len(waited) == 8
    assert max(waited) <= 5
