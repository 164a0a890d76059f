"""An instance's settings at GREEN-API against those that calls need. Pure: nothing is asked, and nothing written.

Source: https://green-api.com/en/docs/api/account/SetSettings/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bridge.directory import Tokens
from bridge.doctor import findings
from bridge.doctor.findings import Finding
from bridge.instances import Instance

_FLAGS = {
    "incomingCallWebhook": findings.CALLS_OFF,
    "incomingWebhook": findings.MESSAGES_OFF,
    "stateWebhook": findings.STATE_OFF,
}


@dataclass(frozen=True)
class Comparison:
    """What differs; `changes` would mend all of it. `takes_away`: somebody else would lose their notifications."""

    found: list[Finding] = field(default_factory=list)
    changes: dict[str, str] = field(default_factory=dict)
    takes_away: bool = False


def compare(instance: Instance, settings: Mapping[str, Any], our_url: str | None) -> Comparison:
    """Compare what getSettings said; `our_url` is the address of our webhook, None where that is not known."""
    polled = instance.config.intake == "poll"
    webhook = _polled(settings, our_url) if polled else _pushed(instance, settings, our_url)
    off = [name for name in _FLAGS if settings.get(name) != "yes"]  # a flag that is missing is off
    return Comparison(
        found=[*webhook.found, *(_FLAGS[name] for name in off)],
        changes={**webhook.changes, **dict.fromkeys(off, "yes")},
        takes_away=webhook.takes_away,
    )


def _polled(settings: Mapping[str, Any], our_url: str | None) -> Comparison:
    url = _text(settings, "webhookUrl")
    if not url:
        return Comparison()
    cleared = {"webhookUrl": ""}
    if _is_ours(url, our_url):
        return Comparison([findings.WEBHOOK_SET_WHILE_POLLING], cleared)
    return Comparison([findings.webhook_elsewhere_while_polling(_host(url))], cleared, takes_away=True)


def _pushed(instance: Instance, settings: Mapping[str, Any], our_url: str | None) -> Comparison:
    if our_url is None:
        return Comparison()  # nobody can say then whose webhookUrl it is
    url, token = _text(settings, "webhookUrl"), _text(settings, "webhookUrlToken")
    first = instance.config.webhook_tokens[0]
    token_change = {} if _fits([first], token, instance) else {"webhookUrlToken": first}
    if not url:
        return Comparison([findings.WEBHOOK_URL_MISSING], {"webhookUrl": our_url, **token_change})
    if not _is_ours(url, our_url):
        changes = {"webhookUrl": our_url, **token_change}
        return Comparison([findings.webhook_elsewhere(_host(url))], changes, takes_away=True)
    if not token_change:
        return Comparison()
    is_accepted = _fits(instance.config.webhook_tokens, token, instance)
    return Comparison([findings.WEBHOOK_TOKEN_OLD if is_accepted else findings.WEBHOOK_TOKEN_DIFFERS], token_change)


def _fits(tokens: tuple[str, ...] | list[str], setting: str, instance: Instance) -> bool:
    """Whether our door would open to what GREEN-API sends for this `webhookUrlToken`."""
    named = setting.casefold().startswith(("bearer ", "basic "))
    header = setting if named or not setting else f"Bearer {setting}"
    return bool(Tokens([(token, instance) for token in tokens]).instances(header))


def _is_ours(url: str, our_url: str | None) -> bool:
    """Whether both lead to the same door: with or without a slash at the end, and however the host is written."""
    return our_url is not None and _parts(url) == _parts(our_url)


def _parts(url: str) -> tuple[str, str, int | None, str, str] | None:
    try:
        address = urlsplit(url)
        port = address.port or {"https": 443, "http": 80}.get(address.scheme)
    except ValueError:
        return None
    return address.scheme, (address.hostname or "").rstrip("."), port, address.path.rstrip("/"), address.query


def _host(url: str) -> str:
    """Whose address it is. No more of it is shown: some have a secret behind the host."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return host if host and host.isprintable() else "another address"


def _text(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name)
    return value.strip() if isinstance(value, str) else ""
