"""Calls told through an inbound webhook: notifications, notes, leads and tasks. The call card needs an application.

Source: https://apidocs.bitrix24.com/local-integrations/local-webhooks.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from connectors.bitrix24 import address, selfcheck
from connectors.bitrix24.bell import Bell
from connectors.bitrix24.leads import make_lead, whose
from connectors.bitrix24.lookup import find
from connectors.bitrix24.notes import TO_DO, WRITERS, Draft
from connectors.bitrix24.progress import Progress
from connectors.bitrix24.refusals import Refused, Vanished
from connectors.bitrix24.reminders import make_task, make_todo
from connectors.bitrix24.rest import Rest, rate
from connectors.bitrix24.settings import Bitrix24Settings
from connectors.bitrix24.wording import neutral
from connectors.kit import (
    Call,
    CallStatus,
    Connector,
    ConnectorError,
    Finding,
    Http,
    Known,
    Person,
    Policy,
    Receipt,
    Rejected,
    Retryable,
)

Step = Callable[[Call, Progress], None]

SEARCHABLE_AFTER = 5.0  # seconds; how soon a new record is found is not documented


class Bitrix24(Connector):
    title = "Bitrix24 (inbound webhook)"
    Settings = Bitrix24Settings
    policy = Policy.ALL
    on_unsure = "look"
    requests = 3

    def __init__(self, settings: Bitrix24Settings, http: Http) -> None:
        webhook = address.parse(settings.webhook_url.get_secret_value())
        if webhook is None:  # the settings have seen to that
            raise Rejected("The webhook's address is not one of Bitrix24: copy it again.")
        self._settings = settings
        self._site = webhook.site
        self._owner = webhook.owner
        self._rest = Rest(http, webhook.classic)
        self._version_3 = Rest(http, webhook.version_3)
        self.rate = rate(webhook.host)
        # A lead and a task are each looked for before they are made, which typical attempts without them do not.
        self.requests += 2 * (settings.unknown_callers != "ignore") + 2 * (settings.missed_task != "no")

    def check(self) -> None:
        selfcheck.prove(self._rest, self._settings)

    def findings(self, fix: bool) -> list[Finding]:  # noqa: ARG002, FBT001 - there is nothing that we could mend
        return selfcheck.findings(self._rest, self._settings)

    def find_caller(self, phone: str) -> Person | None:
        return find(self._rest, self._site, phone)

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        progress = Progress(known)
        if call.caller.phone is None:  # a group, or somebody who hides the number, has no record
            progress.person = None
        try:
            if call.status is CallStatus.RINGING:
                self._ring(call, progress)
            else:
                self._end(call, progress)
            if progress.trouble:
                raise progress.trouble
        except ConnectorError as error:
            error.receipt = progress.receipt
            if isinstance(error, Retryable):
                error.look_after = SEARCHABLE_AFTER
            raise
        return progress.receipt

    def withdraw(self, call: Call, known: Known) -> None:  # noqa: ARG002 - the tag is the call's
        Bell(self._rest, call.id).take_back()

    def _ring(self, call: Call, progress: Progress) -> None:
        if progress.person is None:
            progress.belongs_to(self._find(call))
        if progress.part("rung") is None:
            told = self._tell(call, call.id, progress)
            progress.keep(rung=",".join(told))
        self._say_in_chat(call, progress)

    def _end(self, call: Call, progress: Progress) -> None:
        """The note comes before all that only makes it easier to notice, and nothing of that prevents it."""
        if _may_ring(progress):
            with progress.deferring():
                Bell(self._rest, call.id).take_back()
                progress.keep(withdrawn="yes")
        if progress.part("noted") != call.status:
            if progress.person is None:  # right before a lead is made: another call may have made one meanwhile
                progress.belongs_to(self._find(call))
            with progress.deferring(Refused):
                self._note(call, progress)
                progress.keep(noted=call.status.value)
        if call.status is CallStatus.MISSED and progress.part("told") is None:
            with progress.deferring():
                told = self._tell(call, f"{call.id}|end", progress)
                progress.keep(told=",".join(told))
        if call.status in TO_DO:
            with progress.deferring():
                self._again_if_vanished(call, progress, self._remind)
        with progress.deferring():
            self._say_in_chat(call, progress)

    def _tell(self, call: Call, group: str, progress: Progress) -> list[str]:
        """Notify whoever is to hear of it; where the responsible cannot be notified, the operators."""
        bell, message = Bell(self._rest, group), _message(call, progress.person)
        operators = self._settings.operators
        if self._settings.notify == "nobody":
            return []
        responsible = _responsible(progress.person) if self._settings.notify == "responsible" else None
        afresh = progress.known.unsure
        if responsible:
            told = bell.tell([responsible], message, afresh=afresh)
            if told:
                return told
            operators, afresh = [user for user in operators if user != responsible], False
        return bell.tell(operators, message, afresh=afresh)

    def _note(self, call: Call, progress: Progress) -> None:
        self._make_lead_if_wanted(call, progress)
        self._again_if_vanished(call, progress, self._write)

    def _again_if_vanished(self, call: Call, progress: Progress, step: Step) -> None:
        """Records are deleted, and merged into others: whose the number is now is looked up once."""
        try:
            step(call, progress)
        except Vanished:
            progress.belongs_to(self._find(call))
            self._make_lead_if_wanted(call, progress)
            step(call, progress)

    def _write(self, call: Call, progress: Progress) -> None:
        person, kind = progress.person, self._settings.note
        if person is None or kind == "none":
            return
        draft = Draft(call, person, self._assignees(person), progress.part(kind), progress.known.unsure)
        note_id = WRITERS[kind](self._rest, draft)
        progress.keep(**{kind: note_id})
        progress.receipt = replace(progress.receipt, record_id=note_id, url=person.url)

    def _find(self, call: Call) -> Person | None:
        return find(self._rest, self._site, call.caller.phone) if call.caller.phone else None

    def _make_lead_if_wanted(self, call: Call, progress: Progress) -> None:
        wanted, phone = self._settings.unknown_callers, call.caller.phone
        if progress.person is not None or phone is None or wanted == "ignore":
            return
        if wanted == "lead_if_missed" and call.status not in TO_DO:
            return
        users, source = self._assignees(None), self._settings.lead_source
        lead_id = progress.part("lead") or make_lead(
            self._rest, call, phone, users, source, unsure=progress.known.unsure
        )
        progress.keep(lead=lead_id)  # at once: what follows may fail, and a search may not find it yet
        progress.belongs_to(whose(self._rest, self._site, lead_id, phone))

    def _remind(self, call: Call, progress: Progress) -> None:
        kind, person = self._settings.missed_task, progress.person
        if kind == "no" or not call.caller.phone or progress.part(kind):
            return
        due = call.status_at + timedelta(minutes=self._settings.task_minutes)
        users = self._assignees(person)
        if kind == "task":
            progress.keep(task=make_task(self._rest, self._version_3, call, person, users, self._owner, due))
        elif person is not None:  # a to-do has to be in somebody's record
            progress.keep(todo=make_todo(self._rest, call, person, users, due, unsure=progress.known.unsure))

    def _say_in_chat(self, call: Call, progress: Progress) -> None:
        """One line for each call, changed in place. A line whose id was never heard is said once more."""
        if not self._settings.chat_id or progress.part("chat_says") == call.status:
            return
        message, message_id = _message(call, progress.person), progress.part("chat")
        if message_id:
            try:
                self._rest.call("im.message.update", {"MESSAGE_ID": message_id, "MESSAGE": message})
            except Refused as error:  # lines can be changed for a limited time only
                if error.code not in ("CANT_EDIT_MESSAGE", "MESSAGE_ID_ERROR"):
                    raise
                message_id = None
        if not message_id:
            line = {"DIALOG_ID": self._settings.chat_id, "MESSAGE": message, "URL_PREVIEW": "N"}
            message_id = str(self._rest.call("im.message.add", line))
        progress.keep(chat=message_id, chat_says=call.status.value)

    def _assignees(self, person: Person | None) -> list[str]:
        """Who is given what there is to do; whoever comes next gets it where the one before has left."""
        responsible = _responsible(person)
        others = self._settings.operators[:1] or [self._owner]
        return list(dict.fromkeys([*([responsible] if responsible else []), *others, self._owner]))


def _responsible(person: Person | None) -> str | None:
    return person.parts.get("responsible") if person else None


def _may_ring(progress: Progress) -> bool:
    if progress.part("withdrawn"):
        return False
    rung = progress.part("rung")
    return progress.known.unsure or bool(rung) or (rung is None and progress.known.told is CallStatus.RINGING)


def _message(call: Call, person: Person | None) -> str:
    """The call in one line, and the record: if several have the number, which of how many."""
    text = neutral(call.summary)
    if person is None or not person.url:
        return text
    matched = person.parts.get("matched")
    return f"{text} {person.url} (1/{matched})" if matched else f"{text} {person.url}"
