"""One route of the API: all that is needed to serve it, and to describe it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from bridge.operators import Role
from bridge.service import Service
from bridge.tokens import Token
from bridge.web.api.replies import Reply

PREFIX = "/api/v1"


class Nothing(BaseModel):
    """The query or the body of a request that has none."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


Query = TypeVar("Query", bound=BaseModel)
Body = TypeVar("Body", bound=BaseModel)
Method = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Asked(Generic[Query, Body]):
    """One request, read and checked: by whom, about what, and with which query and body."""

    service: Service
    token: Token
    path: Mapping[str, Any]
    query: Query
    body: Body

    @property
    def who(self) -> str:
        """The name under which the audit trail keeps what this request changes."""
        return f"token:{self.token.name}"

    @property
    def name(self) -> str:
        """What the address names."""
        return str(self.path["name"])

    @property
    def now(self) -> datetime:
        return self.service.now()


@dataclass(frozen=True, slots=True)
class Route(Generic[Query, Body]):
    """`gives` is the model of the answer, of `many` of them in an array, or None for no content.

    `role` is who may ask; administrators may ask for what operators may. `refuses` are statuses besides those that
    follow from the rest.
    """

    method: Method
    path: str
    summary: str
    role: Role
    run: Callable[[Asked[Query, Body]], Reply]
    gives: type[BaseModel] | None
    status: int = 200
    many: bool = False
    query: type[Query] = Nothing  # type: ignore[assignment]  # the default fits a route whose `run` wants Nothing
    body: type[Body] = Nothing  # type: ignore[assignment]  # as above
    needs_body: bool = True
    refuses: tuple[int, ...] = ()

    @property
    def rule(self) -> str:
        """The path as Flask writes it: `id` is a number, everything else is text."""
        written = PREFIX + self.path.replace("{id}", "<int(max=2147483647):id>")
        return written.replace("{", "<").replace("}", ">")

    @property
    def has_body(self) -> bool:
        return self.body is not Nothing

    @property
    def problems(self) -> list[int]:
        """Every status of a problem that this route may answer with."""
        always = {401, 422, 500, 503}
        if self.role == "administrator":
            always.add(403)
        if "{" in self.path:
            always.add(404)
        if self.has_body:
            always |= {400, 413, 415}
        return sorted(always | set(self.refuses))
