"""What must not be read in a log or a reason: secrets that this process has opened, and whole phone numbers.

A process registers each secret when it reads it; from then on the value is replaced wherever it appears, whoever
wrote the line. Patterns do the same for what was never registered.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable
from urllib.parse import quote

from connectors.kit.phone import masked

_PASSING = 3  # how many of each owner's are kept: a line may be late by one
_SHORTEST = 8  # characters; replacing shorter ones would garble the log more than it hides
# The secrets that stand in addresses, wherever a library may have put one into a message.
_ADDRESSES = re.compile(
    r"(waInstance\d+/\w+/|/rest/\d+/|authorization\W*[:=,]\W*(?:bearer |basic )?)[^\s/\"'\\]+", re.IGNORECASE
)
_PHONE = re.compile(r"\+\d{8,15}|(?<!\d)\d+(?=(?:-\d+)?@(?:c\.us|g\.us|s\.whatsapp\.net|lid)\b)", re.ASCII)


class _Known:
    """The registered values. Readers take the tuple as it is at that moment; writers replace it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lasting: set[str] = set()
        self._passing: dict[str, tuple[frozenset[str], ...]] = {}
        self.forms: tuple[str, ...] = ()

    def add(self, values: Iterable[str]) -> None:
        with self._lock:
            new = _all_forms(values)
            if not new <= self._lasting:
                self._lasting |= new
                self._put_in_order()

    def add_passing(self, owner: str, values: Iterable[str]) -> None:
        with self._lock:
            new, kept = _all_forms(values), self._passing.get(owner, ())
            if new not in kept:
                self._passing[owner] = (new, *kept[: _PASSING - 1])
                self._put_in_order()

    def _put_in_order(self) -> None:
        passing = (forms for kept in self._passing.values() for forms in kept)
        # The longest first: one may be the beginning of another.
        self.forms = tuple(sorted(self._lasting.union(*passing), key=len, reverse=True))


_known = _Known()


def redact(values: Iterable[str]) -> None:
    """From now on, show none of these values to anybody. Those under eight characters are left alone."""
    _known.add(values)


def redact_passing(owner: str, values: Iterable[str]) -> None:
    """The same for what this owner holds now, and held the last times: older ones open nothing any more.

    They change every hour or so. Kept for ever, they would make each line of the log slower than the one before.
    """
    _known.add_passing(owner, values)


def redacted(text: str) -> str:
    """The text without secrets, and with phones masked."""
    return _PHONE.sub(_masked, without_secrets(text))


def without_secrets(text: str) -> str:
    """The text without secrets; phones stay, for those who may see them."""
    for form in _known.forms:
        if form in text:
            text = text.replace(form, "…")
    return _ADDRESSES.sub(r"\1…", text)


def _all_forms(values: Iterable[str]) -> frozenset[str]:
    return frozenset(form for value in values if len(value) >= _SHORTEST for form in _forms(value))


def _forms(value: str) -> set[str]:
    """The value, and how it looks in an address, in JSON, in a representation and in a header."""
    encoded = base64.b64encode(value.encode("utf-8", "replace")).decode()
    shapes = {
        value,
        quote(value),
        quote(value, safe=""),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
        ascii(value)[1:-1],
    }
    return {shape for shape in shapes | {encoded.rstrip("=")} if len(shape) >= _SHORTEST}


def _masked(found: re.Match[str]) -> str:
    return masked(found.group())
