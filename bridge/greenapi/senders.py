"""Who wrote a message: all that we make of one.

Source: https://green-api.com/en/docs/api/receiving/notifications-format/incoming-message/TextMessage/
"""

from __future__ import annotations

from typing import Any, NamedTuple

_LARGEST_NUMBER = 10**15  # what a telephone number stays under (E.164)
_LONGEST = 512  # letters; most of what arrives comes by here, and is kept in memory for a while


class Sender(NamedTuple):
    """`senderData` as it was sent: absent or strange fields are None."""

    chat_id: str | None
    sender: str | None
    name: str | None
    contact_name: str | None
    phone_number: int | None


def sender(data: object) -> Sender | None:
    """Read `senderData`; None where there is none."""
    if not isinstance(data, dict):
        return None
    number = data.get("senderPhoneNumber")  # of other messengers; 0 is a hidden one
    return Sender(
        _text(data, "chatId"),
        _text(data, "sender"),
        _text(data, "senderName"),
        _text(data, "senderContactName"),
        number if type(number) is int and 0 < number < _LARGEST_NUMBER else None,
    )


def _text(data: dict[str, Any], field: str) -> str | None:
    value = data.get(field)
    return value[:_LONGEST] if isinstance(value, str) else None
