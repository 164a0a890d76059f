"""Tasks: one while it rings, and one to call back, which gathers all missed calls of a caller until it is done."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import datetime

from connectors.hubspot import wording
from connectors.hubspot.keeping import Keeper, Wanted
from connectors.hubspot.names import TASKS
from connectors.hubspot.records import KeyMissing, Records
from connectors.hubspot.settings import HubspotSettings
from connectors.kit import Call, CallStatus, Person, Receipt

Steps = Generator[Receipt, None, Receipt]
"""Yields the receipt whenever something has been made, so that an error can carry it; returns the last one."""

OWN_TASK = "task"
"""The part of a receipt that names this call's own task."""
COUNTED_IN = "counted_in"
"""The part of a receipt that names the task to call back which counts this call: its own, or an earlier call's."""
OPEN_TASK, OPEN_TASK_OF, MISSED = "open_task", "open_task_of", "missed"
"""The parts of a person that name the task to call them back, the contact it hangs on, and how many calls it counts."""

DONE = {"hs_task_status": "COMPLETED"}


class Tasks:
    """Every step raises ConnectorError. The receipt's person is the caller."""

    def __init__(self, records: Records, keeper: Keeper, settings: HubspotSettings) -> None:
        self._records = records
        self._keeper = keeper
        self._settings = settings
        self._extra = settings.demanded("tasks")

    def ring(self, call: Call, owner: str | None, made: Receipt, *, unsure: bool) -> Steps:
        """The phone rings: a task that is due now."""
        if is_group(call):
            return made
        made = self._opened(call, call.started_at, owner, made, unsure=unsure)
        yield made
        return self._keeper.linked(TASKS, made.parts[OWN_TASK], made)

    def follow(self, call: Call, owner: str | None, made: Receipt, *, unsure: bool) -> Steps:
        """The outcome: somebody is to call back, or what was to be done while it rang is done."""
        if not self._is_to_be_called_back(call):
            return self.closed(call, made, unsure=unsure)
        if COUNTED_IN not in made.parts:
            made = self._gathered(call, made) or self._alone(call, owner, made, unsure=unsure)
            yield made
        if made.parts[COUNTED_IN] != made.parts.get(OWN_TASK):
            made = self.closed(call, made, unsure=unsure)
        return self._on_timeline(made)

    def closed(self, call: Call, made: Receipt, *, unsure: bool) -> Receipt:
        """This call's own task is done, if it has one."""
        if OWN_TASK in made.parts:
            self._records.change(TASKS, made.parts[OWN_TASK], DONE)
        elif unsure and (self._settings.ring_task or COUNTED_IN in made.parts) and not is_group(call):
            self._close_unheard(call, made)
        return replace(made, parts={name: value for name, value in made.parts.items() if name != OWN_TASK})

    def _is_to_be_called_back(self, call: Call) -> bool:
        wanted = {CallStatus.MISSED: self._settings.missed_task, CallStatus.DROPPED: self._settings.task_on_dropped}
        return wanted.get(call.status, False) and not is_group(call)

    def _alone(self, call: Call, owner: str | None, made: Receipt, *, unsure: bool) -> Receipt:
        made = self._opened(call, self._due_at(call), owner, made, unsure=unsure)
        return _counted(made, made.parts[OWN_TASK], 1)

    def _opened(self, call: Call, due_at: datetime, owner: str | None, made: Receipt, *, unsure: bool) -> Receipt:
        wanted = self._wanted(call, due_at, owner)
        task, made = self._keeper.keep(wanted, made.parts.get(OWN_TASK), made, unsure=unsure)
        return replace(made, parts={**made.parts, OWN_TASK: task})

    def _wanted(self, call: Call, due_at: datetime, owner: str | None) -> Wanted:
        moments = {wording.milliseconds(moment) for moment in (call.started_at, self._due_at(call))}
        return Wanted(
            TASKS,
            key=f"{call.id}:t",
            mark=wording.mark(call),
            properties={**self._extra, **wording.task(call, due_at, owner)},
            found_by=[{"hs_timestamp": moment} for moment in sorted(moments)],
        )

    def _gathered(self, call: Call, made: Receipt) -> Receipt | None:
        """Count this call in the task of an earlier one, if that is still to be done.

        Repeating it counts once: the number grows in the receipt's person, which is kept together with the receipt.
        """
        parts = made.person.parts if made.person else {}
        task = parts.get(OPEN_TASK)
        if task is None or not self._is_open(task):
            return None
        times = int(parts.get(MISSED, "1")) + 1
        if not self._records.change(TASKS, task, wording.due(call, self._due_at(call), times)):
            return None
        return _counted(made, task, times)

    def _is_open(self, task: str) -> bool:
        found = self._records.read(TASKS, task, ["hs_task_status"])
        return found is not None and found.properties.get("hs_task_status") != DONE["hs_task_status"]

    def _on_timeline(self, made: Receipt) -> Receipt:
        person, task = made.person or Person(), made.parts[COUNTED_IN]
        if (
            person.record_id
            and person.parts.get(OPEN_TASK) == task
            and person.parts.get(OPEN_TASK_OF) != person.record_id
        ):
            self._records.link(TASKS, task, person.record_id)
            return replace(made, person=replace(person, parts={**person.parts, OPEN_TASK_OF: person.record_id}))
        return made

    def _close_unheard(self, call: Call, made: Receipt) -> None:
        """An attempt before may have opened a task that no receipt names, for the ringing or to call back."""
        wanted = self._wanted(call, call.started_at, None)
        try:
            self._records.change(TASKS, wanted.key, DONE, by_key=True)
        except KeyMissing:
            found = self._keeper.found(wanted, made.person.record_id if made.person else None)
            if found:
                self._records.change(TASKS, found, DONE)

    def _due_at(self, call: Call) -> datetime:
        return wording.call_back_at(call, self._settings.missed_task_minutes)


def is_group(call: Call) -> bool:
    """Whether nobody in particular called, so that nobody is to be called back."""
    return call.caller.source == "group"


def _counted(made: Receipt, task: str, times: int) -> Receipt:
    person = made.person or Person()
    ours = {**person.parts, OPEN_TASK: task, MISSED: str(times)}
    if person.parts.get(OPEN_TASK) != task:
        ours.pop(OPEN_TASK_OF, None)
    return replace(made, parts={**made.parts, COUNTED_IN: task}, person=replace(person, parts=ours))
