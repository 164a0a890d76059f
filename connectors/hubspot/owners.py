"""Whose the calls and tasks are where a contact has no owner, or one whom the portal refuses."""

from __future__ import annotations

from connectors.hubspot.account import Account


class Owners:
    """The default owner as the settings name them: an owner id, an e-mail address, or nobody."""

    def __init__(self, account: Account, default: str | None) -> None:
        self._account = account
        self._default = default

    def default(self) -> str | None:
        """The owner's id; None if there is none, or nobody with that address. Raises ConnectorError."""
        if self._default is None or "@" not in self._default:
            return self._default
        return self._account.owner_of(self._default)
