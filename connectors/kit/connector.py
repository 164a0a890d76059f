"""The contract between the bridge and the code for one system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from connectors.kit.call import Call, Known, Policy, Rate, Receipt
from connectors.kit.http import Http
from connectors.kit.memory import Memory
from connectors.kit.settings import ConnectorSettings

OnUnsure = Literal["look", "repeat", "leave"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a connection, and the next step to mend it. `id` is stable."""

    id: str
    text: str
    next: str


class Connector(ABC):
    """The code for one system. Constructed as `cls(settings, http)`; stateless and thread-safe.

    One that `remembers` is constructed as `cls(settings, http, memory)`.

    A connector never retries, sleeps, opens its own HTTP session, reads the environment, or catches an error
    that it cannot name: the bridge does all that, the same way for every system. It may add three methods:

    - `withdraw(call, known) -> None`: take a popup away and write nothing;
    - `find_caller(phone) -> Person | None`: who this E.164 number belongs to, within a couple of seconds;
    - `findings(fix) -> list[Finding]`: what a check by hand adds to `check()`; changes things only if `fix`.
    """

    title: ClassVar[str]
    Settings: ClassVar[type[ConnectorSettings]]
    policy: ClassVar[Policy] = Policy.RESULT
    """What a new connection hears until an administrator chooses otherwise."""
    on_unsure: ClassVar[OnUnsure]
    """After an attempt that may have written: `look` first, `repeat` by key, or `leave` it (once at most)."""
    requests: int = 1
    """How many requests a typical attempt makes. Set it in `__init__` where it depends on the settings."""
    remembers: ClassVar[bool] = False
    """Whether it keeps something by itself, such as a token that changes with each use: see `Memory`."""
    rate: Rate | None = None
    """What the system allows, if it says so: an attempt begins only when all its `requests` fit in.

    Set it in `__init__` where it depends on the settings.
    """

    @abstractmethod
    def check(self) -> None:
        """Prove by the cheapest call that the settings work; return nothing, raise the reason."""

    @abstractmethod
    def deliver(self, call: Call, known: Known) -> Receipt | None:
        """Make the system know how the call stands. Safe to repeat. None keeps the receipt that is stored."""


def construct(kind: type[Connector], settings: ConnectorSettings, http: Http, memory: Memory) -> Connector:
    """A connector of this kind, given the memory only if it asks for one."""
    make: Any = kind  # the base declares no __init__, so that each connector names its own settings there
    connector: Connector = make(settings, http, memory) if kind.remembers else make(settings, http)
    return connector
