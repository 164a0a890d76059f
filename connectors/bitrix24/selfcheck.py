"""Whether the settings work, asked in one request that writes nothing.

Source: https://apidocs.bitrix24.com/api-reference/common/system/scope.html
Source: https://apidocs.bitrix24.com/api-reference/user/user-get.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.bitrix24.refusals import ScopeMissing
from connectors.bitrix24.rest import Rest
from connectors.bitrix24.settings import Bitrix24Settings
from connectors.kit import ConnectorError, Finding

Json = Any

SIMPLE_CRM = 2

_WITHOUT_TELEPHONY = Finding(
    "no-telephony-scope",
    "The webhook lacks the scope telephony: each caller is looked up in three requests instead of one.",
    "Add telephony to the webhook's scopes.",
)
_WITHOUT_USERS = Finding(
    "operators-unchecked",
    "The scope user_basic is missing: nobody can say whether the operators are there.",
    "Add user_basic to the scopes that were granted.",
)
_SIMPLE = Finding(
    "simple-crm",
    "This portal works without leads: each unknown caller becomes a client and a deal at once.",
    "Set unknown_callers to ignore if that is not wanted; nothing is to be done if it is.",
)


def prove(rest: Rest, settings: Bitrix24Settings) -> None:
    """Raise the reason why calls cannot be told: credentials, the plan, a moved portal, or a scope by its name."""
    answers = rest.batch({"profile": ("profile", {}), "scope": ("scope", {})})
    for answer in answers.values():
        if isinstance(answer, ConnectorError):
            raise answer
    needed = {"crm", "im"} | ({"task"} if settings.missed_task == "task" else set())
    missing = sorted(needed - granted(answers["scope"]))
    if missing:
        raise ScopeMissing(f"The webhook lacks the scope {', '.join(missing)}: add it in the webhook's form.")


def findings(rest: Rest, settings: Bitrix24Settings) -> list[Finding]:
    """What does not keep calls from being told, but ought to be known."""
    questions: dict[str, tuple[str, dict[str, Json]]] = {"scope": ("scope", {})}
    if settings.unknown_callers != "ignore":
        questions["mode"] = ("crm.settings.mode.get", {})
    if settings.operators:
        questions["users"] = ("user.get", {"FILTER": {"ID": settings.operators}})
    answers = rest.batch(questions)
    users = answers.pop("users", [])
    for answer in answers.values():
        if isinstance(answer, ConnectorError):
            raise answer
    found = [] if "telephony" in granted(answers["scope"]) else [_WITHOUT_TELEPHONY]
    if str(answers.get("mode")) == str(SIMPLE_CRM):
        found.append(_SIMPLE)
    return found + of_operators(users, settings.operators)


def of_operators(users: Json | ConnectorError, operators: Sequence[str]) -> list[Finding]:
    """Which of the operators cannot be told, by the answer to `user.get`."""
    if isinstance(users, ScopeMissing):
        return [_WITHOUT_USERS]
    if isinstance(users, ConnectorError):
        raise users
    active = {str(user.get("ID")): user.get("ACTIVE") is not False for user in users or [] if isinstance(user, dict)}
    unknown = [user for user in operators if user not in active]
    dismissed = [user for user in operators if not active.get(user, True)]
    found = []
    if unknown:
        text = f"No user of the portal has the id {', '.join(unknown)}."
        found.append(Finding("operators-unknown", text, "Correct operators: the id is in the address of a profile."))
    if dismissed:
        text = f"The operators {', '.join(dismissed)} were dismissed, and can be told nothing."
        found.append(Finding("operators-dismissed", text, "Take them out of operators."))
    return found


def granted(scopes: Json) -> set[str]:
    """The answer to `scope`, in lower case."""
    return {str(scope).lower() for scope in scopes} if isinstance(scopes, list) else set()
