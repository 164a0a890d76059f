"""Tasks: the classic way, and the one of REST 3.0 with its key against repetition."""

from __future__ import annotations

import json
import re
from typing import Any

from bitrix24_portal.filters import matches
from bitrix24_portal.part import Params, Part, Turn, method
from bitrix24_portal.wire import Asked, Listed, Refused, moment, number, paged, required, words

CLASSIC = words("TITLE RESPONSIBLE_ID DESCRIPTION DEADLINE UF_CRM_TASK CREATED_BY PRIORITY TAGS XML_ID")
FILTERS = words("ID UF_CRM_TASK TITLE TAG RESPONSIBLE_ID CREATED_BY CREATED_DATE STATUS")
# The documentation's example names all but the description, which is a guess.
PROPERTIES = frozenset(("title", "creatorId", "responsibleId", "deadline", "crmItemIds", "description"))
SHORT = {"L": "LEAD", "D": "DEAL", "C": "CONTACT", "CO": "COMPANY"}
KEPT_SECONDS = 86400.0


class Refused3(Refused):
    """A refusal of REST 3.0, whose error is an object."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(status, f"BITRIX_REST_V3_EXCEPTION_{code}", message)
        self._field = field

    @property
    def body(self) -> dict[str, Any]:
        said: dict[str, Any] = {"code": self.code, "message": self.description}
        if self._field:
            said["validation"] = [{"field": self._field, "message": self.description}]
        return {"error": said}


class Tasks(Part):
    """`has_rest3` is False on portals that are too old for it."""

    def __init__(self, portal: Any) -> None:
        super().__init__(portal)
        self.rows: dict[int, dict[str, Any]] = {}
        self.has_rest3 = True
        self._answers: dict[tuple[Any, ...], tuple[float, str, dict[str, Any]]] = {}
        self._last = 3700

    def held(self) -> list[str]:
        return [
            f"task {row['TITLE']} {row.get('DEADLINE', '')} {row.get('UF_CRM_TASK', '')}" for row in self.rows.values()
        ]

    def _put(self, row: dict[str, Any]) -> int:
        self._last += 1
        tags = row.get("TAGS") or []
        made = {"ID": str(self._last), "TAG": tags, "STATUS": "2", "made_at": self.portal.clock()}
        self.rows[self._last] = {**row, **made}
        self.portal.show("task", str(row["TITLE"]), str(row.get("DESCRIPTION", "")))
        return self._last

    @method("tasks.task.add", "task tasks tasks_extended", "fields")
    def add(self, params: Params, turn: Turn) -> object:
        required(params, "fields")
        fields = params["fields"]
        self.portal.ignored += [(turn.method, name) for name in fields if name not in CLASSIC]
        if not str(fields.get("TITLE") or "").strip():
            raise Refused(400, "ERROR_CORE", "Task title is not specified<br>")
        if not self.portal.people.is_active(fields.get("RESPONSIBLE_ID")):
            raise Refused(400, "ERROR_CORE", "The responsible person is not found<br>")
        if "DEADLINE" in fields and moment(fields["DEADLINE"]) is None:
            raise Refused(400, "ERROR_CORE", "The deadline is not valid<br>")  # a guess
        if self._unbound(fields.get("UF_CRM_TASK", [])):
            raise Refused(400, "ERROR_CORE", "The CRM record is not found<br>")  # a guess
        task_id = self._put({"CREATED_BY": str(turn.user_id), **fields})
        turn.write(fields.get("XML_ID") or fields["TITLE"])
        return {"task": _camel(self.rows[task_id])}

    @method("tasks.task.list", "task tasks tasks_extended", "filter order select start")
    def list(self, params: Params, turn: Turn) -> Listed:
        """XML_ID is kept, and no filter: whoever filters by it gets everything (a guess)."""
        seen = self.portal.visible(self.rows.values(), turn.method)
        rows = [row for row in seen if matches(row, params.get("filter"), FILTERS, self.portal.ignored)]
        return paged([_camel(row) for row in rows], params.get("start"), "tasks")

    @method("tasks.task.get", "task tasks tasks_extended", "taskId select")
    def get(self, params: Params, turn: Turn) -> object:
        required(params, "taskId")
        row = self.rows.get(number(params["taskId"]) or 0)
        if row is None:
            raise Refused(400, "ERROR_CORE", "Task is not found or is not accessible<br>")  # a guess
        return {"task": _camel(row)}

    def _unbound(self, codes: object) -> list[str]:
        """Those of `C_651` and the like that name no record."""
        listed = codes if isinstance(codes, list) else [codes]
        parts = [(code, *str(code).partition("_")) for code in listed]
        return [code for code, kind, _, its in parts if not self.portal.records.find(SHORT.get(kind, ""), its)]

    def add3(self, asked: Asked, turn: Turn) -> tuple[dict[str, Any], dict[str, str]]:
        """`tasks.task.add` of REST 3.0: the item, and the headers of the answer."""
        if asked.malformed or "json" not in asked.headers.get("Content-Type", ""):
            raise Refused3(400, "INVALIDJSONEXCEPTION", "Invalid JSON")
        key = asked.headers.get("Idempotency-Key")
        if key is not None and not re.fullmatch(r"[\x20-\x7e]{1,255}", key):
            raise Refused3(400, "INVALIDIDEMPOTENCYKEYEXCEPTION", "Invalid idempotency key")
        # An application's token stands in the body, and changes: it is no part of what is compared (a guess).
        body = json.dumps({name: value for name, value in asked.params.items() if name != "auth"}, sort_keys=True)
        place = (turn.application, turn.user_id, turn.method, key)
        kept = self._answers.get(place) if key else None
        if kept and kept[0] + KEPT_SECONDS > self.portal.clock():
            if kept[1] != body:
                raise Refused3(422, "IDEMPOTENCYKEYREUSEDEXCEPTION", "The key was used with another request")
            return kept[2], {"Idempotent-Replayed": "true"}
        result = self._made3(asked.params.get("fields"), key)
        if key:
            self._answers[place] = (self.portal.clock(), body, result)
        turn.write(key or body)
        return result, {}

    def _made3(self, fields: object, key: str | None) -> dict[str, Any]:
        wrong = "VALIDATION_REQUESTVALIDATIONEXCEPTION"
        if not isinstance(fields, dict):
            raise Refused3(400, wrong, "Required", "fields")
        for name in fields:
            if name not in PROPERTIES:
                raise Refused3(400, "UNKNOWNDTOPROPERTYEXCEPTION", f"Unknown property {name}", name)
        for name in ("title", "creatorId", "responsibleId"):
            if not fields.get(name):
                raise Refused3(400, wrong, "Required", name)
        for name in ("creatorId", "responsibleId"):
            if not isinstance(fields[name], int) or not self.portal.people.is_active(fields[name]):
                raise Refused3(400, wrong, "No such active user", name)  # a guess
        if "deadline" in fields and moment(fields["deadline"]) is None:
            raise Refused3(400, wrong, "Not a date and time", "deadline")
        if self._unbound(fields.get("crmItemIds", [])):
            raise Refused3(400, "ENTITYNOTFOUNDEXCEPTION", "No such record")  # a guess
        row = {"TITLE": fields["title"], "RESPONSIBLE_ID": str(fields["responsibleId"]), "made_under": key}
        row |= {"CREATED_BY": str(fields["creatorId"]), "DESCRIPTION": fields.get("description", "")}
        row |= {"DEADLINE": fields.get("deadline", ""), "UF_CRM_TASK": fields.get("crmItemIds", [])}
        return {"item": {"id": self._put(row), **fields}}


def _camel(row: dict[str, Any]) -> dict[str, Any]:
    names = {name: name.split("_") for name in row if name.isupper()}
    return {
        words[0].lower() + "".join(word.capitalize() for word in words[1:]): row[name] for name, words in names.items()
    }
