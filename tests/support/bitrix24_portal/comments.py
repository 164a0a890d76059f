"""Comments in the timeline. Only their text can hold a mark of ours."""

from __future__ import annotations

from typing import Any

from bitrix24_portal.part import Params, Part, Turn, method
from bitrix24_portal.wire import Listed, Refused, number, paged, required

ENTITIES = ("lead", "deal", "contact", "company")


class Comments(Part):
    def __init__(self, portal: Any) -> None:
        super().__init__(portal)
        self.rows: dict[int, dict[str, Any]] = {}
        self._last = 400

    def held(self) -> list[str]:
        return [f"comment {row['ENTITY_TYPE']} {row['ENTITY_ID']} {_mark(row)}" for row in self.rows.values()]

    @method("crm.timeline.comment.add", "crm", "fields")
    def add(self, params: Params, turn: Turn) -> int:
        fields = self._fields(params)
        required(fields, "ENTITY_TYPE", "ENTITY_ID")
        kind = str(fields["ENTITY_TYPE"])
        if kind not in ENTITIES or self.portal.records.find(kind.upper(), fields["ENTITY_ID"]) is None:
            raise Refused(400, "OWNER_NOT_FOUND", "Owner was not found")
        text = self._text(fields)
        self._last += 1
        about = {"ENTITY_TYPE": kind, "ENTITY_ID": str(fields["ENTITY_ID"]), "AUTHOR_ID": str(turn.user_id)}
        self.rows[self._last] = {"ID": str(self._last), **about, "COMMENT": text, "made_at": self.portal.clock()}
        turn.write(f"{kind} {fields['ENTITY_ID']} {_mark(self.rows[self._last])}")
        return self._last

    @method("crm.timeline.comment.list", "crm", "filter order select start")
    def list(self, params: Params, turn: Turn) -> Listed:
        """Nothing but the owner filters. Oldest first unless asked otherwise (a guess)."""
        wanted = params.get("filter") or {}
        required(wanted, "ENTITY_ID", "ENTITY_TYPE")
        owner = (str(wanted["ENTITY_TYPE"]), str(wanted["ENTITY_ID"]))
        seen = self.portal.visible(self.rows.values(), turn.method)
        rows = [row for row in seen if (row["ENTITY_TYPE"], row["ENTITY_ID"]) == owner]
        order = {str(name).upper(): str(way).upper() for name, way in (params.get("order") or {}).items()}
        rows.sort(key=lambda row: int(row["ID"]), reverse="DESC" in (order.get("ID"), order.get("CREATED")))
        return paged([{name: row[name] for name in row if name.isupper()} for row in rows], params.get("start"))

    @method("crm.timeline.comment.update", "crm", "id fields")
    def update(self, params: Params, turn: Turn) -> bool:
        row = self._open(params)
        row["COMMENT"] = self._text(self._fields(params))
        turn.write(f"{row['ENTITY_TYPE']} {row['ENTITY_ID']} {_mark(row)}")
        return True

    @method("crm.timeline.comment.get", "crm", "id")
    def get(self, params: Params, turn: Turn) -> object:
        return {name: value for name, value in self._open(params).items() if name.isupper()}

    @method("crm.timeline.comment.delete", "crm", "id")
    def delete(self, params: Params, turn: Turn) -> bool:
        row = self._open(params)
        turn.write(row["ID"])
        del self.rows[int(row["ID"])]
        return True

    def _fields(self, params: Params) -> dict[str, Any]:
        required(params, "fields")  # in lower case, and in no other
        fields: dict[str, Any] = params["fields"]
        return fields

    def _text(self, fields: dict[str, Any]) -> str:
        text = str(fields.get("COMMENT") or "").strip()
        if not text:
            raise Refused(400, "INVALID_ARG_VALUE", "The comment is empty")
        self.portal.show("comment", text)
        return text

    def _open(self, params: Params) -> dict[str, Any]:
        required(params, "id")
        row = self.rows.get(number(params["id"]) or 0)
        if row is None:
            raise Refused(400, "NOT_FOUND", "Comment was not found")
        return row


def _mark(row: dict[str, Any]) -> str:
    """The last line of its text, which is where a mark of one's own belongs."""
    return str(row["COMMENT"]).splitlines()[-1]
