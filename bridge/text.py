"""Cleaning of text that strangers chose, once, where it enters."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"  # scripts and emoji need them
LONGEST_NAME = 80


def storable(text: str) -> str:
    """The same text without what no database or encoder takes: NUL and lone surrogates become U+FFFD."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def clean(text: str, longest: int = LONGEST_NAME) -> str:
    """One printable line: NFC, no control or bidirectional characters, spaces folded, at most `longest` characters."""
    line = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", storable(text[: longest * 16]))
        if character.isspace() or character in _JOINERS or unicodedata.category(character) not in ("Cc", "Cf")
    )
    return " ".join(line.split())[:longest].strip()
