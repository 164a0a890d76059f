"""An application's way into a portal: an access token for an hour, and a refresh token that works once.

Source: https://apidocs.bitrix24.com/settings/oauth/index.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.bitrix24.refusals import TokenExpired
from connectors.bitrix24.rest import Params, Rest
from connectors.kit import Answer, ConnectorError, Http, Memory, Remembered, Retryable, Unauthorized

Json = Any

SERVER = "https://oauth.bitrix.info/oauth/token/"

_REFUSALS = {
    "INVALID_GRANT": "the refresh token is used up, too old, or was lost with an answer; open the application in the "
    "portal and paste the new one as refresh_token",
    "INVALID_CLIENT": "client_id and client_secret are not those of an application; copy both from its form",
    "INVALID_SCOPE": "save the application's form in the portal again, and authorise it anew",
    "PAYMENT_REQUIRED": "see to the portal's subscription",
}
_ANYTHING = "authorise the application anew"


@dataclass(frozen=True, slots=True)
class Application:
    """What an administrator copies from the portal. `first_token` is the refresh token of the installation."""

    client_id: str
    client_secret: str = field(repr=False)
    first_token: str = field(repr=False)
    server: str = SERVER

    @property
    def seed(self) -> str:
        """Tells one authorisation from the next, and nothing of its token."""
        return hashlib.sha256(f"{self.client_id} {self.first_token}".encode()).hexdigest()[:16]


class GrantedRest(Rest):
    """The portal as an application asks it.

    The access token is renewed only after the portal has said that it ran out, as the vendor demands, and the same
    request is then made once more: it had not been done. All workers share the tokens, in the connection's memory.
    """

    def __init__(self, http: Http, base_url: str, application: Application, memory: Memory) -> None:
        super().__init__(http, base_url)
        self._http = http
        self._application = application
        self._memory = memory

    def call(self, method: str, params: Params | None = None, *, headers: Mapping[str, str] | None = None) -> Json:
        kept = self._memory.read()
        if not self._is_ours(kept):  # nothing yet, or from a refresh token that was replaced in the settings
            kept = self._renewed(kept)
        try:
            return super().call(method, _signed(params, kept), headers=headers)
        except TokenExpired:
            kept = self._renewed(kept)
        return super().call(method, _signed(params, kept), headers=headers)

    def _is_ours(self, kept: Remembered) -> bool:
        return kept.get("seed") == self._application.seed

    def _renewed(self, seen: Remembered) -> Remembered:
        return self._memory.renew(seen, self._refresh)

    def _refresh(self, kept: Remembered) -> Remembered:
        application = self._application
        token = kept["refresh_token"] if self._is_ours(kept) else application.first_token
        answer = self._http.send(
            "GET",
            application.server,
            params={
                "grant_type": "refresh_token",
                "client_id": application.client_id,
                "client_secret": application.client_secret,
                "refresh_token": token,
            },
            headers={"Accept": "application/json"},
            classify=_refused,
        )
        return {"seed": application.seed, **_tokens(answer)}


def _signed(params: Params | None, kept: Remembered) -> Params:
    return {**(params or {}), "auth": kept["access_token"]}


def _tokens(answer: Answer) -> dict[str, str]:
    body = answer.json()
    names = ("access_token", "refresh_token")
    if not isinstance(body, dict) or not all(isinstance(body.get(name), str) and body[name] for name in names):
        raise Retryable(f"{answer.host} answered without tokens.")
    return {name: str(body[name]) for name in names}


def _refused(answer: Answer) -> ConnectorError | None:
    """Why there are no tokens. Whatever the code, nothing can be told until somebody has seen to it."""
    if answer.status >= 500 or answer.status == 429 or not answer.body:
        return None
    body = answer.json()
    error = str(body.get("error") or "").upper() if isinstance(body, dict) else ""
    if not error:
        return None
    named = error.lower() if error.replace("_", "").isalnum() and error.isascii() else "no known code"
    return Unauthorized(f"{answer.host} gave no access ({named}): {_REFUSALS.get(error, _ANYTHING)}.")
