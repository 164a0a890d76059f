"""The stand-in for GREEN-API from outside: what it is asked, an account that is polled, and patience."""

from __future__ import annotations

import json
import time

import requests

NOOR = "15551230042@c.us"


def ask(green_api, body, *, token="t0ken", instance="7103111222", method="getContactInfo"):
    """A POST that may be wrong: its body, its token, its account or its method."""
    with requests.Session() as session:
        return session.post(
            f"{green_api.url}/waInstance{instance}/{method}/{token}",
            data=body if isinstance(body, str) else json.dumps(body),
            timeout=5,
        )


def api(green_api, verb, method, *, behind="", body=None, instance="7103111222"):
    """A request to any method, with the right token."""
    with requests.Session() as session:
        url = f"{green_api.url}/waInstance{instance}/{method}/t0ken{behind}"
        return session.request(verb, url, json=body, timeout=10)


def polled(account, **changes):
    """The same account without a webhook."""
    return account.model_copy(update={"webhook_url": "", **changes})


def wait_until(true):
    until = time.monotonic() + 5
    while not true():
        assert time.monotonic() < until, "not within 5 s"
        time.sleep(0.005)
