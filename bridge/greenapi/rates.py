"""How often each method may be asked, for each instance.

Source: https://green-api.com/en/docs/api/ratelimiter/
"""

from __future__ import annotations

from connectors.kit import Rate

_OFTEN = {"receiveNotification": 100.0, "deleteNotification": 100.0, "sendMessage": 50.0}
# The pages give the call journals and getWebhooksCount no figure; that of the other journals is the safe one.
_SELDOM = 1.0
_BURST = 1  # two in the same second are one too many, whatever the average


def of(id_instance: str, method: str) -> Rate:
    """The allowance to take from before a method is asked. Each method of an instance has one of its own."""
    per_second = _OFTEN.get(method, _SELDOM)
    return Rate(f"green-api {id_instance} {method}", per_second, _BURST if per_second == _SELDOM else int(per_second))
