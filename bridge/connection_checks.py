"""What is wrong with a connection: its connector is asked, and whatever comes of that is put into findings."""

from __future__ import annotations

from datetime import datetime

from bridge import audit
from bridge.connections import Connection, Live
from bridge.redaction import without_secrets
from bridge.store import Store
from connectors.kit import (
    BrokenConnector,
    ConnectorError,
    Finding,
    RateLimited,
    Rejected,
    Retryable,
    Unauthorized,
    UnknownConnector,
    attempt_budget,
)

_KINDS: tuple[type[ConnectorError], ...] = (RateLimited, Retryable, Rejected, Unauthorized, ConnectorError)
_PATIENCE = 30.0  # seconds: somebody is looking at it


def check(live: Live, connection: Connection) -> list[Finding]:
    """What is wrong; nothing is changed anywhere."""
    return _findings(live, connection, fix=False)


def mend(store: Store, live: Live, connection: Connection, who: str, now: datetime) -> list[Finding]:
    """Have its connector mend there what can be mended, and return what is left."""
    left = _findings(live, connection, fix=True)
    ids = [one.id for one in left]
    store.write(lambda db: audit.record(db, now, who, "connection.mended", about=connection.name, left=ids))
    return left


def _findings(live: Live, connection: Connection, *, fix: bool) -> list[Finding]:
    try:
        with attempt_budget(_PATIENCE):
            connector = live.connect(connection.id, connection.version)
            connector.check()
            return list(connector.findings(fix)) if hasattr(connector, "findings") else []
    except (BrokenConnector, UnknownConnector) as error:
        return [Finding("connector-broken", without_secrets(str(error)), "Mend or reinstall its package.")]
    except ConnectorError as error:
        # By the word that the bridge knows, not by a connector's own: an id is for scripts, and stays.
        kind = next(kind for kind in _KINDS if isinstance(error, kind)).__name__.lower()
        passes = isinstance(error, Retryable) and (error.sent or isinstance(error, RateLimited))
        step = "It may pass: wait a minute, and check again." if passes else "Mend that, and check again."
        return [Finding(f"check-{kind}", without_secrets(error.reason), step)]
    except Exception as error:  # noqa: BLE001  others' code; what it says may hold a secret
        text = f"The connector {connection.config.connector} failed unexpectedly ({type(error).__name__})."
        return [Finding("connector-failed", text, "Tell its author.")]
