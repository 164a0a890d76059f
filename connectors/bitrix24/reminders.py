"""Calling back: a task, which REST 3.0 makes exactly once, or a to-do in the caller's record.

Source: https://apidocs.bitrix24.com/api-reference/rest-v3/tasks/tasks-task-add.html
Source: https://apidocs.bitrix24.com/api-reference/tasks/tasks-task-add.html
Source: https://apidocs.bitrix24.com/api-reference/crm/timeline/activities/todo/crm-activity-todo-add.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.bitrix24.lookup import KINDS
from connectors.bitrix24.notes import entrusted, marker, title
from connectors.bitrix24.refusals import NoMethod, Refused
from connectors.bitrix24.rest import Rest
from connectors.bitrix24.wording import neutral
from connectors.kit import Call, Person

Json = Any

SHORT_CODES = {"contact": "C", "company": "CO", "lead": "L"}
MADE = "made"  # there is a task, but its id was never heard


def make_task(
    rest: Rest, version_3: Rest, call: Call, person: Person | None, users: Sequence[str], creator: str, due: datetime
) -> str:
    """The id of the call's task. The key keeps it single for a day; portals without REST 3.0 are searched first."""
    bound = [f"{SHORT_CODES[person.parts['kind']]}_{person.record_id}"] if person else []
    try:
        return entrusted(users, lambda user: _add_once(version_3, call, user, creator, due, bound))
    except NoMethod:
        return _task_of(rest, call) or entrusted(users, lambda user: _add(rest, call, user, creator, due, bound))


def make_todo(rest: Rest, call: Call, person: Person, users: Sequence[str], due: datetime, *, unsure: bool) -> str:
    """The id of the to-do in the caller's record."""
    found = _todo_of(rest, call, person) if unsure else None
    if found:
        return found
    fields = {
        "ownerTypeId": KINDS[person.parts["kind"]],
        "ownerId": person.record_id,
        "deadline": due.isoformat(timespec="seconds"),
        "title": title(call),
        "description": f"{neutral(call.summary)}\n{marker(call)}",
    }
    return entrusted(users, lambda user: _id(rest.call("crm.activity.todo.add", {**fields, "responsibleId": user})))


def _whom_to_call(call: Call) -> str:
    """The title of a task, which may be all that it says: it stands in no record where nobody has the number."""
    return title(call) if call.caller.source == "phone" else f"{title(call)}, {call.caller.phone}"


def _add_once(version_3: Rest, call: Call, user: str, creator: str, due: datetime, bound: list[str]) -> str:
    """The same key with another body is refused: whatever goes in comes from the call, and from what is kept for it."""
    fields: dict[str, Json] = {
        "title": _whom_to_call(call),
        "creatorId": int(creator),
        "responsibleId": int(user),
        "deadline": due.isoformat(timespec="seconds"),
    }
    if bound:
        fields["crmItemIds"] = bound
    try:
        made = version_3.call("tasks.task.add", {"fields": fields}, headers={"Idempotency-Key": f"{call.id}-task"})
    except Refused as error:
        # Only what succeeded is kept under a key. The record was merged, or somebody left, since the task was made.
        if error.code.endswith("IDEMPOTENCYKEYREUSEDEXCEPTION"):
            return MADE
        raise
    return _id(made.get("item") if isinstance(made, dict) else None)


def _add(rest: Rest, call: Call, user: str, creator: str, due: datetime, bound: list[str]) -> str:
    fields: dict[str, Json] = {
        "TITLE": _whom_to_call(call),
        "DESCRIPTION": f"{neutral(call.summary)}\n{marker(call)}",
        "RESPONSIBLE_ID": user,
        "CREATED_BY": creator,
        "DEADLINE": due.isoformat(timespec="seconds"),
        "TAGS": [call.id],
    }
    if bound:
        fields["UF_CRM_TASK"] = bound
    made = rest.call("tasks.task.add", {"fields": fields})
    return _id(made.get("task") if isinstance(made, dict) else None)


def _task_of(rest: Rest, call: Call) -> str | None:
    found = rest.call("tasks.task.list", {"filter": {"TAG": call.id}, "select": ["ID"]})
    tasks = found.get("tasks") if isinstance(found, dict) else None
    return _id(tasks[0]) if tasks else None


def _todo_of(rest: Rest, call: Call, person: Person) -> str | None:
    # A to-do takes no id of ours. That its text can be filtered is not documented; a portal that cannot, finds none.
    wanted = {
        "OWNER_TYPE_ID": KINDS[person.parts["kind"]],
        "OWNER_ID": person.record_id,
        "PROVIDER_ID": "CRM_TODO",
        "%DESCRIPTION": marker(call),
    }
    rows = rest.call("crm.activity.list", {"filter": wanted, "select": ["ID", "DESCRIPTION"], "start": -1})
    # The id of one call may begin with that of another, and whoever cannot be filtered finds everything.
    ours = [row for row in rows or [] if marker(call) in str(row.get("DESCRIPTION")).splitlines()]
    return _id(ours[0]) if ours else None


def _id(row: Json) -> str:
    """The id in a row of any spelling; `made` where the portal answered without one."""
    found = (row.get("id") or row.get("ID")) if isinstance(row, dict) else row
    return str(found or MADE)
