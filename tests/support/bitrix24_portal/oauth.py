"""The OAuth server: access tokens that expire, and refresh tokens that work once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bitrix24_portal.wire import Asked, Refused

if TYPE_CHECKING:
    from bitrix24_portal.portal import Portal

HOST = "oauth.bitrix.info"
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 180 * 86400


@dataclass(frozen=True, slots=True)
class Tokens:
    access: str
    refresh: str


class OAuth:
    """One local application. `revoked`: it was removed, or who authorised it was dismissed.

    `installed`: its installation was finished, which one with an interface of its own has to do itself.
    """

    def __init__(self, portal: Portal, client_id: str, client_secret: str) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.scopes = frozenset({"crm", "im", "telephony", "task", "user_basic"})
        self.user_id = 1
        self.revoked = False
        self.installed = True
        self.refreshed = 0
        self._portal = portal
        self._access: dict[str, float] = {}
        self._refresh: dict[str, float] = {}
        self._issued = 0

    def authorise(self) -> Tokens:
        """The first pair, as an application gets it when it is installed."""
        self._issued += 1
        now = self._portal.clock()
        tokens = Tokens(f"access-c4nary-{self._issued:04}", f"refresh-c4nary-{self._issued:04}")
        self._access[tokens.access] = now + ACCESS_SECONDS
        self._refresh[tokens.refresh] = now + REFRESH_SECONDS
        return tokens

    def expire(self) -> None:
        """Every access token is too old from now on."""
        self._access = dict.fromkeys(self._access, float("-inf"))

    def admit(self, token: object) -> None:
        """Raises Refused unless this access token is one of ours and young enough."""
        if not token:
            raise Refused(401, "NO_AUTH_FOUND", "Wrong authorization data")
        if self.revoked or token not in self._access:
            raise Refused(401, "invalid_token", "Unable to get application by token")
        if self._access[str(token)] <= self._portal.clock():
            raise Refused(401, "expired_token", "The access token provided has expired.")

    def token(self, asked: Asked) -> dict[str, object]:
        """The answer of /oauth/token/. Whoever comes second with the same refresh token is refused."""
        params = asked.params
        if asked.verb != "GET" or params.get("grant_type") != "refresh_token":
            raise Refused(400, "invalid_request", "The request is invalid.")
        if (params.get("client_id"), params.get("client_secret")) != (self.client_id, self.client_secret):
            raise Refused(401, "invalid_client", "The client is unknown.")
        ends = self._refresh.pop(str(params.get("refresh_token")), float("-inf"))
        if self.revoked or ends <= self._portal.clock():
            raise Refused(400, "invalid_grant", "The refresh token is invalid.")
        self.refreshed += 1
        tokens, host = self.authorise(), self._portal.host
        return {
            "access_token": tokens.access, "refresh_token": tokens.refresh, "expires_in": ACCESS_SECONDS,
            "expires": int(self._portal.clock()) + ACCESS_SECONDS, "client_endpoint": f"https://{host}/rest/",
            "server_endpoint": f"https://{HOST}/rest/", "domain": host, "member_id": "a1b2c3d4e5f6",
            "scope": ",".join(sorted(self.scopes)), "status": "L", "user_id": self.user_id,
        }  # fmt: skip
