"""The controls of the stand-in for another process: below `/standin/`, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict

from bridge.greenapi.standin.gateway import Fault
from bridge.greenapi.standin.methods import text
from bridge.greenapi.standin.rings import Account, Other, Ring

if TYPE_CHECKING:
    from bridge.greenapi.standin.server import GreenApi


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id_instance: str
    state: str


def open_for_others(app: Flask, green_api: GreenApi) -> None:
    """Let another process ring, add accounts, send notifications, change states and make things go wrong."""

    def ring() -> ResponseReturnValue:
        wanted = Ring.model_validate_json(request.get_data())
        return {"idMessage": green_api.begin(wanted)} if green_api.has(wanted.id_instance) else _no_account()

    def notification() -> ResponseReturnValue:
        other = Other.model_validate_json(request.get_data())
        if not green_api.has(other.id_instance):
            return _no_account()
        green_api.tell(other)
        return {"set": True}

    def state() -> ResponseReturnValue:
        wanted = _State.model_validate_json(request.get_data())
        if not green_api.has(wanted.id_instance):
            return _no_account()
        green_api.state(wanted.id_instance, wanted.state)
        return {"set": True}

    def fault() -> ResponseReturnValue:
        green_api.fault(Fault.model_validate_json(request.get_data()))
        return {"set": True}

    def account() -> ResponseReturnValue:
        green_api.account(Account.model_validate_json(request.get_data()))
        return {"set": True}

    posted = {"ring": ring, "notifications": notification, "state": state, "faults": fault, "accounts": account}
    for name, view in posted.items():
        app.add_url_rule(f"/standin/{name}", view_func=view, methods=["POST"], endpoint=f"standin {name}")
    app.add_url_rule("/standin/idle", view_func=lambda: {"idle": green_api.idle()}, endpoint="standin idle")


def _no_account() -> Response:
    return text(400, "There is no such account.")
