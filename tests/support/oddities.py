"""What may come instead of a notification: documents near real ones, with values and bytes that nobody expects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy

from desk import ID_INSTANCE, notification
from hypothesis import strategies as st

_ACCOUNT = {"idInstance": int(ID_INSTANCE), "wid": "15557650001@c.us", "typeInstance": "whatsapp"}
_SENDER = {
    "chatId": "15551230042@c.us",
    "sender": "15551230042@c.us",
    "chatName": "Noor",
    "senderName": "Noor",
    "senderContactName": "Noor (bakery)",
    "senderPhoneNumber": 15551230042,
}
REAL = [
    notification("offer", at=1_763_647_392),
    notification("pickUp", at=1_763_647_395),
    notification("missed", at=1_763_647_399, chat="98765432100@lid"),
    {"typeWebhook": "incomingMessageReceived", "instanceData": _ACCOUNT, "timestamp": 1_763_647_392, "idMessage": "M1",
     "senderData": _SENDER, "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": "Hi"}}},
    {"typeWebhook": "stateInstanceChanged", "instanceData": _ACCOUNT, "timestamp": 1_763_647_392,
     "stateInstance": "notAuthorized"},
    {"typeWebhook": "quotaExceeded", "instanceData": _ACCOUNT, "timestamp": 1_763_647_392,
     "quotaData": {"method": "getContactInfo", "used": 10, "total": 10, "status": "CORRESPONDENTS_QUOTA_EXCEEDED"}},
    {"typeWebhook": "outgoingMessageStatus", "instanceData": _ACCOUNT, "timestamp": 1_763_647_392, "status": "read"},
]  # fmt: skip
"""A notification of each kind, as GREEN-API sends it."""


def _one_of(things: Sequence[object]) -> st.SearchStrategy:
    """One of them, as a copy that may be changed. Hypothesis does not get to see long ones, which it would print."""
    return st.integers(0, len(things) - 1).map(lambda place: deepcopy(things[place]))


_CHARACTERS = st.characters(exclude_categories=()) | st.sampled_from("\x00\ud800\udfff\u202e\u2028\uffff")
_TEXTS = st.text(_CHARACTERS, max_size=20) | _one_of(["", " ", "٣", "\ud800" * 600, "x" * 9999, "NaN", "1e400"])
_NUMBERS = (
    st.integers()
    | st.floats()
    | _one_of([0, -1, 2**31, 2**63, 2**64, 10**17, 10**4200, 253_402_300_800, 99_999_999_999, 1e308, -0.0])
)
_PLAIN = st.none() | st.booleans() | _NUMBERS | _TEXTS


def _nested(inner: st.SearchStrategy) -> st.SearchStrategy:
    return inner | st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3)


_VALUES = _nested(_nested(_PLAIN)) | _one_of(REAL)
_NUMERALS = _one_of([b"9" * 5000, b"-0", b"1e999999", b"NaN", b"-Infinity", b"0.1e-99999"])
_SPLICES = _NUMERALS | _one_of([b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b'"', b"}", b"[" * 2000])
_ENCODINGS = st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "utf-7"])


def _fields(document: dict, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, value in document.items():
        found.append((*path, name))
        if isinstance(value, dict):
            found += _fields(value, (*path, name))
    return found


@st.composite
def _documents(draw: st.DrawFn) -> object:
    """A real one in which up to three fields hold something else, or are missing."""
    document = draw(_one_of(REAL))
    for _ in range(draw(st.integers(0, 3))):
        fields = _fields(document)
        if not fields:
            break
        *path, name = draw(st.sampled_from(fields))
        inner = document
        for step in path:
            inner = inner[step]
        if draw(st.integers(0, 3)):
            inner[name] = draw(_VALUES)
        else:
            del inner[name]
    return document


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """The bytes of a document that were cut, spliced, doubled, wrapped or written in another encoding."""
    text = json.dumps(draw(_documents()), ensure_ascii=draw(st.booleans()))
    body = text.encode("utf-8", "surrogatepass")
    at = draw(st.integers(0, len(body)))
    match draw(st.sampled_from(["cut", "splice", "double", "wrap", "encode", "swap"])):
        case "cut":
            return body[:at]
        case "splice":
            return body[:at] + draw(_SPLICES) + body[at:]
        case "double":  # a key twice, where the last one counts
            return body[:-1] + b"," + body[1:]
        case "wrap":
            depth = draw(st.sampled_from([1, 300, 990, 1000, 5000, 100_000]))
            return b'{"a":' * depth + body + b"}" * depth
        case "encode":
            return text.encode(draw(_ENCODINGS), "replace")
    return body[:at] + draw(st.binary(max_size=4)) + body[at + 1 :]


BODIES = (
    _documents().map(lambda document: json.dumps(document).encode())
    | _damaged()
    | _VALUES.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=64)
)
"""Bodies of requests, of which about one in three is a notification that can be read."""
TOKENS = st.sampled_from(["Bearer s3cret"] * 9 + ["Bearer wrong", "", "Bearer", "Bearer \xff", "s3cret"])
