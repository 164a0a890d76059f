"""What the API takes: queries and bodies. They judge the kind of each value; others judge what it means."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from bridge.deliveries import State
from bridge.operators import Role
from bridge.web.api.shapes import Setting, Status, Told

LARGEST = 2**31 - 1
_MOST = 200
_SPAN = re.compile(r"([0-9]{1,9})([smhdw])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """The moment that `since` means; what lies before the calendar is its first day."""
    try:
        if span := _SPAN.fullmatch(text):
            return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _readable(text: str) -> str:
    if not (_SPAN.fullmatch(text) or _DATE.fullmatch(text) or _TIME.fullmatch(text)):
        raise ValueError(_NO_MOMENT)
    try:
        moment(text, datetime.now(UTC))
    except ValueError:
        raise ValueError(_NO_MOMENT) from None
    return text


_NO_MOMENT = "This is no moment: write 2026-11-20, 2026-11-20T14:00:00Z, or how long ago, such as 90m, 2h or 3d"


def _number(text: object) -> object:
    if isinstance(text, str) and not re.fullmatch("[0-9]{1,10}", text):
        raise ValueError("This is no whole number")
    return text


def _switch(text: object) -> object:
    if isinstance(text, str) and text not in ("true", "false"):
        raise ValueError("This is true or false")
    return text


Since = Annotated[
    str,
    AfterValidator(_readable),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "format": "date"},
                {"type": "string", "pattern": "^[0-9]{1,9}[smhdw]$"},
            ],
            "description": "A date, a time, or how long ago, such as 90m, 2h or 3d.",
        }
    ),
]
Limit = Annotated[int, Field(ge=1, le=_MOST, description="At most so many."), BeforeValidator(_number)]
After = Annotated[
    int, Field(ge=1, le=LARGEST, description="The id of the last row of the page before."), BeforeValidator(_number)
]
Switch = Annotated[bool, BeforeValidator(_switch)]
Name = Annotated[str, Field(max_length=80)]
Ids = Annotated[list[Annotated[int, Field(ge=1, le=LARGEST)]], Field(min_length=1, max_length=_MOST)]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, defer_build=True)


class CallQuery(Input):
    limit: Limit = 50
    after: (
        Annotated[str, Field(pattern="^[0-9]{1,17}-[0-9]{1,18}$", description="`after` of the `Link` header.")] | None
    ) = None
    since: Since | None = None
    until: Since | None = None
    status: Annotated[list[Status], Field(description="Only calls that stand so; may be repeated.")] = []
    instance: Annotated[Name, Field(description="Only this instance's calls.")] | None = None
    connection: Annotated[Name, Field(description="Only calls that this connection was to hear of.")] | None = None
    search: Annotated[str, Field(max_length=100, description="A part of a name or of a number.")] | None = None


class DeliveryQuery(Input):
    limit: Limit = 50
    after: After | None = None
    since: Since | None = None
    state: Annotated[list[State], Field(description="Only these; may be repeated.")] = []
    connection: Annotated[Name, Field(description="Only what is owed to this connection.")] | None = None


class NotificationQuery(Input):
    limit: Limit = 50
    after: After | None = None
    since: Since | None = None
    instance: Annotated[Name, Field(description="Only this instance's.")] | None = None
    unread: Annotated[Switch, Field(description="Only what could not be read.")] = False


class AuditQuery(Input):
    limit: Limit = 50
    after: After | None = None


class ReplayOrder(Input):
    """Deliveries by their ids, or all that fit the rest: one of the two."""

    ids: Ids | None = None
    connection: Name | None = None
    state: Annotated[list[Literal["delivered", "skipped", "held", "failed"]], Field(min_length=1)] | None = None
    since: Since | None = None
    again: Annotated[bool, Field(description="Also what was, or perhaps was, told: once more.")] = False


class CheckOrder(Input):
    fix: Annotated[bool, Field(description="Mend there what can be mended; without it nothing is changed.")] = False


class InstanceCheckOrder(CheckOrder):
    replace_webhook: Annotated[bool, Field(description="With fix: take webhookUrl away from whoever has it.")] = False


class InstanceChange(Input):
    """What is absent stays as it is, a secret that is empty too; null takes it back to its default."""

    api_url: str | None = None
    api_token: Annotated[str, Field(json_schema_extra={"writeOnly": True})] | None = None
    intake: Literal["webhook", "poll"] | None = None
    webhook_token: Annotated[str | list[str], Field(json_schema_extra={"writeOnly": True})] | None = None
    lookups_per_second: Annotated[float, Field(ge=0.01, le=100)] | None = None
    name_order: list[Literal["contact_name", "name", "crm"]] | None = None
    timezone: Annotated[str, Field(description="An IANA zone.")] | None = None


class InstanceNew(InstanceChange):
    """An account as an administrator describes it; the keys are those of the configuration file."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    id_instance: Annotated[str, Field(pattern="^[0-9]{1,20}$")]
    api_url: str
    api_token: Annotated[str, Field(json_schema_extra={"writeOnly": True})]


class Labels(Input):
    """Words of its own in place of the language's."""

    ringing: str | None = None
    answered: str | None = None
    dropped: str | None = None
    missed: str | None = None
    unknown: str | None = None


class ConnectionChange(Input):
    """What is absent stays as it is, a secret that is empty too; null takes it back to its default."""

    policy: Told | None = None
    instances: Annotated[list[str], Field(description="Only these; null for all, later ones included.")] | None = None
    language: str | None = None
    timezone: Annotated[str, Field(description="An IANA zone; null for the instance's.")] | None = None
    template: str | None = None
    labels: Labels | None = None
    settings: Annotated[
        dict[str, Setting], Field(description="What its connector wants to know: GET /connectors/{name} lists it.")
    ] = {}


class ConnectionNew(ConnectionChange):
    """A connection as an administrator describes it; the keys are those of the configuration file."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    connector: str


class Whose(Input):
    """Whose missed calls are meant."""

    instance: Name
    chat_id: Annotated[str, Field(max_length=200)]


class Claim(Whose):
    take_over: Annotated[bool, Field(description="Also where somebody else has claimed it.")] = False


class UserNew(Input):
    name: Annotated[str, Field(min_length=2, max_length=80)]
    password: Annotated[str, Field(min_length=12, max_length=128, json_schema_extra={"writeOnly": True})]
    role: Role = "operator"
    language: Literal["en", "ru"] | None = None


class UserChange(Input):
    password: Annotated[str, Field(min_length=12, max_length=128, json_schema_extra={"writeOnly": True})] | None = None
    role: Role | None = None


class TokenNew(Input):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    role: Role = "operator"


def given(body: BaseModel) -> dict[str, Any]:
    """What the body holds, and nothing that it leaves out."""
    return body.model_dump(exclude_unset=True)
