"""The outcome in the caller's record: a call among its activities, or a comment.

Source: https://apidocs.bitrix24.com/api-reference/crm/timeline/activities/activity-base/crm-activity-add.html
Source: https://apidocs.bitrix24.com/api-reference/crm/timeline/comments/crm-timeline-comment-add.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.bitrix24.lookup import KINDS
from connectors.bitrix24.refusals import Refused, Vanished
from connectors.bitrix24.rest import Rest
from connectors.bitrix24.wording import name, neutral
from connectors.kit import Call, CallStatus, Person

Json = Any

ORIGINATOR = "whatsapp-calls"
CALL, INCOMING, OUTGOING, PLAIN_TEXT, NORMAL = 2, 1, 2, 1, 2
TO_DO = (CallStatus.MISSED, CallStatus.DROPPED)
"""Outcomes after which somebody should call back."""


def marker(call: Call) -> str:
    """The last line of a text that can be found by nothing else."""
    return f"Ref: {call.id}"


def title(call: Call) -> str:
    return neutral(f"WhatsApp: {call.label}, {name(call.caller.name)}", 200)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written, into whose record, and for whom to do: the first of `users` who has not left.

    `note_id` is the note that is there already; `unsure` that there may be one whose id was never heard.
    """

    call: Call
    person: Person
    users: Sequence[str]
    note_id: str | None
    unsure: bool

    @property
    def text(self) -> str:
        return f"{neutral(self.call.summary)}\n{marker(self.call)}"


def write_activity(rest: Rest, draft: Draft) -> str:
    """The id of the call's activity, once that says how the call stands. Raises Vanished if the record is gone.

    Nothing refuses a second activity of the same origin: what may be there is searched for first.
    """
    call = draft.call
    fields = {
        "SUBJECT": title(call),
        "DESCRIPTION": draft.text,
        "DESCRIPTION_TYPE": PLAIN_TEXT,
        "COMPLETED": "N" if call.status in TO_DO else "Y",
    }
    there = draft.note_id or (_activity_of(rest, call) if draft.unsure else None)
    if there and _changed(rest, "crm.activity.update", there, fields):
        return there
    fields |= _about(call, draft.person)
    return entrusted(
        draft.users, lambda user: rest.call("crm.activity.add", {"fields": {**fields, "RESPONSIBLE_ID": user}})
    )


def write_comment(rest: Rest, draft: Draft) -> str:
    """The same as a comment, whose author is the webhook's owner. Its marker is all that it can be found by."""
    there = draft.note_id or (_comment_of(rest, draft) if draft.unsure else None)
    if there and _changed(rest, "crm.timeline.comment.update", there, {"COMMENT": draft.text}):
        return there
    fields = {**_owner(draft.person), "COMMENT": draft.text}
    return str(rest.call("crm.timeline.comment.add", {"fields": fields}))


WRITERS: dict[str, Callable[[Rest, Draft], str]] = {"activity": write_activity, "comment": write_comment}


def _changed(rest: Rest, method: str, note_id: str, fields: dict[str, Json]) -> bool:
    """False if somebody removed the note before the call had come to its end."""
    try:
        rest.call(method, {"id": note_id, "fields": fields})
    except Vanished:
        return False
    return True


def _owner(person: Person) -> dict[str, Json]:
    return {"ENTITY_TYPE": person.parts["kind"], "ENTITY_ID": person.record_id}


def entrusted(users: Sequence[str], write: Callable[[str], Json]) -> str:
    """The id of what `write` made for the first of these users; for the second, if the first has left the company."""
    try:
        return str(write(users[0]))
    except Refused as error:
        if "responsible" not in error.description or len(users) < 2:
            raise
    return str(write(users[1]))


def _about(call: Call, person: Person) -> dict[str, Json]:
    owner = {"ENTITY_TYPE_ID": KINDS[person.parts["kind"]], "ENTITY_ID": person.record_id}
    return {
        "OWNER_TYPE_ID": owner["ENTITY_TYPE_ID"],
        "OWNER_ID": owner["ENTITY_ID"],
        "TYPE_ID": CALL,
        "DIRECTION": INCOMING if call.direction == "incoming" else OUTGOING,
        "COMMUNICATIONS": [{"TYPE": "PHONE", "VALUE": call.caller.phone, **owner}],
        "START_TIME": call.started_at.isoformat(timespec="seconds"),
        "END_TIME": call.status_at.isoformat(
            timespec="seconds"
        ),  # when it was decided: how long people talked is unknown
        "PRIORITY": NORMAL,
        "ORIGINATOR_ID": ORIGINATOR,
        "ORIGIN_ID": call.id,
    }


def _activity_of(rest: Rest, call: Call) -> str | None:
    wanted = {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": call.id}
    rows = rest.call("crm.activity.list", {"filter": wanted, "select": ["ID"], "start": -1})
    return str(rows[0]["ID"]) if rows else None


def _comment_of(rest: Rest, draft: Draft) -> str | None:
    """Among the newest page of the record's comments; they can be filtered by the record alone."""
    order = {"ID": "DESC"}
    wanted = {"filter": _owner(draft.person), "order": order, "select": ["ID", "COMMENT"]}
    rows = rest.call("crm.timeline.comment.list", wanted)
    ours = marker(draft.call)  # a line of its own: the id of one call may begin with that of another
    return next((str(row["ID"]) for row in rows or [] if ours in str(row.get("COMMENT")).splitlines()), None)
