"""The address of an inbound webhook, which holds its secret and whose rights it has.

Source: https://apidocs.bitrix24.com/local-integrations/local-webhooks.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_PATH = re.compile(r"/rest/(?:api/)?(?P<user>[1-9]\d*)/(?P<secret>\w+)(?:/[\w.]*)?/?", re.ASCII)


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """One inbound webhook. `owner` is the user whose rights it has, and the author of what it makes."""

    site: str
    host: str
    owner: str
    secret: str = field(repr=False)

    @property
    def classic(self) -> str:
        """Where the classic methods are."""
        return f"{self.site}/rest/{self.owner}/{self.secret}/"

    @property
    def version_3(self) -> str:
        """Where the methods of REST 3.0 are: tasks, but neither the CRM nor notifications."""
        return f"{self.site}/rest/api/{self.owner}/{self.secret}/"


def parse(url: str) -> WebhookAddress | None:
    """With or without a slash or a method at the end; None if it is not the address of a webhook."""
    try:
        address = urlsplit(url.strip())
        host, _ = address.hostname, address.port
    except ValueError:
        return None
    found = _PATH.fullmatch(address.path)
    if address.scheme not in ("https", "http") or not host or "@" in address.netloc or not found:
        return None
    return WebhookAddress(f"{address.scheme}://{address.netloc}", host, found["user"], found["secret"])
