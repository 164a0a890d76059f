"""One sentence for each fault, on stderr, and exit code 1. Never a traceback."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import DBAPIError

from bridge.descriptions import ConfigError
from bridge.settings import SettingsError
from bridge.store import StoreUnavailable
from bridge.store.secrets import SecretKeyError
from connectors.kit import DuplicateConnector

EXPECTED = (SettingsError, StoreUnavailable, SecretKeyError, ConfigError, DuplicateConnector)


@contextmanager
def told_in_one_sentence() -> Iterator[None]:
    """Whoever gave the command reads what happened and what to do next. Raises click.ClickException."""
    try:
        yield
    except EXPECTED as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException("The port is in use; choose another with --port.") from None
        if error.errno == errno.EPIPE:
            raise  # click leaves quietly when nobody reads on
        raise click.ClickException(f"{error.strerror or error}.") from None
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise click.ClickException(f"The store refused: {reason}") from None
