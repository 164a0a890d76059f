"""What a connector does beside answering: what it logs, whether it sleeps, what it keeps."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from connectors.kit.connector import Connector


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said += [self.format(record), repr(vars(record))]


@contextmanager
def listening() -> Iterator[list[str]]:
    """All that is logged inside the block, extra fields and tracebacks included."""
    root, ear = logging.getLogger(), _Ear()
    level, silenced = root.level, root.manager.disable
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    logging.disable(logging.NOTSET)
    try:
        yield ear.said
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
        logging.disable(silenced)


@contextmanager
def naps_in(module: str) -> Iterator[list[float]]:
    """What this thread would have slept inside the block; it does not."""
    naps: list[float] = []
    here, really_sleep = threading.get_ident(), time.sleep

    def sleep(seconds: float) -> None:
        if threading.get_ident() == here:
            naps.append(seconds)
        else:
            really_sleep(seconds)

    imported = vars(sys.modules[module])
    with ExitStack() as patches:
        patches.enter_context(patch.object(time, "sleep", sleep))
        for name in [name for name, value in imported.items() if value is really_sleep]:
            patches.enter_context(patch.dict(imported, {name: sleep}))
        yield naps


def state_of(connector: Connector) -> dict[str, tuple[int, str]]:
    """What the connector and its class hold: which objects, and what is in those that can change in place."""
    held = {**vars(type(connector)), **vars(connector)}
    return {
        name: (id(value), repr(value) if isinstance(value, (dict, list, set, bytearray)) else "")
        for name, value in held.items()
        if not name.startswith("__")
    }
