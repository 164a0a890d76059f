"""Encryption of what must not be readable in the database: tokens, and the settings of connections."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SHORTEST_KEY = 32


class SecretKeyError(Exception):
    """The secret key is missing, too short, or not the one that the stored secrets were encrypted with."""


class Secrets:
    """Seals values with the first key and opens them with any. What is sealed for one row opens for no other."""

    def __init__(self, keys: list[str]) -> None:
        fernets = [_fernet(key) for key in keys]
        self._first = fernets[0]
        self._keys = keys
        self._fernet = MultiFernet(fernets)
        self.has_old_keys = len(fernets) > 1

    def seal(self, row: str, values: Mapping[str, Any]) -> str:
        """Encrypt `values` (JSON) for the row so named, such as `instance support`."""
        return self._fernet.encrypt(json.dumps({"row": row, "values": values}).encode()).decode()

    def open(self, row: str, sealed: str) -> dict[str, Any]:
        """What was sealed for this row. Raises SecretKeyError."""
        try:
            opened = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise SecretKeyError(
                f"The secrets of {row} cannot be read with this key. "
                "Set RINGBRIDGE_SECRET_KEY to the key that they were stored with."
            ) from None
        if opened["row"] != row:
            raise SecretKeyError(f"The secrets stored with {row} belong to {opened['row']}; enter them again.")
        values: dict[str, Any] = opened["values"]
        return values

    def derived(self, purpose: str) -> list[str]:
        """A key of its own for another purpose, from each of the keys: the first to be used, the others to be known."""
        return [
            HKDF(SHA256(), 32, salt=None, info=f"ringbridge {purpose}".encode()).derive(key.encode()).hex()
            for key in self._keys
        ]

    def renewed(self, row: str, sealed: str) -> str | None:
        """The same, sealed with the first key; None if it is already. Raises SecretKeyError."""
        try:
            self._first.decrypt(sealed.encode())
        except InvalidToken:
            return self.seal(row, self.open(row, sealed))
        return None


def keys(configured: str | None, key_file: Path | None) -> list[str]:
    """The keys to use: those configured, else the one in `key_file`, which is made on the first start.

    Raises SecretKeyError where none is configured and there is no file to keep one in, or it cannot be read.
    """
    if configured:
        found = [key.strip() for key in configured.split(",") if key.strip()]
        if not found:
            raise SecretKeyError("RINGBRIDGE_SECRET_KEY holds no key. `openssl rand -hex 32` makes one.")
        return found
    if key_file is None:
        raise SecretKeyError(
            "RINGBRIDGE_SECRET_KEY is not set. With PostgreSQL it must be: every process needs the same key. "
            f"This one is new and random, keep it safe: {Fernet.generate_key().decode()}"
        )
    try:
        return [_read(key_file)]
    except FileNotFoundError:
        return [_made(key_file)]


def _read(key_file: Path) -> str:
    try:
        key = key_file.read_text("utf-8").strip()
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError):
        raise SecretKeyError(
            f"The secret key in {key_file} cannot be read: see to its owner and permissions."
        ) from None
    if len(key) < _SHORTEST_KEY:
        raise SecretKeyError(f"{key_file} holds no secret key any more. Put the one from your backup there.")
    return key


def _made(key_file: Path) -> str:
    """Write a new key beside its final name and link it there, so that two first starts agree on one key."""
    with tempfile.NamedTemporaryFile(dir=key_file.parent, prefix=f"{key_file.name}.") as draft:  # its mode is 0600
        draft.write(Fernet.generate_key())
        draft.flush()
        os.fsync(draft.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft.name, key_file)
    return _read(key_file)


def _fernet(key: str) -> Fernet:
    if len(key) < _SHORTEST_KEY:
        raise SecretKeyError(
            f"RINGBRIDGE_SECRET_KEY is too short: each key needs at least {_SHORTEST_KEY} characters. "
            "`openssl rand -hex 32` makes one."
        )
    try:
        if len(base64.urlsafe_b64decode(key)) == 32:
            return Fernet(key)
    except (binascii.Error, ValueError):
        pass
    derived = HKDF(SHA256(), 32, salt=None, info=b"ringbridge secrets").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
