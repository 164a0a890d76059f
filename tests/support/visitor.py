"""A bridge with its pages, and somebody who looks at them in a browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Self

import requests
from playwright.sync_api import Browser, BrowserContext, Page
from road import ANNA, BORIS, CARLA, CONTACTS, until
from servers import free_port

from bridge.greenapi.standin import Account, GreenApi
from tasks.demo.crm import Crm

ID_INSTANCE = "7103111222"
API_TOKEN = "canary-token-of-the-api"
WEBHOOK_TOKEN = "canary-token-of-the-webhook"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVE = "15551230666@c.us"
STRANGERS = {EVE: {"contactName": "", "name": "<img src=x onerror=alert(1)>[URL]\u202eevil"}}
_DAY = ((ANNA, "pickUp"), (BORIS, "missed"), (EVE, "missed"), (CARLA, "hungUp"), (ANNA, "missed"), (ANNA, "declined"))
PASSWORD = "several words that nobody guesses"
_RINGBRIDGE = [sys.executable, "-m", "tasks.main"]


class House:
    """`ringbridge up` without an instance or a connection; the stand-ins know one account, which pushes nowhere."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.crm = Crm({"crm": SECRET})
        self.crm.start()
        self.green_api = GreenApi(pause=0.5)
        self.green_api.start()
        self.green_api.account(self._account())
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RINGBRIDGE_")},
            "RINGBRIDGE_DATA_DIR": str(folder / "data"),
            "RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
            "RINGBRIDGE_PUBLIC_URL": self.url,
            **environment,
        }
        self._said = folder / "up.out"
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.green_api.stop()
        self.crm.stop()

    def start(self) -> None:
        with self._said.open("w") as stdout, (self.folder / "up.log").open("a") as stderr:
            line = [*_RINGBRIDGE, "up", "--port", str(self.port)]
            self._process = subprocess.Popen(line, env=self.environment, stdout=stdout, stderr=stderr)
        until(self._is_ready, what="the bridge to be ready")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    @property
    def first_address(self) -> str:
        """What `up` printed for the first administrator."""
        until(lambda: "/start?code=" in self._said.read_text(), what="the address of the first start")
        return re.search(r"http\S+/start\?code=\S+", self._said.read_text()).group()

    def run(self, *arguments: str, given: str = "") -> str:
        """One command, which must succeed; what it printed."""
        line = [*_RINGBRIDGE, *arguments]
        done = subprocess.run(line, env=self.environment, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def person(self, name: str, role: str) -> None:
        self.run("user", "add", name, "--role", role, given=f"{PASSWORD}\n")

    def furnish(self, more: str = "") -> None:
        """An instance and a connection, as a file describes them, and GREEN-API pushing to us."""
        file = self.folder / "ringbridge.toml"
        file.write_text(
            f'[[instance]]\nname = "support"\nid_instance = "{ID_INSTANCE}"\napi_url = "{self.green_api.url}"\n'
            f'api_token = "{API_TOKEN}"\nwebhook_token = "{WEBHOOK_TOKEN}"\n\n[[connection]]\nname = "crm"\n'
            f'connector = "webhook"\npolicy = "all"\n'
            f'settings = {{ url = "{self.crm.url}/hooks/crm", secret = "{SECRET}" }}\n{more}'
        )
        self.run("apply", str(file))
        self.push()

    def push(self) -> None:
        """GREEN-API pushes to us, as an administrator would set it there."""
        self.green_api.account(self._account(webhook_url=f"{self.url}/webhooks/greenapi", webhook_token=WEBHOOK_TOKEN))

    def _account(self, **more: str) -> Account:
        return Account(id_instance=ID_INSTANCE, api_token=API_TOKEN, contacts={**CONTACTS, **STRANGERS}, **more)

    def ring(self, chat: str, outcome: str | None = "missed", after: float = 0.2) -> str:
        """Returns the call's id."""
        return f"{ID_INSTANCE}-{self.green_api.ring(ID_INSTANCE, chat, outcome, after)}"

    def calls(self) -> list[dict]:
        return json.loads(self.run("call", "list", "--json"))

    def fill(self) -> None:
        """A day of an office: calls of every kind, one system that is down, and something nobody could read."""
        down = f"http://127.0.0.1:{free_port()}/hooks/down"
        self.furnish(
            f'\n[[connection]]\nname = "down"\nconnector = "webhook"\npolicy = "result"\n'
            f'settings = {{ url = "{down}", secret = "{SECRET}" }}\n'
        )
        until(lambda: self._taken(b"{") == 200, what="the instance to be known")
        for chat, outcome in _DAY:
            self.ring(chat, outcome)
        until(lambda: sum(call["status"] != "ringing" for call in self.calls()) == 6, what="every call to be over")
        self.run("connection", "pause", "down")
        self.ring(EVE, None)
        until(lambda: len(self.calls()) == 7, what="the call to ring")

    def _taken(self, body: bytes) -> int:
        headers = {"Authorization": f"Bearer {WEBHOOK_TOKEN}"}
        return requests.post(f"{self.url}/webhooks/greenapi", body, headers=headers, timeout=10).status_code


class Visitor:
    """One person at one browser. What the page's console says, and what the page asked of others, is kept."""

    def __init__(self, browser: Browser, house: House, **options: object) -> None:
        self.house = house
        self.context: BrowserContext = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", lambda said: self._complained(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda asked: self._asked(asked.url))

    def _complained(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        if not url.startswith((self.house.url, "data:")):
            self.strangers.append(url)

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.house.url}{path}")
        return self.page

    def sign_in(self, name: str) -> Page:
        page = self.open("/login")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    def text(self, selector: str = "main") -> str:
        return self.page.locator(selector).inner_text()
