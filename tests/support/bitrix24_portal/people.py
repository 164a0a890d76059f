"""The people of the portal, and what a caller of the interface may."""

from __future__ import annotations

from typing import Any

from bitrix24_portal.part import Params, Part, Turn, method
from bitrix24_portal.wire import Listed, number, paged, required

USER_SCOPES = "user user_basic user_brief"


class People(Part):
    """User 1 is the administrator whom webhooks and tokens belong to unless a test says otherwise; 8 was dismissed."""

    def __init__(self, portal: Any) -> None:
        super().__init__(portal)
        self.users: dict[int, dict[str, Any]] = {}
        for user_id, name, inner in ((1, "Ada Admin", ""), (5, "Otto Operator", "105"), (6, "Olga Operator", "106")):
            self.add(user_id, name, inner=inner)
        self.add(8, "Dora Dismissed", active=False)
        self.add(99, "Rita Responsible", inner="101")

    def add(self, user_id: int, name: str, *, active: bool = True, inner: str = "") -> None:
        first, _, last = name.partition(" ")
        self.users[user_id] = {
            "ID": str(user_id), "ACTIVE": active, "NAME": first, "LAST_NAME": last, "UF_PHONE_INNER": inner,
            "PERSONAL_MOBILE": "", "WORK_PHONE": None, "PERSONAL_PHONE": None, "USER_TYPE": "employee",
        }  # fmt: skip

    def is_active(self, user_id: object) -> bool:
        user = self.users.get(number(user_id) or 0)
        return bool(user and user["ACTIVE"])

    @method("profile")
    def profile(self, params: Params, turn: Turn) -> object:
        user = self.users[turn.user_id]
        return {"ID": user["ID"], "ADMIN": turn.user_id == 1, "NAME": user["NAME"], "LAST_NAME": user["LAST_NAME"]}

    @method("scope")
    def scope(self, params: Params, turn: Turn) -> object:
        return sorted(turn.scopes)

    @method("app.info", application_only=True)
    def app_info(self, params: Params, turn: Turn) -> object:
        """Of https://apidocs.bitrix24.com/api-reference/common/system/app-info.html; the rest of it is left out."""
        return {"ID": 7, "CODE": turn.application, "STATUS": "L", "INSTALLED": self.portal.oauth.installed}

    @method("method.get", takes="name")
    def method_get(self, params: Params, turn: Turn) -> object:
        required(params, "name")
        found = self.portal.methods.get(str(params["name"]).lower())
        # It looks at scopes only: also true for what a webhook may not call (the reference marks this as unsure).
        available = found is not None and _granted(found[0].scopes, turn)
        return {"isExisting": found is not None, "isAvailable": available}

    @method("user.get", USER_SCOPES, "FILTER ID ACTIVE SORT ORDER SELECT START ADMIN_MODE", any_case=True)
    def user_get(self, params: Params, turn: Turn) -> Listed:
        wanted = {**params, **(params.get("FILTER") or {})}
        rows = [user for user in self.users.values() if _wanted(user, wanted)]
        return paged(rows, params.get("START"))

    @method("user.current", USER_SCOPES)
    def user_current(self, params: Params, turn: Turn) -> object:
        return self.users[turn.user_id]


def _granted(scopes: tuple[str, ...], turn: Turn) -> bool:
    return not scopes or bool(turn.scopes.intersection(scopes))


def _wanted(user: dict[str, Any], wanted: Params) -> bool:
    ids = wanted.get("ID", wanted.get("@ID"))
    if ids is not None:
        listed = ids if isinstance(ids, list) else [ids]
        if user["ID"] not in [str(one) for one in listed]:
            return False
    active = wanted.get("ACTIVE")
    return active is None or user["ACTIVE"] == (str(active).lower() in ("true", "1", "y"))
