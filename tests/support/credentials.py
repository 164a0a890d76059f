"""A password that nobody guesses, and the form in which a browser sends it."""

from __future__ import annotations

import re

GOOD = "several words that nobody guesses"
HTML = {"Accept": "text/html"}


def fields(client, path, **given):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path, headers=HTML).text).group(1)
    return {"csrf_token": token, **given}


def sign_in(client, name="ada", password=GOOD, headers=HTML, **more):
    data = fields(client, "/login", name=name, password=password, **more)
    return client.post("/login", data=data, headers=headers)
