"""`ringbridge web`: the intake as a process of its own, beside workers and beat."""

from __future__ import annotations

import logging
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from bridge.cli import opened, welcome
from bridge.cli.options import host, port
from bridge.web import create_app, gthread

_THREADS = 16
log = logging.getLogger(__name__)
_CONNECTIONS = 800  # at once, in each process; many systems give a process 1024 files


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, told by us instead of by a file. The application is made in each worker, after the fork."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._given = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._given.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(opened.running(opened.environment()))


@click.command()
@host
@port
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64), help="How many to fork.")
def web(host: str, port: int, processes: int) -> None:
    """Answer GREEN-API's notifications; workers and beat run elsewhere."""
    read = opened.environment()
    if read.broker_url is None:
        log.warning("no broker: RINGBRIDGE_BROKER_URL is not set, so nobody is told of what is taken here")
    service = opened.running(read)  # waits for the schema, and says what is wrong before anything is forked
    welcome.first_one(service, host, port)
    service.store.close()
    options = {
        "bind": f"{host}:{port}",
        "workers": processes,
        "worker_class": gthread.Worker,
        "logger_class": gthread.Log,
        "threads": _THREADS,
        "worker_connections": _CONNECTIONS,
        "timeout": 60,
        "graceful_timeout": 10,
        "keepalive": 75,
        "loglevel": read.log_level.lower(),
        "forwarder_headers": "",  # SCRIPT_NAME from whoever comes through a proxy that hands it on would be an error
        "proc_name": "ringbridge-web",
        "control_socket_disable": True,
    }
    _Gunicorn(options).run()
