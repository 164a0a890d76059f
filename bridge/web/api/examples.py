"""One example for each model where one says more than its schema. A test holds them against the models."""

from __future__ import annotations

from typing import Any

_CALL_ID = "7103111222-9C41D0A7F2B84E6E93B1D5C0AA77E210"
_CHAT = "15551230042@c.us"
_DELIVERY: dict[str, Any] = {
    "id": 41,
    "connection": "sales",
    "connector": "bitrix24",
    "state": "delivered",
    "owes": "missed",
    "told": "missed",
    "attempts": 1,
    "due_at": None,
    "reason": None,
    "receipt": {"record_id": "977", "url": "https://acme.bitrix24.com/crm/lead/details/977/"},
}
_CALL: dict[str, Any] = {
    "id": _CALL_ID,
    "instance": "support",
    "id_message": "9C41D0A7F2B84E6E93B1D5C0AA77E210",
    "chat_id": _CHAT,
    "phone": "+15551230042",
    "caller": "Noor (bakery)",
    "caller_source": "contact_name",
    "status": "missed",
    "video": None,
    "direction": "incoming",
    "late": False,
    "source": "webhook",
    "started_at": "2026-11-20T14:03:12Z",
    "outcome_at": "2026-11-20T14:03:31Z",
    "deliveries": [_DELIVERY],
}
EXAMPLES: dict[str, Any] = {
    "Call": _CALL,
    "Delivery": {**_DELIVERY, "call": _CALL_ID},
    "FollowUp": {
        "instance": "support",
        "chat_id": _CHAT,
        "caller": "Noor (bakery)",
        "phone": "+15551230042",
        "count": 3,
        "first_at": "2026-11-20T13:54:02Z",
        "last_at": "2026-11-20T14:03:12Z",
        "claimed_by": None,
        "claimed_at": None,
    },
    "Claim": {"instance": "support", "chat_id": _CHAT},
    "Whose": {"instance": "support", "chat_id": _CHAT},
    "ReplayOrder": {"connection": "sales", "state": ["failed"], "since": "2h"},
    "InstanceNew": {
        "name": "support",
        "id_instance": "7103111222",
        "api_url": "https://7103.api.greenapi.com",
        "api_token": "as-apiTokenInstance-in-the-console",
        "webhook_token": "openssl-rand-hex-32-makes-one",
    },
    "InstanceChange": {"timezone": "Europe/Berlin"},
    "InstanceCheckOrder": {"fix": True},
    "ConnectionNew": {
        "name": "sales",
        "connector": "webhook",
        "policy": "all",
        "settings": {
            "url": "https://example.com/hooks/calls",
            "secret": "whsec_ZXhhbXBsZSBvZiBhIHNlY3JldCBvZiB5b3Vycw==",
        },
    },
    "ConnectionChange": {"policy": "result", "settings": {"secret": ""}},
    "UserNew": {"name": "olga", "password": "four words that rhyme", "role": "operator"},
    "UserChange": {"role": "administrator"},
    "TokenNew": {"name": "warehouse", "role": "operator"},
    "Whoami": {"token": "warehouse", "role": "operator"},
}
