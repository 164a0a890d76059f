"""One channel of one service: its address as we use it, and a plugin of Apprise that can reach nothing by itself."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Collection
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from connectors.apprise import transport
from connectors.kit import Http, Rejected

Foreign = Any  # Apprise's objects: the library is loaded late

OURS = {"rto": "10", "cto": "10", "retry": "0", "redirect": "no", "overflow": "truncate", "emojis": "no"}

# Another format would let names in as markup; the others read files or ask strangers for keys.
NOT_THEIRS = {*OURS, "wait", "format", "verify", "template", "attach", "pgp", "pgppub", "pgpprv", "wkd"}

# What a service answers without saying anything to anybody.
QUESTIONS = {
    "discord": "https://discord.com/api/webhooks/{webhook_id}/{webhook_token}",
    "tgram": "https://api.telegram.org/bot{bot_token}/getMe",
}

HOSTS = ("gotify", "json", "mmost", "ntfy")  # of somebody's own: whether they may be reached can be asked

MAIL = {"apprise.plugins.email.base": "apprise.plugins.email.smtp"}  # the one that connects

RENDERING = ("discord", "mmost")  # Markdown, whatever they are told; for the others, Apprise escapes
_MARKS = re.compile(r"([\\`*_~|<>\[\]#])")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


class Channel:
    """For one message. Raises Rejected if the address is not one channel of these services."""

    def __init__(self, url: str, http: Http, services: Collection[str]) -> None:
        self._http = http
        # Not imported at the top: 50 MB that only those who send need, and the web process loads connectors too.
        self._apprise: Foreign = import_module("apprise")
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # below, it writes addresses, and tokens with them
        # Without a time limit it stays in this thread; its pool of threads hangs in forked workers.
        asset = self._apprise.AppriseAsset(service_timeout=0, async_mode=False, app_id="Ringbridge")
        self._plugin: Foreign = self._apprise.Apprise.instantiate(_limited(url), asset=asset)
        if self._plugin is None or self._plugin.schemas().isdisjoint(services):
            raise Rejected("The channel's address is not complete, or not one of its service: copy it again.")
        if len(self._plugin) > 1:
            raise Rejected("The address names several channels: make a connection for each.")
        if vars(self._plugin).get("secure_mode") == "insecure":
            raise Rejected("Mail is sent encrypted only: leave mode= out of the address, or use mode=ssl.")
        module = type(self._plugin).__module__
        transport.guard(sys.modules[MAIL.get(module, module)])

    def ask_quietly(self) -> None:
        """Ask what can be asked without a message: whether the address holds, or the host answers.

        Raises ConnectorError.
        """
        plugin = self._plugin
        for service, question in QUESTIONS.items():
            if service in plugin.schemas():
                self._http.send("GET", question.format_map(vars(plugin)))
        if not plugin.schemas().isdisjoint(HOSTS) and vars(plugin).get("mode") != "cloud":
            port = f":{plugin.port}" if plugin.port else ""
            transport.knock(self._http, f"{'https' if plugin.secure else 'http'}://{plugin.host}{port}/")

    def tell(self, title: str, body: str, kind: str) -> None:
        """Send one message of plain text. Raises ConnectorError."""
        sender = self._apprise.Apprise(asset=self._plugin.asset)
        sender.add(self._plugin)
        with transport.trip(self._http) as trip:
            told = sender.notify(
                title=self._plain(title),
                body=self._plain(body),
                body_format=self._apprise.NotifyFormat.TEXT,
                notify_type=self._apprise.NotifyType(kind),
            )
        if told:
            return
        if trip.error:
            raise trip.error
        name = self._plugin.service_name
        raise Rejected(f"{name} did not take the message: see whether the channel's address is whole.")

    def _plain(self, text: str) -> str:
        text = _INVISIBLE.sub(" ", text)
        if self._plugin.schemas().isdisjoint(RENDERING):
            return text
        # The backslash does not help against @everyone; an invisible space does.
        return _MARKS.sub(r"\\\1", text).replace("@", "@\u200b")


def _limited(url: str) -> str:
    """The address with our limits in place of its own, and without what would read files or allow markup."""
    address, _, query = url.partition("?")
    theirs = [pair for pair in re.split("[&;]", query) if pair and _name(pair) not in NOT_THEIRS]
    return f"{address}?{'&'.join([*theirs, *(f'{name}={value}' for name, value in OURS.items())])}"


def _name(pair: str) -> str:
    return unquote(pair.partition("=")[0].replace("+", " ")).strip().lower()
