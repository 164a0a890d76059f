"""Finds connectors by their entry points, and loads each when it is first used."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from connectors.kit.connector import Connector

GROUP = "ringbridge.connectors"


class UnknownConnector(LookupError):
    """No installed package brings a connector of this name."""


class BrokenConnector(Exception):
    """The connector is installed and does not load; the others go on working."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The connector {name} does not load: {reason}")
        self.name = name
        self.reason = reason


class DuplicateConnector(Exception):
    """Two packages claim one name: neither may win by chance."""


class Registry:
    """The connectors that are installed. Listing them imports nothing; thread-safe."""

    def __init__(self, found: Iterable[EntryPoint] | None = None) -> None:
        """Raises DuplicateConnector, naming both packages."""
        self._entries: dict[str, EntryPoint] = {}
        self._loaded: dict[str, type[Connector] | BrokenConnector] = {}
        for entry in entry_points(group=GROUP) if found is None else found:
            other = self._entries.setdefault(entry.name, entry)
            # One package may be listed twice, as installed and as a checkout; that is no contradiction.
            if (_package(other), other.value) != (_package(entry), entry.value):
                packages = " and ".join(sorted((_package(other), _package(entry))))
                raise DuplicateConnector(
                    f"Two packages bring a connector named {entry.name}: {packages}. Remove one of them."
                )

    def names(self) -> list[str]:
        """The names of all connectors, those that would not load included."""
        return sorted(self._entries)

    def package(self, name: str) -> str:
        """Which distribution brings this connector."""
        return _package(self._entry(name))

    def load(self, name: str) -> type[Connector]:
        """The connector's class. Raises UnknownConnector or BrokenConnector."""
        loaded = self._loaded.get(name)
        if loaded is None:
            loaded = self._loaded.setdefault(name, _load(self._entry(name)))
        if isinstance(loaded, BrokenConnector):
            raise BrokenConnector(name, loaded.reason) from loaded.__cause__
        return loaded

    def _entry(self, name: str) -> EntryPoint:
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(self.names()) or "none"
            raise UnknownConnector(f"There is no connector named {name!r}. Known: {known}.") from None


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unnamed package"


def _load(entry: EntryPoint) -> type[Connector] | BrokenConnector:
    try:
        loaded = entry.load()
    except Exception as error:  # noqa: BLE001 - foreign code may fail in any way while it is imported
        broken = BrokenConnector(entry.name, f"{type(error).__name__}: {error}")
        broken.__cause__ = error
        return broken
    if not (isinstance(loaded, type) and issubclass(loaded, Connector)):
        return BrokenConnector(entry.name, f"{entry.value} is not a Connector.")
    for attribute in ("title", "Settings", "on_unsure"):
        if not hasattr(loaded, attribute):
            return BrokenConnector(entry.name, f"{entry.value} does not say its {attribute}.")
    return loaded
