"""What stands around the records of a portal: its owners, properties, scopes and address."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from connectors.hubspot.names import VERSION, Kind
from connectors.hubspot.refusals import NoSuchPath, NotThere, Taken
from connectors.kit import Api, Memory, Rejected, Remembered, Unauthorized

Json = Any  # HubSpot's answers, until what is needed has been read


class Account:
    """Asks a portal about itself. Every method raises ConnectorError."""

    def __init__(self, api: Api, memory: Memory, fingerprint: str) -> None:
        """`fingerprint` is the token's: what is remembered is of the portal that it opens."""
        self._api = api
        self._memory = memory
        self._fingerprint = fingerprint

    def owner_of(self, email: str, *, archived: bool = False) -> str | None:
        """The id of the owner with this address."""
        found = self._api.get(f"crm/owners/{VERSION}", email=email, archived=_word(archived), limit=1) or {}
        return next((str(owner["id"]) for owner in found.get("results", [])), None)

    def has_owner(self, owner_id: str, *, archived: bool = False) -> bool:
        """Whether there is an owner of this id, active or deactivated."""
        try:
            self._api.get(f"crm/owners/{VERSION}/{owner_id}", archived=_word(archived), idProperty="id")
        except NotThere:
            return False
        return True

    def definition(self, kind: Kind, name: str) -> Json | None:
        """What a property is, as HubSpot describes it; None if there is none."""
        try:
            return self._api.get(f"crm/properties/{VERSION}/{kind.name}/{name}")
        except NotThere:
            return None

    def define(self, kind: Kind) -> None:
        """Make our unique property. One that is there already is left as it is."""
        definition = {
            "name": kind.key,
            "label": kind.label,
            "groupName": kind.group,
            "type": "string",
            "fieldType": "text",
            "hasUniqueValue": True,
            "description": "Set by Ringbridge, which knows its records by it; do not edit.",
        }
        with suppress(Taken):
            self._api.post(f"crm/properties/{VERSION}/{kind.name}", definition)

    def scopes(self, token: str) -> frozenset[str] | None:
        """What the token may do; None where HubSpot does not say.

        The path carries no version and is not in HubSpot's public descriptions: it may go.
        """
        try:
            said = self._api.post("oauth/v2/private-apps/get/access-token-info", {"tokenKey": token}) or {}
        except NoSuchPath:
            return None
        listed = said.get("scopes")
        return None if listed is None else frozenset(map(str, listed))

    def touch_contacts(self) -> None:
        """Ask for something that needs a token which may read contacts."""
        self._api.get(f"crm/objects/{VERSION}/contacts", limit=1)

    def page(self) -> str | None:
        """Where people open this portal's records; None until `learn_page` has found out. Asks nothing."""
        kept = self._memory.read()
        return kept.get("page") if kept.get("of") == self._fingerprint else None

    def learn_page(self) -> None:
        """Find out and remember where people open this portal's records, so that no call has to ask."""
        if self.page() is None:
            # Whether a service key may ask is not documented, and a link is no need.
            with suppress(Unauthorized, Rejected):
                self._memory.renew(self._memory.read(), self._page_asked_for)

    def _page_asked_for(self, kept: Remembered) -> Remembered:
        account = self._api.get(f"account-info/{VERSION}/details") or {}
        if not account.get("uiDomain") or not account.get("portalId"):
            return kept
        page = f"https://{account['uiDomain']}/contacts/{account['portalId']}"
        return {"of": self._fingerprint, "page": page}


def _word(flag: bool) -> str:  # noqa: FBT001 - a flag is all it is about
    return "true" if flag else "false"
