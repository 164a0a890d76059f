"""Instances and connections as every request needs them: held in memory, and read again soon after they change."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from bridge import connections, instances, secrecy
from bridge.connections import Connection
from bridge.instances import Instance
from bridge.store import Store, StoreUnavailable
from bridge.store.secrets import SecretKeyError
from connectors.kit import Registry

log = logging.getLogger(__name__)

_LOOK_AGAIN = 1.0  # seconds; a change is promised to be taken up within 5
_SCHEMES = ("bearer", "basic")


@dataclass(frozen=True)
class Snapshot:
    """Everything configured, as of one version."""

    version: int
    by_id_instance: dict[str, Instance]
    by_id: dict[int, Instance]
    connections: list[Connection]
    tokens: Tokens

    def connections_of(self, instance: Instance) -> list[Connection]:
        """Those that may hear of this instance's calls, in the order of the file."""
        return [connection for connection in self.connections if connection.hears(instance.name)]


class Tokens:
    """Which instances a notification's Authorization header speaks for.

    Tokens are compared by a keyed digest, so that the time it takes tells nothing about them, however many there are.

    Source: https://green-api.com/en/docs/api/receiving/technology-webhook-endpoint/
    """

    def __init__(self, configured: list[tuple[str, Instance]]) -> None:
        self._key = os.urandom(32)
        self._known: defaultdict[bytes, list[tuple[str | None, str]]] = defaultdict(list)
        for token, instance in configured:
            scheme, rest = _parted(token.encode())
            if not rest:  # no header at all must never speak for anybody
                continue
            self._known[self._digest(rest)].append((scheme, instance.config.id_instance))
            # Credentials may be configured as user:password and arrive encoded.
            if b":" in rest and scheme != "bearer":
                self._known[self._digest(base64.b64encode(rest))].append(("basic", instance.config.id_instance))

    def instances(self, header: str | None) -> frozenset[str]:
        """The idInstance of each account that this header is accepted for; empty where there is none.

        One leading scheme is taken off both sides; where both name one, they must be the same.
        """
        scheme, rest = _parted((header or "").encode("latin-1", "replace"))
        known = self._known.get(self._digest(rest), ())
        return frozenset(owner for named, owner in known if not (scheme and named) or scheme == named)

    def _digest(self, token: bytes) -> bytes:
        return hmac.digest(self._key, token, hashlib.sha256)


def _parted(value: bytes) -> tuple[str | None, bytes]:
    first, *rest = value.split(None, 1) or [b""]
    name = first.decode("ascii", "replace").lower()
    return (name, rest[0].strip()) if name in _SCHEMES and rest else (None, value.strip())


class Directory:
    """Hands out the newest snapshot, looking for changes at most once a second."""

    def __init__(
        self, store: Store, clock: Callable[[], float] = time.monotonic, registry: Registry | None = None
    ) -> None:
        self._store = store
        self._registry = registry or Registry()
        self._clock = clock
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._looked = 0.0

    def current(self) -> Snapshot:
        """Raises StoreUnavailable, SecretKeyError."""
        snapshot = self._snapshot
        if snapshot is not None and self._clock() - self._looked < _LOOK_AGAIN:
            return snapshot
        # One thread looks; the others go on with what there is.
        if not self._lock.acquire(blocking=snapshot is None):
            return snapshot  # type: ignore[return-value]  # it is not None: then the lock would have been waited for
        try:
            return self._refreshed()
        except (StoreUnavailable, SecretKeyError) as error:
            if snapshot is None:
                raise
            self._looked = self._clock()
            log.warning("the configuration could not be read again", extra={"reason": str(error)})
            return snapshot  # what was true a second ago is the best there is
        finally:
            self._lock.release()

    def _refreshed(self) -> Snapshot:
        with self._store.read() as db:
            version = instances.newest_version(db)
            if self._snapshot is None or version != self._snapshot.version:
                found = instances.active(db, self._store.secrets)
                told = connections.active(db, self._store.secrets)
                self._keep_secret(found, told)
                self._snapshot = Snapshot(
                    version=version,
                    by_id_instance={instance.config.id_instance: instance for instance in found},
                    by_id={instance.id: instance for instance in found},
                    connections=[connections.able(self._registry, one) for one in told],
                    tokens=Tokens([(token, one) for one in found for token in one.config.webhook_tokens]),
                )
        self._looked = self._clock()
        return self._snapshot

    def _keep_secret(self, found: list[Instance], told: list[Connection]) -> None:
        for one in found:
            secrecy.keep_tokens([one.config.api_token, *one.config.webhook_tokens])
        for connection in told:
            secrecy.keep_settings(self._registry, connection.config.connector, connection.config.settings)
