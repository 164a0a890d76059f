"""Calls in HubSpot's properties: titles are plain text, bodies are HTML; callers choose their own names."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import escape

from connectors.hubspot.names import BUSY, CONNECTED, NO_ANSWER, OWNER
from connectors.hubspot.records import Properties
from connectors.kit import Call, CallStatus

# A duration is never sent: nobody tells us how long a call was. MISSED is an option of some portals only.
_STATUS = {CallStatus.ANSWERED: "COMPLETED", CallStatus.DROPPED: "BUSY"}
_OUTCOME = {CallStatus.ANSWERED: CONNECTED, CallStatus.DROPPED: BUSY, CallStatus.MISSED: NO_ANSWER}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


def call_record(call: Call, owner: str | None) -> Properties:
    """The call as a record of HubSpot.

    Source: https://developers.hubspot.com/docs/api-reference/crm-calls-v3/guide
    """
    record = {
        "hs_timestamp": milliseconds(call.started_at),
        "hs_call_title": _plain(f"{call.label}: {call.caller.name}"),
        "hs_call_body": f"<p>{_html(call.summary)}</p>",
        "hs_call_direction": "OUTBOUND" if call.direction == "outgoing" else "INBOUND",
        "hs_call_status": _STATUS.get(call.status, "NO_ANSWER"),
    }
    if call.status in _OUTCOME:  # where nobody reported an outcome, none is claimed
        record["hs_call_disposition"] = _OUTCOME[call.status]
    if call.caller.phone:
        record["hs_call_to_number" if call.direction == "outgoing" else "hs_call_from_number"] = call.caller.phone
    return record | _owned(owner)


def task(call: Call, due_at: datetime, owner: str | None) -> Properties:
    """Something to do about the call, due and reminding at that moment.

    Source: https://developers.hubspot.com/docs/api-reference/crm-tasks-v3/guide
    """
    fixed = {
        "hs_task_body": f"<p>{_html(call.summary)}</p><p>{mark(call)}</p>",
        "hs_task_type": "CALL",  # gives its owner a button to call
        "hs_task_priority": "HIGH",
        "hs_task_status": "NOT_STARTED",
    }
    return {**due(call, due_at, 1), **fixed} | _owned(owner)


def due(call: Call, due_at: datetime, times: int) -> Properties:
    """What a further missed call changes in a task: how many there are, and when to call back."""
    moment = milliseconds(due_at)
    counted = f"{call.label} × {times}" if times > 1 else call.label
    return {
        "hs_timestamp": moment,
        "hs_task_reminders": moment,
        "hs_task_subject": _plain(f"{counted}: {call.caller.name}"),
    }


def mark(call: Call) -> str:
    """The call's id as it stands in the body of a task, by which it is found where a portal takes no keys."""
    return f"[{escape(call.id)}]"


def milliseconds(moment: datetime) -> str:
    """Milliseconds since 1970: seconds are taken, too, and land there."""
    return str(round(moment.timestamp()) * 1000)


def call_back_at(call: Call, minutes: int) -> datetime:
    """When the caller should be called back."""
    return call.status_at + timedelta(minutes=minutes)


def _plain(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()


def _html(text: str) -> str:
    return escape(_plain(text), quote=True)


def _owned(owner: str | None) -> Properties:
    return {OWNER: owner} if owner else {}
