"""Passwords: which are good enough, how they are kept, whether one fits.

Source: https://pages.nist.gov/800-63-4/sp800-63b.html (length and a list of common ones, and no rules of composition)
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

SHORTEST = 12
LONGEST = 128
_HASHER = PasswordHasher()
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each takes 64 MiB and a tenth of a second: sixteen people at once must not take a gigabyte from the calls."""
_WAITING = threading.BoundedSemaphore(4)
"""And not all the threads that answer GREEN-API, while they wait for each other."""
_COMMON = ("password", "passwort", "пароль", "qwerty", "йцукен", "asdfgh", "letmein", "welcome", "administrator", "abc")
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "01234567890", "09876543210", "1qaz2wsx3edc4rfv")


class Busy(Exception):
    """Too many passwords are being looked at; to be tried again in a moment."""


def fault(password: str, name: str) -> str | None:
    """What is wrong with a password for the person of this name, as a sentence; None where nothing is."""
    if len(password) < SHORTEST:
        return f"The password has {len(password)} characters; it needs at least {SHORTEST}. Several words do well."
    if len(password) > LONGEST:
        return f"The password has {len(password)} characters; at most {LONGEST} are kept."
    if _is_common(_folded(password), name.casefold()):
        return "The password is one that is guessed first; take several words that have nothing to do with each other."
    return None


def seal(password: str) -> str:
    """What to keep in place of the password (argon2id). Raises Busy."""
    with _turn():
        return _HASHER.hash(_normal(password))


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password of what was kept. None, for somebody whom we do not know, takes as long as any.

    Raises Busy.
    """
    with _turn():
        try:
            _HASHER.verify(kept or nobodys(), _normal(password[: LONGEST + 1]))
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
    return kept is not None


@cache
def nobodys() -> str:
    """What is kept for nobody. Made when it is first asked for: a tenth of a second is too much for every command."""
    return _HASHER.hash("nobody has this password")


def is_outdated(kept: str) -> bool:
    """Whether it was kept in a way that is too weak by now."""
    return _HASHER.check_needs_rehash(kept)


@contextmanager
def _turn() -> Iterator[None]:
    if not _WAITING.acquire(blocking=False):
        raise Busy
    try:
        with _AT_ONCE:
            yield
    finally:
        _WAITING.release()


def _normal(password: str) -> bytes:
    """Bytes that are the same whichever keyboard typed it; a lone surrogate has no others."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace")


def _folded(password: str) -> str:
    return unicodedata.normalize("NFKC", password).casefold()


def _is_common(password: str, name: str) -> bool:
    """Whether nothing is left of it without the words, runs of keys, repeats and digits that everybody takes."""
    rest = password
    for word in sorted({*_COMMON, *_runs(), *filter(None, [name])}, key=len, reverse=True):
        rest = rest.replace(word, "")
    repeats = any(password == (password[:size] * len(password))[: len(password)] for size in range(1, 5))
    return len(rest.strip("0123456789!.@#$%?*_- ")) < 3 or repeats


@cache
def _runs() -> frozenset[str]:
    """Every run of four keys or more, in both directions."""
    both = [*_RUNS, *(run[::-1] for run in _RUNS)]
    return frozenset(
        run[start:end] for run in both for start in range(len(run)) for end in range(start + 4, len(run) + 1)
    )
