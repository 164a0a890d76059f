"""Chat ids, in all the forms that GREEN-API uses.

Source: https://green-api.com/en/docs/api/chat-id/
"""

from __future__ import annotations

import re

_PERSON = re.compile(r"(\d{5,15})(?::\d{1,4})?@(?:c\.us|s\.whatsapp\.net)", re.ASCII)


def phone(chat_id: str) -> str | None:
    """The E.164 number behind a chat, or None: groups, hidden ids (`@lid`) and other messengers' ids hold none."""
    match = _PERSON.fullmatch(chat_id)
    return f"+{match[1]}" if match else None


def is_group(chat_id: str) -> bool:
    """Whether this is a group: `…@g.us`, or the negative ids of other messengers."""
    return chat_id.endswith("@g.us") or (chat_id.startswith("-") and chat_id[1:].isdigit())


def same_account(chat_id: str, wid: str | None) -> bool:
    """Whether a chat id names our own account, whose id may come with a device number behind a colon."""
    if not wid:
        return False
    return chat_id == wid or (phone(chat_id) is not None and phone(chat_id) == phone(wid))
