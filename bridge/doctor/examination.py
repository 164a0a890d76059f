"""The examination: ask GREEN-API, our own store and our own address, compare, and with `fix` write the difference."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from bridge import conditions, instances, secrecy
from bridge.buckets import Buckets
from bridge.doctor import address, findings
from bridge.doctor.comparison import Comparison, compare
from bridge.doctor.findings import Finding
from bridge.doctor.questions import Answers, ask_all
from bridge.greenapi import rates
from bridge.greenapi.client import Client
from bridge.instances import Instance, Standing
from bridge.reception import PATH
from bridge.redaction import without_secrets
from bridge.service import Service
from bridge.store import Store
from connectors.kit import ConnectorError, Http

RESTART = timedelta(minutes=5)
"""What a change of settings may take, as GREEN-API says."""
_LATELY = timedelta(minutes=5)
_REPEATED = timedelta(hours=24)  # for so long GREEN-API sends again what was refused
_PATIENCE = 3.0  # seconds
_JOURNAL = (
    "Its journal of calls can be read. Calls from before the phone was linked are in it only once the instance was "
    "logged out and authorised again, in GREEN-API's console."
)


@dataclass(frozen=True)
class Report:
    """What was found, in the order in which to mend it; `notes` are good to know, and nothing is wrong with them."""

    findings: list[Finding]
    notes: list[str]

    @property
    def ok(self) -> bool:
        """Whether nothing is left but to wait."""
        return all(one.waits for one in self.findings)


@dataclass(frozen=True)
class Doctor:
    """Examines instances. `public_url` is the address under which GREEN-API reaches us; None where nobody has said."""

    store: Store
    http: Http
    buckets: Buckets
    public_url: str | None
    now: Callable[[], datetime]

    @classmethod
    def of(cls, service: Service) -> Self:
        """The one that looks with the eyes of this process."""
        public_url = service.settings.public_url
        return cls(service.store, service.http, service.buckets, public_url, service.now)

    def examine(self, instance: Instance, *, fix: bool = False, replace_webhook: bool = False) -> Report:
        """Say what is wrong; with `fix`, mend what can be mended, by one setSettings at most.

        Nothing is written where that would take a webhookUrl away from somebody else, unless `replace_webhook`.
        Raises StoreUnavailable.
        """
        secrecy.keep_tokens([instance.config.api_token, *instance.config.webhook_tokens])
        client = Client(self.http, instance.config)
        answers = ask_all(client, lambda method: self._wait_for_turn(instance, method))
        compared = self._compared(instance, answers)
        wrong = compared.found
        may_write = not answers.is_starting and (replace_webhook or not compared.takes_away)
        if fix and compared.changes and may_write:
            wrong = self._mended(client, instance, compared)
        with self.store.read() as db:
            standing = instances.standing(db, instance.id)
            heard = {one.reason for one in conditions.of_instances(db, self.now()).get(instance.id, ())}
        found = [*answers.found, *wrong, *self._outside(instance)]
        found += self._traffic(instance, answers, compared, standing)
        if "quota" in heard:  # quotaExceeded: GREEN-API answers us as ever, and keeps back the calls of other chats
            found.append(findings.QUOTA_USED_UP)
        if instance.config.intake == "poll" and standing.poll_reason and all(one.waits for one in found):
            found.append(findings.polling_fails(standing.poll_reason))
        notes = self._notes(answers, standing, ok=all(one.waits for one in found))
        return Report(findings.in_order(found), notes)

    def _compared(self, instance: Instance, answers: Answers) -> Comparison:
        if answers.settings is None:
            return Comparison()
        token = answers.settings.get("webhookUrlToken")
        secrecy.keep_tokens([token] if isinstance(token, str) else [])
        return compare(instance, answers.settings, self.public_url and f"{self.public_url}{PATH}")

    def _mended(self, client: Client, instance: Instance, compared: Comparison) -> list[Finding]:
        """What is left, and what was done."""
        # Before it is written: the instance tells that it starts as soon as it knows of the change.
        until = self.now() + RESTART
        self.store.write(lambda db: instances.restarting(db, instance, until))
        self._wait_for_turn(instance, "setSettings")
        try:
            client.change_settings(compared.changes)
        except ConnectorError as error:
            return [findings.settings_not_saved(without_secrets(error.reason)), *compared.found]
        return [findings.settings_changed(list(compared.changes))]

    def _outside(self, instance: Instance) -> list[Finding]:
        if instance.config.intake == "poll":
            return []
        if self.public_url is None:
            return [findings.PUBLIC_URL_MISSING]
        reason = address.fault(self.http, self.public_url)
        return [findings.public_address_unreachable(without_secrets(reason))] if reason else []

    def _traffic(self, instance: Instance, answers: Answers, compared: Comparison, standing: Standing) -> list[Finding]:
        """What came, what was refused, and what waits."""
        now, last = self.now(), standing.heard_at
        found = []
        if standing.refused_at and now - standing.refused_at < _REPEATED and (not last or standing.refused_at > last):
            is_right = answers.settings is not None and not compared.found
            found.append(findings.notifications_refused(standing.refused, standing.refused_at, is_right=is_right))
        if answers.waiting and (last is None or now - last > _LATELY):
            is_restarting = standing.restarting_until is not None and standing.restarting_until > now
            is_polled = instance.config.intake == "poll"
            waiting = findings.notifications_waiting(answers.waiting, is_polled=is_polled, is_restarting=is_restarting)
            found.append(waiting)
        return found

    def _notes(self, answers: Answers, standing: Standing, *, ok: bool) -> list[str]:
        notes = ["Nothing has come from GREEN-API for it yet." + (" Call the number to see it work." if ok else "")]
        if standing.heard_at:
            minutes = max(0, round((self.now() - standing.heard_at) / timedelta(minutes=1)))
            notes = [f"Last heard of {findings.stamp(standing.heard_at)}, {minutes} minutes ago."]
        if ok and answers.has_journal:
            notes.append(_JOURNAL)
        return notes

    def _wait_for_turn(self, instance: Instance, method: str) -> None:
        """Somebody sits in front of it: wait a moment, and then ask all the same. A refusal would be told."""
        until = time.monotonic() + _PATIENCE
        rate = rates.of(instance.config.id_instance, method)
        while (wait := self.buckets.take(rate, 1)) and time.monotonic() + wait <= until:
            time.sleep(wait)
