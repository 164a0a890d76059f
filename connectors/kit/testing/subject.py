"""What is on trial: a connector with settings and a stand-in, what it is asked, and what goes wrong meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from requests.adapters import BaseAdapter

from connectors.kit.call import Call, Caller, CallStatus, Known
from connectors.kit.connector import Connector, construct
from connectors.kit.http import Http
from connectors.kit.memory import Remembered
from connectors.kit.settings import ConnectorSettings
from connectors.kit.testing.notebook import Notebook
from connectors.kit.testing.stand import Fault, Reply, Stand, System

PAUSE = 7.0
RATE_LIMIT = Fault(Reply(429, {}, {"Retry-After": "7"}))
FAULTS = (
    *(Fault(Reply(status, {})) for status in (400, 401, 403, 404, 500)),
    Fault(Reply(302, None, {"Location": "https://elsewhere.test/"})),
    Fault(Reply(502, "<html>")),
    RATE_LIMIT,
    Fault(),
    Fault(dropped=True),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A connector on trial.

    `settings` are valid values; those of SecretStr fields, and `secrets`, are looked for wherever they must not
    show. `system` makes a fresh stand-in. `status` is one that a first delivery writes something about. `remembered` is
    what the memory of one that remembers begins with.
    """

    connector: type[Connector]
    settings: Mapping[str, object]
    system: Callable[[], System]
    secrets: tuple[str, ...] = ()
    status: CallStatus = CallStatus.MISSED
    remembered: Remembered = field(default_factory=dict)

    def configured(self) -> ConnectorSettings:
        return self.connector.Settings.model_validate(dict(self.settings))

    def connected(self, to: BaseAdapter) -> Connector:
        """The connector, made anew, with a Stand or a Recorded where the network would be."""
        return construct(self.connector, self.configured(), Http(adapter=to), Notebook(self.remembered))

    def canaries(self) -> list[str]:
        hidden = [value for _, value in self.configured() if isinstance(value, SecretStr)]
        found = (*self.secrets, *self.remembered.values(), *(value.get_secret_value() for value in hidden))
        return [text for text in found if text]


_LABELS = {
    CallStatus.RINGING: "Incoming call",
    CallStatus.UNKNOWN: "Call, outcome not reported",
    CallStatus.MISSED: "Missed call",
    CallStatus.DROPPED: "Dropped call",
    CallStatus.ANSWERED: "Answered call",
}


def sample_call(status: CallStatus = CallStatus.MISSED) -> Call:
    """A call with a name that no system may take for markup."""
    label = _LABELS[status]
    return Call(
        id="7103111222-9C41D0A7F2B84E6E93B1D5C0AA77E210",
        instance="support",
        status=status,
        label=label,
        summary=f'{label}: Zoë <b>&"O\'Neil"</b> (+15551230042), line support, 2026-11-20 14:03 UTC',
        caller=Caller("15551230042@c.us", 'Zoë <b>&"O\'Neil"</b>', "contact_name", "+15551230042"),
        started_at=datetime(2026, 11, 20, 14, 3, 12, tzinfo=UTC),
        outcome_at=None if status is CallStatus.RINGING else datetime(2026, 11, 20, 14, 3, 31, tzinfo=UTC),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """One of the connector's methods, to be asked of a connector made afresh."""

    subject: Subject
    name: str
    ask: Callable[[Any], object]

    def error_under(self, fault: Fault | None) -> Exception | None:
        return self.error_on(Stand(self.subject.system(), fault))

    def error_on(self, stand: Stand) -> Exception | None:
        connector = self.subject.connected(stand)
        try:
            self.ask(connector)
        except Exception as error:  # noqa: BLE001 - judged by the rule that asked
            return error
        return None


def questions(subject: Subject) -> Iterator[Question]:
    call = sample_call(subject.status)
    yield Question(subject, "check", lambda connector: connector.check())
    yield Question(subject, "deliver", lambda connector: connector.deliver(call, Known()))
    if hasattr(subject.connector, "find_caller"):
        yield Question(subject, "find_caller", lambda connector: connector.find_caller("+15551230042"))
    if hasattr(subject.connector, "withdraw"):
        popup = subject.connected(Stand(subject.system())).deliver(sample_call(CallStatus.RINGING), Known())
        shown = Known(receipt=popup, told=CallStatus.RINGING)
        yield Question(subject, "withdraw", lambda connector: connector.withdraw(call, shown))


def everything_that_fails(subject: Subject) -> Iterator[tuple[Question, Fault]]:
    for asked in questions(subject):
        for fault in FAULTS:
            yield asked, fault
