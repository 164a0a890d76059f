"""What `connection check` finds wrong in a portal, and what it mends there if it may."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.hubspot.account import Account
from connectors.hubspot.names import CALLS, CONTACTS, TASKS, Kind
from connectors.hubspot.settings import HubspotSettings
from connectors.kit import Finding, Rejected, Unauthorized

NEEDED = ("crm.objects.contacts.read", "crm.objects.contacts.write")
OWNERS = "crm.objects.owners.read"
SCHEMAS = "crm.schemas.contacts.write"
KEYS_PAGE = "in HubSpot, under Development, Keys, Service keys"
USERS_PAGE = "in HubSpot, under Settings, Users & Teams"


class Inspection:
    """Looks at a portal with the eyes of one connection. Every method raises ConnectorError."""

    def __init__(self, account: Account, settings: HubspotSettings) -> None:
        self._account = account
        self._token = settings.token
        self._default_owner = settings.default_owner
        self._kinds = [CALLS]
        self._settings = settings
        if settings.missed_task or settings.task_on_dropped or settings.ring_task:
            self._kinds.append(TASKS)
        if settings.create_contacts != "never":
            self._kinds.append(CONTACTS)

    def prove(self) -> None:
        """Raises Unauthorized if the token is refused, or lacks a scope that every call needs."""
        scopes = self._account.scopes(self._token.get_secret_value())
        if scopes is None:  # HubSpot does not say: ask for something that needs the first of them
            self._account.touch_contacts()
            return
        missing = [scope for scope in NEEDED if scope not in scopes]
        if missing:
            raise Unauthorized(f"The token lacks the scope {' and '.join(missing)}: {KEYS_PAGE}, add it.")

    def findings(self, *, fix: bool) -> list[Finding]:
        """What `prove` does not ask about. Properties are made only with `fix`."""
        found = [finding for kind in self._kinds for finding in self._of_property(kind, fix=fix)]
        return [*found, *self._of_extra_properties(), *self._of_default_owner()]

    def _of_property(self, kind: Kind, *, fix: bool) -> Iterator[Finding]:
        definition = self._account.definition(kind, kind.key)
        if definition is None and fix:
            refusal = self._refusal_to_define(kind)
            if refusal:
                yield refusal
                return
            definition = self._account.definition(kind, kind.key)
        if definition is None:
            yield Finding(
                f"property-missing-{kind.name}",
                f"The portal has no property {kind.key} for {kind.name}, by which nothing is made twice.",
                "Run the check with --fix, which makes it, or make it by hand: single-line text, unique values.",
            )
        elif not definition.get("hasUniqueValue"):
            yield Finding(
                f"property-not-unique-{kind.name}",
                f"The property {kind.key} of {kind.name} does not require unique values; {_FALLBACK[kind.name]}",
                "Delete it under Settings, Properties, then run the check with --fix: it cannot be switched on later.",
            )

    def _of_extra_properties(self) -> Iterator[Finding]:
        """A property that is not there has every record of its kind refused."""
        for kind in self._kinds:
            for name in self._settings.demanded(kind.name):
                if self._account.definition(kind, name) is None:
                    yield Finding(
                        f"extra-property-unknown-{kind.name}-{name}",
                        f"The portal has no property {name} for {kind.name}, which the extra properties name: it "
                        "would refuse every record.",
                        "Take the internal name from HubSpot, under Settings, Properties, and correct the setting.",
                    )

    def _refusal_to_define(self, kind: Kind) -> Finding | None:
        try:
            self._account.define(kind)
        except Unauthorized:
            return Finding(
                f"scope-missing-{kind.name}",
                f"The token may not make the property {kind.key}: it lacks the scope {SCHEMAS}.",
                f"Add that scope {KEYS_PAGE}; it may be taken away afterwards. Then run --fix again.",
            )
        except Rejected:
            return Finding(
                f"keys-refused-{kind.name}",
                f"The portal refuses unique properties for {kind.name}: the fallback is in use, and "
                f"{_FALLBACK[kind.name]}",
                f"Nothing has to be done; {kind.key} may be made by hand under Settings, Properties.",
            )
        return None

    def _of_default_owner(self) -> Iterator[Finding]:
        owner = self._default_owner
        if owner is None:
            return
        try:
            active, deactivated = self._knows(owner, archived=False), False
            if not active:
                deactivated = self._knows(owner, archived=True)
        except Unauthorized:
            yield Finding(
                "scope-missing-owners",
                f"The token may not look up the default owner: it lacks the scope {OWNERS}.",
                f"Add that scope {KEYS_PAGE}.",
            )
            return
        if deactivated:
            yield Finding(
                "owner-deactivated",
                f"The default owner {owner} is a deactivated user, to whom nothing can be assigned.",
                f"Activate the user {USERS_PAGE}, or name another default owner.",
            )
        elif not active:
            yield Finding(
                "owner-unknown",
                f"The portal has no owner {owner}, who is the default owner.",
                f"Look the e-mail address up {USERS_PAGE}; an owner id is not the id of a user.",
            )

    def _knows(self, owner: str, *, archived: bool) -> bool:
        if "@" in owner:
            return self._account.owner_of(owner, archived=archived) is not None
        return self._account.has_owner(owner, archived=archived)


_FALLBACK = {
    "calls": "after an answer that was lost, records are looked for before they are made.",
    "tasks": "after an answer that was lost, tasks are looked for before they are made.",
    "contacts": "two calls of one new caller within a minute may make two contacts.",
}
