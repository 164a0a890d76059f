"""What the parts of the portal have in common: methods with a scope, and turns in which they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bitrix24_portal.wire import Refused

if TYPE_CHECKING:
    from bitrix24_portal.portal import Portal

Params = Mapping[str, Any]


@dataclass(slots=True)
class Turn:
    """One method is called: by whom, and what came of it. `wrote` holds a key for each thing that it changed."""

    user_id: int
    scopes: frozenset[str]
    application: str | None
    method: str = ""
    wrote: list[tuple[str, str]] = field(default_factory=list)

    def write(self, key: object) -> None:
        self.wrote.append((self.method, str(key)))


@dataclass(frozen=True, slots=True)
class Method:
    """`scopes` are alternatives; `any_case` is for those that do not mind how parameters are spelt."""

    name: str
    scopes: tuple[str, ...]
    takes: frozenset[str]
    application_only: bool
    any_case: bool


def method(
    name: str, scopes: str = "", takes: str = "", *, application_only: bool = False, any_case: bool = False
) -> Callable[[Any], Any]:
    """Names a handler `(self, params, turn) -> result`."""

    def mark(handler: Any) -> Any:
        handlers = [*getattr(handler, "methods", []), _method(name, scopes, takes, application_only, any_case)]
        handler.methods = handlers
        return handler

    return mark


def _method(name: str, scopes: str, takes: str, application_only: bool, any_case: bool) -> Method:
    names = takes.upper() if any_case else takes
    return Method(name, tuple(scopes.split()), frozenset(names.split()), application_only, any_case)


class Part:
    """One part of the portal: its methods are those marked with `@method`."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def methods(self) -> dict[str, tuple[Method, Callable[[Params, Turn], object]]]:
        marked = [getattr(self, name) for name in dir(type(self)) if hasattr(getattr(type(self), name), "methods")]
        return {one.name.lower(): (one, handler) for handler in marked for one in handler.methods}


class Refusals:
    """Errors of the CRM have a blank code, and their meaning in the text."""

    @staticmethod
    def crm(description: str) -> Refused:
        return Refused(400, "", description)
