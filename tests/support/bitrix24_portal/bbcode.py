"""Which parts of a text the portal would treat as markup: there is no documented escape."""

from __future__ import annotations

import re

from bitrix24_portal.wire import words

TAGS = words("b i u s size color url user chat context img icon disk put send call code timestamp br quote list")
_TAG = re.compile(rf"\[/?(?:{'|'.join(sorted(TAGS))})\b[^\]]*\]", re.IGNORECASE)
_LINES = re.compile(r"^\s*>>|^-{6,}\s*$", re.MULTILINE)
_LINKS = re.compile(r"\w+://\S+|\bwww\.\S+", re.IGNORECASE)


def live(text: str, own_host: str) -> list[str]:
    """All that is alive in the text, but for links to the portal itself, which are ours."""
    own = re.compile(rf"\[url=https://{re.escape(own_host)}/[^\]\s]*\]|https://{re.escape(own_host)}/[^\s\]]*", re.I)
    left = own.sub("", text)
    if left != text:
        left = re.sub(r"\[/url\]", "", left, flags=re.IGNORECASE)
    return [*_TAG.findall(left), *_LINES.findall(left), *_LINKS.findall(left), *re.findall("#BR#", left, re.I)]
