"""Notifications: one for each operator while it rings, taken back when it is over; and one of a missed call.

A tag is one for all users, so that each user has a tag of their own and the call's id groups them: one request takes
back all. Some versions do not replace a notification of the same tag; what may be there is taken back first.

Source: https://apidocs.bitrix24.com/api-reference/chats/messages/notifications/im-notify-system-add.html
Source: https://apidocs.bitrix24.com/api-reference/chats/messages/notifications/im-notify-delete.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.bitrix24.rest import Rest
from connectors.kit import ConnectorError, Rejected

CLIENT_ID = "whatsapp-calls"
"""Tags are kept apart by it, and a webhook has none of its own: it stays, or nothing is found again."""

_TAKE_BACK = "back"


class Bell:
    """Notifies users about one call. Raises ConnectorError."""

    def __init__(self, rest: Rest, group: str) -> None:
        """`group` is the tag that all notifications have in common: the call's id, or that and a word."""
        self._rest = rest
        self._group = group

    def tell(self, users: Sequence[str], message: str, *, afresh: bool) -> list[str]:
        """Notify these users in one request; returns those who were. `afresh` takes back what may be there before.

        Somebody who left, or has switched notifications off, is not notified, and that is no error.
        """
        if not users:
            return []
        commands: dict[str, tuple[str, dict[str, Any]]] = {}
        if afresh:
            commands[_TAKE_BACK] = ("im.notify.delete", self._tags())
        for user in users:
            notification = {"USER_ID": user, "MESSAGE": message, "TAG": f"{self._group}|{user}", **self._tags()}
            commands[f"user{user}"] = ("im.notify.system.add", notification)
        outcomes = self._rest.batch(commands)
        errors = [outcome for outcome in outcomes.values() if isinstance(outcome, ConnectorError)]
        told = [user for user in users if _was_made(outcomes[f"user{user}"])]
        for error in errors:
            if not told or not isinstance(error, Rejected):
                raise error
        return told

    def take_back(self) -> None:
        """Take every user's notification away. There may be none."""
        self._rest.call("im.notify.delete", self._tags())

    def _tags(self) -> dict[str, str]:
        return {"SUB_TAG": self._group, "CLIENT_ID": CLIENT_ID}


def _was_made(outcome: object) -> bool:
    return bool(outcome) and not isinstance(outcome, ConnectorError)
