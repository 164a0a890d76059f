"""What else may be wrong with an application in a portal, and what to click there.

Source: https://apidocs.bitrix24.com/api-reference/common/system/scope.html
Source: https://apidocs.bitrix24.com/api-reference/common/system/app-info.html
Source: https://apidocs.bitrix24.com/api-reference/user/user-get.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.bitrix24.refusals import NoMethod
from connectors.bitrix24.rest import Rest
from connectors.bitrix24.selfcheck import granted, of_operators
from connectors.kit import ConnectorError, Finding

Json = Any

_SCOPES = {
    "crm": "the card finds no records",
    "telephony": "there is no call card",
    "im": "nobody is told of callers who hide their number",
}


def findings(rest: Rest, operators: Sequence[str]) -> list[Finding]:
    """All that one request can tell. Raises ConnectorError."""
    answers = rest.batch(
        {
            "scope": ("scope", {}),
            "application": ("app.info", {}),
            "users": ("user.get", {"FILTER": {"ID": list(operators)}}),
        }
    )
    return [
        *_of_scopes(answers["scope"]),
        *_of_application(answers["application"]),
        *of_operators(answers["users"], operators),
    ]


def _of_scopes(answer: Json | ConnectorError) -> Iterator[Finding]:
    if isinstance(answer, ConnectorError):
        raise answer
    scopes = granted(answer)
    for scope, effect in _SCOPES.items():
        if scope not in scopes:
            yield Finding(
                f"no-{scope}-scope",
                f"The application was not granted the scope {scope}: {effect}.",
                "Tick it in the form of the local application, save, and authorise it anew.",
            )


def _of_application(answer: Json | ConnectorError) -> Iterator[Finding]:
    if isinstance(answer, NoMethod):  # an old portal cannot say
        return
    if isinstance(answer, ConnectorError):
        raise answer
    if isinstance(answer, dict) and answer.get("INSTALLED") is False:
        yield Finding(
            "app-not-installed",
            "The installation of the application was begun and not finished: the portal may refuse telephony.",
            "Open the application in the portal once; if that is not enough, tick in its form that it has no interface "
            "of its own, save, and authorise it anew.",
        )
