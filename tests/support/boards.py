"""The board as its script asks for it, and time that passes between two answers."""

from __future__ import annotations


def ask(browser, etag=None, **headers):
    headers |= {"Accept": "text/html", "Sec-Fetch-Mode": "same-origin", "Sec-Fetch-Site": "same-origin"}
    if etag:
        headers["If-None-Match"] = etag
    return browser.client.get("/live", headers=headers)


def later(site, clock, seconds=1.0):
    """Time passes, also for what boards share."""
    clock.pass_(seconds)
    site.app.extensions["live"].changed()
