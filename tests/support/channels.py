"""Channels of operators, and a service behind them that takes every message."""

import json

from connectors.apprise import Apprise, AppriseSettings
from connectors.kit import Http, Known
from connectors.kit.testing import Reply, Stand

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "https://discord.com/api/webhooks/123456789012345678/t0ken"
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/12315544"
TEAMS = "https://prod-1.westeurope.logic.azure.com:443/workflows/643e69f8/triggers/manual/paths/invoke"
GOOGLE_CHAT = "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=kkk&token=ttt"


class Service:
    """Takes every message, and answers as Slack and Telegram do."""

    def __init__(self):
        self.requests = []

    def answer(self, request):
        self.requests.append(request)
        return Reply(200, {"ok": True, "result": {}} if "telegram" in request.url else "ok")

    def held(self):
        return [request.body for request in self.requests]


def apprise(url, http):
    return Apprise(AppriseSettings(url=url), http)


def sent_to(url, call, known=None):
    """The requests that a delivery makes."""
    service = Service()
    apprise(url, Http(adapter=Stand(service))).deliver(call, known or Known())
    return service.requests


def message_to(url, call):
    [request] = sent_to(url, call)
    return json.loads(request.body)
