"""Text for the portal. There is no documented escape for its BBCode, so what is live in it is replaced.

Source: https://apidocs.bitrix24.com/api-reference/chats/messages/formatting.html
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME = 60
LONGEST_LINE = 400

_INVISIBLE = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LIVE = (
    (re.compile(r"\["), "("),
    (re.compile(r"\]"), ")"),
    (re.compile(r"://"), ": //"),  # else it becomes a link, and is fetched for a preview
    (re.compile(r"www\.", re.IGNORECASE), "www ."),
    (re.compile(r"#BR#", re.IGNORECASE), "# BR #"),  # a line break in notifications
    (re.compile(r">>"), "> >"),  # a quotation, at the start of a line
    (re.compile(r"-{3,}"), "--"),  # a rule
)


def neutral(text: str, longest: int = LONGEST_LINE) -> str:
    """One line of plain text in which nothing is markup, a link, a mention or a line break."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    text = _SPACE.sub(" ", text).strip()
    for live, plain in _LIVE:
        text = live.sub(plain, text)
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def name(text: str) -> str:
    """A caller's name, chosen by a stranger: neutral, and short."""
    return neutral(text, LONGEST_NAME)
