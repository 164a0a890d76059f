"""What can be wrong with an instance: how it is then, which answer goes wrong, the exit code and the findings."""

from __future__ import annotations

import json

from clinic import WEBHOOK_TOKEN

from bridge.greenapi.standin import Fault

THEIRS = "https://crm.example.com/canary-secret-of-theirs"
OFF = {"incomingWebhook": "no", "incomingCallWebhook": "no", "stateWebhook": "no"}
FLAGS_OFF = ["incoming-call-webhook-off", "incoming-webhook-off", "state-webhook-off"]
WAITING = json.dumps({"count": 3})


def at(method, **fault):
    return Fault(method=method, **fault)


BROKEN = {
    "everything off": (
        {"settings": OFF, "webhook_url": "", "webhook_token": ""}, None, 1, ["webhook-url-missing", *FLAGS_OFF],
    ),
    "a new instance": (
        {"settings": OFF, "webhook_url": "", "webhook_token": "", "state": "notAuthorized"}, None, 1,
        ["webhook-url-missing", *FLAGS_OFF, "instance-not-authorized"],
    ),
    "no calls": ({"settings": {"incomingCallWebhook": "no"}}, None, 1, ["incoming-call-webhook-off"]),
    "no messages": ({"settings": {"incomingWebhook": "no"}}, None, 1, ["incoming-webhook-off"]),
    "no states": ({"settings": {"stateWebhook": "no"}}, None, 1, ["state-webhook-off"]),
    "wrong token": ({"api_token": "canary-wrong"}, None, 1, ["api-token-refused"]),
    "wrong id": ({"id_instance": "1"}, None, 1, ["instance-unknown"]),
    "wrong address": ({}, at("getStateInstance", status=404), 1, ["api-url-wrong"]),
    "no service": ({}, at("getStateInstance", status=502, body="<html>"), 1, ["api-unreachable"]),
    "expired": ({"expired": True}, None, 1, ["instance-expired"]),
    "deleted": ({}, at("getStateInstance", status=400, body="Instance is deleted"), 1, ["instance-expired"]),
    "logged out": ({"state": "notAuthorized"}, None, 1, ["instance-not-authorized"]),
    "suspended": ({"state": "suspended"}, None, 1, ["instance-suspended"]),
    "suspended, as it was called": ({"state": "yellowCard"}, None, 1, ["instance-suspended"]),
    "banned": ({"state": "blocked"}, None, 1, ["instance-blocked"]),
    "half logged in": ({"state": "pendingPassword"}, None, 1, ["password-pending"]),
    "an unknown state": ({"state": "moonlit"}, None, 1, ["instance-state-unknown"]),
    "being created": ({"state": None}, None, 0, ["instance-being-created"]),
    "starting": ({"state": "starting"}, None, 0, ["instance-starting"]),
    "webhook elsewhere": ({"webhook_url": THEIRS}, None, 1, ["webhook-elsewhere"]),
    "webhook elsewhere and a flag off": (
        {"webhook_url": THEIRS, "settings": {"stateWebhook": "no"}}, None, 1,
        ["webhook-elsewhere", "state-webhook-off"],
    ),
    "wrong webhook token": ({"webhook_token": "canary-other"}, None, 1, ["webhook-token-differs"]),
    "no webhook token": ({"webhook_token": ""}, None, 1, ["webhook-token-differs"]),
    "another scheme": (
        {"webhook_token": "Basic canary", "tokens": ["Bearer canary"]}, None, 1, ["webhook-token-differs"],
    ),
    "an old webhook token": ({"tokens": ["canary-newer", WEBHOOK_TOKEN]}, None, 1, ["webhook-token-old"]),
    "webhook set while polling": (
        {"intake": "poll", "webhook_url": THEIRS}, None, 1, ["webhook-set-while-polling"],
    ),
    "quota used up": ({}, at("lastIncomingCalls", status=466), 1, ["quota-used-up"]),
    "no journal": ({}, at("lastIncomingCalls", status=404), 0, ["journal-unavailable"]),
    "settings that cannot be read": ({}, at("getSettings", status=500), 1, ["settings-unreadable"]),
    "asked too often": ({}, at("getSettings", status=429), 1, ["asked-too-often"]),
    "notifications that wait": ({}, at("getWebhooksCount", status=200, body=WAITING), 1, ["notifications-waiting"]),
}  # fmt: skip
