"""What is sent, and when: the same plan for every run of the same rate.

A call is two notifications: the offer, and its outcome `GAP` seconds later. "N/s" always counts notifications, half
of them offers, and the `webhook` connection owes one request for each. Calls go round the instances, and each
instance round its chats, so that the rings of one instance are as far apart as the rate allows: 64 × 2 / rate
seconds, which is more than 5 s up to 25/s.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

INSTANCES = 64
CHATS = 24
"""For each instance. Together they are more than ring in the seconds between a call and its outcome at any rate."""
GAP = 3.0

_OUTCOMES = (("pickUp", "answered"), ("declined", "missed"), ("hungUp", "dropped"))


@dataclass(frozen=True, slots=True)
class Slot:
    """One notification: `at` seconds after the start. `counted` is false while calls only begin, or only end."""

    at: float
    instance: int
    call: int
    status: str
    webhook_id: str
    counted: bool


def id_instance(instance: int) -> str:
    return str(7103000000 + instance)


def token(instance: int) -> str:
    return f"bench-webhook-token-{instance:04d}"


def chat_id(call: int) -> str:
    return f"1555{call % (INSTANCES * CHATS):07d}@c.us"


def slots(run: int, rate: float, seconds: float) -> list[Slot]:
    """`seconds` of a steady rate, between a time in which calls only begin and one in which they only end."""
    calls = round((GAP + seconds) * rate / 2)
    made: list[Slot] = []
    for call in range(calls):
        at = 2 * call / rate
        sent, told = _OUTCOMES[call % 3]
        ends = at + GAP + 1 / rate  # half a step later, so that offers and outcomes take turns
        made.append(_slot(run, call, at, "offer", "ringing", counted=at >= GAP))
        made.append(_slot(run, call, ends, sent, told, counted=ends <= GAP + seconds))
    return sorted(made, key=lambda slot: slot.at)


def introductions(run: int, rate: float) -> list[Slot]:
    """One outcome without an offer from every chat: a whole call, for which GREEN-API is asked who it was."""
    return [_slot(run, call, call / rate, "pickUp", "answered", counted=True) for call in range(INSTANCES * CHATS)]


def _slot(run: int, call: int, at: float, sent: str, told: str, *, counted: bool) -> Slot:
    instance = call % INSTANCES
    return Slot(at, instance, call, sent, f"{id_instance(instance)}-{id_message(run, call)}-{told}", counted)


def id_message(run: int, call: int) -> str:
    return f"{run:08X}{call:024X}"


def incoming_call(run: int, slot: Slot, timestamp: int) -> bytes:
    """The body of a notification about a call, as GREEN-API writes it."""
    return json.dumps(
        {
            "from": chat_id(slot.call),
            "typeWebhook": "incomingCall",
            "instanceData": _instance_data(slot.instance),
            "status": slot.status,
            "timestamp": timestamp,
            "idMessage": id_message(run, slot.call),
        }
    ).encode()


def incoming_message(instance: int) -> bytes:
    """The body of a notification that the bridge has no use for: somebody wrote a message."""
    return json.dumps(
        {
            "typeWebhook": "incomingMessageReceived",
            "instanceData": _instance_data(instance),
            "timestamp": 1795170000,
            "idMessage": "F7AEC1B7086ECDC7E6E45923F5EDB825",
            "senderData": {
                "chatId": chat_id(instance),
                "chatName": "Noor (bakery)",
                "sender": chat_id(instance),
                "senderName": "Noor",
                "senderContactName": "Noor (bakery)",
            },
            "messageData": {
                "typeMessage": "textMessage",
                "textMessageData": {"textMessage": "Could you call me back about the order of Thursday, please?"},
            },
        }
    ).encode()


def configuration(site: str) -> Iterator[str]:
    """The lines of a ringbridge.toml: all instances, and one `webhook` connection, both at this address."""
    for instance in range(INSTANCES):
        yield "[[instance]]"
        yield f'name = "line{instance:02d}"'
        yield f'id_instance = "{id_instance(instance)}"'
        yield f'api_url = "{site}"'
        yield 'api_token = "bench-api-token"'
        yield f'webhook_token = "{token(instance)}"'
        yield "lookups_per_second = 100"
    yield "[[connection]]"
    yield 'name = "crm"'
    yield 'connector = "webhook"'
    yield f'settings = {{ url = "{site}/hooks/crm", secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }}'


def _instance_data(instance: int) -> dict[str, object]:
    return {"idInstance": int(id_instance(instance)), "wid": "15557650001@c.us", "typeInstance": "whatsapp"}
