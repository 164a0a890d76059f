"""What GREEN-API is asked about an instance, and what it means where it refuses to answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bridge.doctor import findings, states
from bridge.doctor.findings import Finding
from bridge.greenapi.client import Client
from bridge.greenapi.errors import Expired, NoSuchMethod, NotAuthorized, QuotaUsedUp, Starting, UnknownInstance
from bridge.redaction import without_secrets
from connectors.kit import ConnectorError, RateLimited, Rejected, Unauthorized

_A_GLANCE = 1  # minutes of the journal: only whether it can be read matters
_GOES_ON = frozenset({states.STARTING, states.NOT_LINKED, findings.QUOTA_USED_UP, findings.ASKED_TOO_OFTEN})
Turn = Callable[[str], None]


@dataclass
class Answers:
    """`found` is what the asking itself brought up. `settings` and `waiting` are None where they could not be had."""

    found: list[Finding] = field(default_factory=list)
    settings: dict[str, Any] | None = None
    waiting: int | None = None
    has_journal: bool = False

    @property
    def is_starting(self) -> bool:
        return states.STARTING in self.found


def ask_all(client: Client, turn: Turn) -> Answers:
    """Ask for the state and, unless that is hopeless, for everything else. `turn` waits until a method may be asked."""
    answers = Answers()
    if not _ask_state(client, turn, answers):
        return answers
    _ask_settings(client, turn, answers)
    _ask_waiting(client, turn, answers)
    _ask_journal(client, turn, answers)
    return answers


def _ask_state(client: Client, turn: Turn, answers: Answers) -> bool:
    """Whether it is of use to ask for more."""
    turn("getStateInstance")
    try:
        state = states.of_state(client.state())
    except ConnectorError as error:
        refusal = _meaning(error) or findings.api_unreachable(without_secrets(error.reason))
        answers.found.append(refusal)
        return refusal in _GOES_ON
    if state is not None:
        answers.found.append(state)
    return state is not states.BEING_CREATED


def _ask_settings(client: Client, turn: Turn, answers: Answers) -> None:
    turn("getSettings")
    try:
        answers.settings = client.settings()
    except ConnectorError as error:
        answers.found.append(_meaning(error) or findings.settings_unreadable(without_secrets(error.reason)))


def _ask_waiting(client: Client, turn: Turn, answers: Answers) -> None:
    turn("getWebhooksCount")
    try:
        answers.waiting = client.waiting()
    except QuotaUsedUp:
        answers.found.append(findings.QUOTA_USED_UP)
    except ConnectorError:
        return  # it is good to know, and no more


def _ask_journal(client: Client, turn: Turn, answers: Answers) -> None:
    turn("lastIncomingCalls")
    try:
        client.journal(_A_GLANCE)
        answers.has_journal = True
    except QuotaUsedUp:
        answers.found.append(findings.QUOTA_USED_UP)
    except Rejected:
        answers.found.append(findings.JOURNAL_UNAVAILABLE)
    except ConnectorError:
        return  # whatever keeps it from answering was found before, or passes


def _meaning(error: ConnectorError) -> Finding | None:
    """What is wrong where GREEN-API says so plainly."""
    if isinstance(error, Expired):
        return findings.expired(error.reason)
    plain: list[tuple[type[ConnectorError], Finding]] = [
        (Starting, states.STARTING),
        (NotAuthorized, states.NOT_LINKED),
        (QuotaUsedUp, findings.QUOTA_USED_UP),
        (RateLimited, findings.ASKED_TOO_OFTEN),
        (NoSuchMethod, findings.API_URL_WRONG),
        (UnknownInstance, findings.INSTANCE_UNKNOWN),
        (Unauthorized, findings.API_TOKEN_REFUSED),
    ]
    return next((found for kind, found in plain if isinstance(error, kind)), None)
