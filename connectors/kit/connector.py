"""The contract between the bridge and the code for one system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from connectors.kit.call import Call, Known, Policy, Receipt
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
    requests: ClassVar[int] = 1
    """How many requests a typical attempt makes."""

    @abstractmethod
    def check(self) -> None:
        """Prove by the cheapest call that the settings work; return nothing, raise the reason."""

    @abstractmethod
    def deliver(self, call: Call, known: Known) -> Receipt | None:
        """Make the system know how the call stands. Safe to repeat. None keeps the receipt that is stored."""
