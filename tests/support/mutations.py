"""Bodies near real notifications by the hundred thousand: dice change them, much faster than Hypothesis draws."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from copy import deepcopy

from oddities import REAL

_TEXTS = [json.dumps(document) for document in REAL]
_NUMBERS = [0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 10**17, 10**400, 253_402_300_800, 1e308, -0.0, float("nan"), 0.1]
_ODD: list[object] = [
    None, True, False, "", " ", "\x00", "\ud800", "\u202e", "٣", "x" * 3000, "NaN", "offer", "OFFER", "hangUp",
    "pickUp", "null", "15551230042@c.us", "120363@g.us", "98765432100@lid", "@c.us", "1" * 40 + "@c.us", [], {}, [[]],
    [None], {"": None}, {"a": {"b": {}}}, *_NUMBERS, *map(str, _NUMBERS),
]  # fmt: skip
_TOKENS = [
    b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b"\\u0000", b"\\ud800", b"\x00", b"\xff", b"\xed\xa0\x80", b"null",
    b"NaN", b"-Infinity", b"1e999999", b"9" * 5000, b"true", b'"typeWebhook"', b'"incomingCall"', b'"idMessage"',
    b'"status"', b'"from"', b"\xef\xbb\xbf", b"[" * 2000, b'{"a":' * 1500, b"\r\n", b" " * 4096,
]  # fmt: skip
_CODECS = ["utf-16", "utf-32", "utf-8-sig", "utf-7", "latin-1"]


class Mutations:
    """Makes bodies by seed. About half can be read as JSON."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._number = 0
        self._damages: list[Callable[[bytes], bytes]] = [
            self._cut, self._spliced, self._flipped, self._doubled, self._crossed, self._encoded,
        ]  # fmt: skip

    def body(self) -> bytes:
        """The next one."""
        dice = self._dice.random()
        if dice < 0.05:
            return self._soup()
        body = self._document()
        if dice < 0.5:
            return body
        for _ in range(self._dice.randint(1, 3)):
            body = self._dice.choice(self._damages)(body)
        return body

    def _document(self) -> bytes:
        """A real one in which up to three fields, wherever they are, hold something else or are missing."""
        document = json.loads(self._dice.choice(_TEXTS))
        if self._dice.random() < 0.5:
            self._number += 1
            document["idMessage"] = f"FUZZ{self._number}"
        for _ in range(self._dice.randint(0, 3)):
            self._change(document)
        return json.dumps(document, ensure_ascii=self._dice.random() < 0.5).encode("utf-8", "surrogatepass")

    def _change(self, document: dict) -> None:
        while document:
            name = self._dice.choice(list(document))
            inner = document[name]
            if isinstance(inner, dict) and self._dice.random() < 0.8:
                document = inner
                continue
            if self._dice.random() < 0.2:
                del document[name]
            else:
                document[name] = self._value(inner)
            return

    def _value(self, old: object) -> object:
        dice = self._dice.random()
        if dice < 0.6:
            return deepcopy(self._dice.choice(_ODD))  # the next change may reach into it
        if dice < 0.7:
            return self._dice.getrandbits(self._dice.randint(1, 80)) - self._dice.getrandbits(40)
        if dice < 0.8:
            return {str(old)[:50]: old}
        if dice < 0.9:
            return [old] * self._dice.randint(0, 4)
        return "".join(chr(self._dice.randrange(0x3000)) for _ in range(self._dice.randint(0, 30)))

    def _soup(self) -> bytes:
        return b"".join(self._dice.choices(_TOKENS, k=self._dice.randint(0, 12))) or self._dice.randbytes(30)

    def _cut(self, body: bytes) -> bytes:
        return body[: self._dice.randint(0, len(body))]

    def _spliced(self, body: bytes) -> bytes:
        at = self._dice.randint(0, len(body))
        return body[:at] + self._dice.choice(_TOKENS) + body[at + self._dice.randint(0, 3) :]

    def _flipped(self, body: bytes) -> bytes:
        changed = bytearray(body)
        for _ in range(self._dice.randint(1, 4) if body else 0):
            changed[self._dice.randrange(len(changed))] = self._dice.randrange(256)
        return bytes(changed)

    def _doubled(self, body: bytes) -> bytes:
        first, last = sorted(self._dice.randint(0, len(body)) for _ in range(2))
        return body[:last] + body[first:last] * self._dice.randint(1, 3) + body[last:]

    def _crossed(self, body: bytes) -> bytes:
        other = self._dice.choice(_TEXTS).encode()
        return body[: self._dice.randint(0, len(body))] + other[self._dice.randint(0, len(other)) :]

    def _encoded(self, body: bytes) -> bytes:
        return body.decode("utf-8", "replace").encode(self._dice.choice(_CODECS), "replace")
