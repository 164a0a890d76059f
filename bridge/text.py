"""Cleaning of text that strangers chose, once, where it enters."""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"  # scripts and emoji need them
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters that show nothing: people choose them to have no name
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MARGIN = f" {_JOINERS}"
_ACCENTS = re.compile("[\u0300-\u036f]")
LONGEST_NAME = 80


def storable(text: str) -> str:
    """The same text without what no database or encoder takes: NUL and lone surrogates become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def clean(text: str, longest: int = LONGEST_NAME) -> str:
    """One printable line: NFC, no control or bidirectional characters, spaces folded, at most `longest` characters."""
    line = "".join(
        " " if character.isspace() or character in _BLANK else character
        for character in storable(text[: longest * 16])
        if character.isspace() or character in _JOINERS or unicodedata.category(character) not in ("Cc", "Cf")
    )
    composed = unicodedata.normalize("NFC", " ".join(line.split()))
    return composed.strip(_MARGIN)[:longest].strip(_MARGIN)


def folded(text: str) -> str:
    """The text as searches compare it: one case in every alphabet, one width, and without accents (`ё` is `е`)."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", plain))
