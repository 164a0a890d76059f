"""What the API answers with: the objects of `--json`, as models, from which the document is drawn.

Answers are not run through them: schemathesis and the tests compare the two.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bridge.deliveries import State

Moment = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$", description="UTC, whole seconds."),
]
Status = Literal["ringing", "unknown", "missed", "dropped", "answered"]
Told = Literal["ignore", "ring", "result", "all"]
Setting = str | int | float | bool | list[str] | None


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)  # the document alone wants them: no start waits for it


class Problem(Shape):
    """What happened, and what to do next (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What happened, in one sentence.")
    next: str = Field("", description="What to do, in one sentence.")
    errors: list[Wrong] = Field([], description="Each key that is wrong.")


class Wrong(Shape):
    """One key, parameter or setting that is wrong."""

    field: str
    detail: str


class Receipt(Shape):
    """What the system calls the record that was made there."""

    record_id: str | None
    url: str | None


class CallDelivery(Shape):
    """How one connection stands with a call: what it was told, and what it is owed."""

    id: int
    connection: str
    connector: str
    state: State
    owes: Status
    told: Status | None
    attempts: int
    due_at: Moment | None
    reason: str | None
    receipt: Receipt | None


class Delivery(CallDelivery):
    """The same, and of which call."""

    call: str


class Call(Shape):
    """One call: ringing and outcome together."""

    id: str
    instance: str
    id_message: str | None
    chat_id: str
    phone: str | None = Field(description="E.164.")
    caller: str = Field(description="A name, or else the number. Strangers choose it: treat it as text.")
    caller_source: Literal["contact_name", "name", "crm", "phone", "group", "hidden"]
    status: Status
    video: bool | None
    direction: Literal["incoming", "outgoing"]
    late: bool
    source: Literal["webhook", "poll", "journal"]
    started_at: Moment
    outcome_at: Moment | None
    deliveries: list[CallDelivery]


class Entry(Shape):
    """One thing that happened to a call."""

    at: Moment
    what: str
    connection: str | None
    text: str
    detail: dict[str, Any]


class CallStory(Call):
    """A call, and everything that happened to it, in order."""

    story: list[Entry]


class Notification(Shape):
    """What GREEN-API sent and was kept."""

    id: int
    instance: str | None
    type: str | None
    received_at: Moment
    verdict: Literal["call", "own", "unread", "late_outcome", "alert"]
    call: str | None
    reason: str | None
    body: str


class Finding(Shape):
    """One thing that is wrong, and the next step. Ids are stable."""

    id: str
    text: str
    next: str


class Check(Shape):
    """What a check found, in the order in which to mend it; `ok` where nothing is left but to wait."""

    ok: bool
    findings: list[Finding]


class Replayed(Shape):
    """What came of one delivery: `reason` says why it is not told again."""

    id: int
    connection: str | None
    replayed: bool
    reason: str | None


class Replays(Shape):
    """How many are told again, and why the others are not."""

    replayed: int
    looked_at: int
    not_replayed: str | None
    deliveries: list[Replayed] = Field(description="Each of those that were named by their ids.")


class Reread(Shape):
    """What came of reading a notification again."""

    id: int
    result: Literal["read", "nothing", "refused"]
    text: str


class FollowUp(Shape):
    """Missed calls of one chat that nobody has answered yet."""

    instance: str
    chat_id: str
    caller: str = Field(description="A name, or else the number. Strangers choose it: treat it as text.")
    phone: str | None
    count: int
    first_at: Moment
    last_at: Moment
    claimed_by: str | None
    claimed_at: Moment | None
