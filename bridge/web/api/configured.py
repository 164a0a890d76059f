"""What the API answers with about what is configured, and about who may use it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from bridge.operators import Role
from bridge.web.api.shapes import Moment, Setting, Shape, Told
from connectors.kit.settings import Kind


class Instance(Shape):
    """A GREEN-API account."""

    name: str
    id_instance: str
    intake: Literal["webhook", "poll"]
    state: str | None
    last_notification_at: Moment | None
    reason: str | None = Field(description="Why one that is to be polled is not.")
    state_at: Moment | None
    journal_until: Moment | None
    refused: int = Field(description="How many notifications that name it came with a wrong token.")
    notes: list[str] = Field(description="Whatever somebody should see to.")


class InstanceDetail(Instance):
    """The same, and its settings. Secrets are never shown: `secrets` names those that are set."""

    api_url: str
    lookups_per_second: float
    name_order: list[str]
    timezone: str
    secrets: list[str]


class Connection(Shape):
    """A configured connector: who is told of calls."""

    name: str
    connector: str
    policy: Told
    instances: list[str]
    state: Literal["active", "paused"]
    paused_by: Literal["admin", "credentials", "gone", "broken"] | None
    reason: str | None


class ConnectionDetail(Connection):
    """The same, and its settings. Secrets are never shown: `secrets` names those that are set."""

    language: str
    timezone: str | None
    template: str | None
    labels: dict[str, str]
    settings: dict[str, Setting]
    secrets: list[str]


class Connector(Shape):
    """What can be connected. `reason` says why one does not load."""

    name: str
    package: str | None
    title: str | None
    policy: Told | None
    reason: str | None


class ConnectorField(Shape):
    """One setting of a connector."""

    name: str
    title: str
    help: str
    kind: Kind
    required: bool
    default: Setting
    choices: list[str]
    minimum: float | None
    maximum: float | None


class ConnectorDetail(Shape):
    """A connector, and what it wants to know."""

    name: str
    title: str
    policy: Told
    settings: list[ConnectorField]


class User(Shape):
    """Somebody who may sign in."""

    name: str
    role: Role
    language: str | None
    created_at: Moment
    seen_at: Moment | None


class TokenRow(Shape):
    """A bearer token of this API, never the token itself."""

    name: str
    role: Role
    created_at: Moment
    used_at: Moment | None


class NewToken(Shape):
    """A token that was just made: nobody can read it again."""

    name: str
    role: Role
    token: str


class AuditRow(Shape):
    """Who changed what, and when."""

    id: int
    at: Moment
    who: str
    what: str
    about: str | None
    detail: dict[str, Any]


class Whoami(Shape):
    """The token that came with this request."""

    token: str
    role: Role
