"""An instance that is examined: broken as a test wants it, checked by the command, and looked at afterwards."""

from __future__ import annotations

import json

from sqlalchemy import select, update

from bridge.greenapi.standin import Account
from bridge.reception import PATH
from bridge.settings import Settings
from bridge.store import open_store
from bridge.store.tables import instances

LINE = "7103111222"
API_TOKEN, WEBHOOK_TOKEN = "canary-token-of-the-api", "canary-token-of-the-webhook"


class Clinic:
    """An instance here and at GREEN-API, broken as each test wants it."""

    def __init__(self, run, green_api, public, folder):
        self.run, self.green_api, self.public, self.folder = run, green_api, public, folder

    def admit(self, *, api_token=API_TOKEN, id_instance=LINE, intake="webhook", tokens=(WEBHOOK_TOKEN,), **account):
        """Describe the instance here, and have it at GREEN-API as `account` says; all is well by default."""
        url = "" if intake == "poll" else f"{self.public}{PATH}"
        known = {"id_instance": LINE, "api_token": API_TOKEN, "webhook_url": url, "webhook_token": WEBHOOK_TOKEN}
        self.green_api.account(Account(**{**known, **account}))
        lines = ["[[instance]]", 'name = "support"', f'id_instance = "{id_instance}"', f'intake = "{intake}"']
        lines += [f'api_url = "{self.green_api.url}"', f'api_token = "{api_token}"']
        if intake == "webhook":
            lines.append(f"webhook_token = {json.dumps(list(tokens))}")
        file = self.folder / "ringbridge.toml"
        file.write_text("\n".join(lines))
        assert self.run("apply", file).exit_code == 0

    def check(self, *more):
        """(exit code, ids of the findings)."""
        done = self.run("instance", "check", "support", "--json", *more)
        told = json.loads(done.stdout)
        assert set(told) == {"ok", "findings"}
        assert all(set(one) == {"id", "text", "next"} for one in told["findings"])
        assert told["ok"] is (done.exit_code == 0)
        for secret in (API_TOKEN, WEBHOOK_TOKEN, "canary"):
            assert secret not in done.output
        return done.exit_code, [one["id"] for one in told["findings"]]

    @property
    def changes(self):
        """How often the settings were changed at GREEN-API."""
        return sum(entry.get("method") == "setSettings" for entry in self.green_api.log.entries())

    def stored(self, **values):
        """Set columns of the instance; without any, the row."""
        store = open_store(Settings(data_dir=self.folder / "data"))
        if values:
            store.write(lambda db: db.execute(update(instances).values(**values)) and None)
        with store.read() as db:
            row = db.execute(select(instances)).one()
        store.close()
        return row
