"""Asks the stand-in of a Bitrix24 portal, as strict as the documentation: what it let pass, no proof would see."""

from __future__ import annotations

import requests

WEBHOOK = "https://acme.bitrix24.test/rest/1/c4nary5ecret"
PHONE = "+15551230042"


def sent(portal, url, json=None, verb="POST", **more):
    return portal.answer(requests.Request(verb, url, json=json, **more).prepare())


def ask(portal, method, **params):
    return sent(portal, f"{WEBHOOK}/{method}", params)


def result(reply):
    assert reply.status == 200, reply
    return reply.body["result"]


def refusal(reply):
    return reply.status, reply.body["error"], reply.body["error_description"]


class App:
    def __init__(self, portal):
        self.portal, self.tokens = portal, portal.oauth.authorise()

    def ask(self, method, **params):
        url = f"https://acme.bitrix24.test/rest/{method}"
        return sent(self.portal, url, {**params, "auth": self.tokens.access})

    def register(self, **changes):
        call = {"USER_ID": 5, "PHONE_NUMBER": PHONE, "TYPE": 2, "SHOW": 0, "EXTERNAL_CALL_ID": "C1", **changes}
        return self.ask("telephony.externalCall.register", **call)
