"""Activities, to-dos and comments: what is written about a call."""

from __future__ import annotations

from typing import Any

from bitrix24_portal.filters import chosen, matches
from bitrix24_portal.part import Params, Part, Refusals, Turn, method
from bitrix24_portal.records import KINDS
from bitrix24_portal.wire import Listed, Refused, moment, number, paged, required, words

ACTIVITY_FIELDS = words(
    "OWNER_TYPE_ID OWNER_ID TYPE_ID DIRECTION SUBJECT COMMUNICATIONS START_TIME END_TIME COMPLETED PRIORITY "
    "RESPONSIBLE_ID DESCRIPTION DESCRIPTION_TYPE ORIGINATOR_ID ORIGIN_ID"
)
CALL, TASK, PROVIDED = 2, 3, 6
LONGEST_ORIGIN = 255


class Activities(Part):
    """`rows` holds calls and to-dos, by id."""

    def __init__(self, portal: Any) -> None:
        super().__init__(portal)
        self.rows: dict[int, dict[str, Any]] = {}
        self._last = 2900

    def calls(self) -> list[dict[str, Any]]:
        return [row for row in self.rows.values() if row["PROVIDER_ID"] != "CRM_TODO"]

    def todos(self) -> list[dict[str, Any]]:
        return [row for row in self.rows.values() if row["PROVIDER_ID"] == "CRM_TODO"]

    def held(self) -> list[str]:
        calls = [f"activity {row.get('ORIGIN_ID') or row['SUBJECT']}" for row in self.calls()]
        return calls + [f"todo {row['OWNER_TYPE_ID']}:{row['OWNER_ID']} {row['DEADLINE']}" for row in self.todos()]

    def put(self, row: dict[str, Any]) -> int:
        self._last += 1
        self.rows[self._last] = {**row, "ID": str(self._last), "made_at": self.portal.clock()}
        return self._last

    @method("crm.activity.add", "crm", "fields", any_case=True)
    def add(self, params: Params, turn: Turn) -> int:
        sent = params.get("FIELDS")
        if not isinstance(sent, dict):
            raise Refusals.crm("Parameter 'fields' must be array.")
        self._judge(sent, turn)
        row = {name: str(value) for name, value in sent.items() if name in ACTIVITY_FIELDS - {"COMMUNICATIONS"}}
        defaults = {"PROVIDER_ID": "VOXIMPLANT_CALL", "COMPLETED": "N", "PRIORITY": "2", "DESCRIPTION_TYPE": "1"}
        activity_id = self.put(defaults | row | {"COMMUNICATIONS": sent.get("COMMUNICATIONS")})
        self._show(row)
        turn.write(row.get("ORIGIN_ID") or activity_id)
        return activity_id

    def _judge(self, sent: dict[str, Any], turn: Turn) -> None:
        """In the order in which the fields are read."""
        self.portal.ignored += [(turn.method, name) for name in sent if name not in ACTIVITY_FIELDS]
        if not str(sent.get("SUBJECT") or "").strip():
            raise Refusals.crm("The field SUBJECT is not defined or empty")
        if not self.portal.people.is_active(sent.get("RESPONSIBLE_ID")):
            raise Refusals.crm("The field RESPONSIBLE_ID is not defined or invalid")
        kind = number(sent.get("TYPE_ID"))
        if kind not in (1, CALL, 4, PROVIDED):
            raise Refusals.crm("The field TYPE_ID is not defined or invalid")
        if kind == PROVIDED:
            raise Refusals.crm("The custom activity without provider is not supported in current context")
        self._judge_communications(sent.get("COMMUNICATIONS"))
        self._judge_owner(sent)
        self._judge_values(sent)

    def _judge_communications(self, sent: object) -> None:
        if not isinstance(sent, list) or not sent or not all(_is_communication(one) for one in sent):
            raise Refusals.crm("The field COMMUNICATIONS is not defined or invalid")
        if len(sent) > 1:
            raise Refusals.crm("The only one communication is allowed for activity of specified type")
        [one] = sent
        if self.portal.records.find(KINDS.get(number(one["ENTITY_TYPE_ID"]) or 0, ""), one["ENTITY_ID"]) is None:
            raise Refusals.crm("The field COMMUNICATIONS is not defined or invalid")  # a guess

    def _judge_owner(self, sent: dict[str, Any]) -> None:
        kind = KINDS.get(number(sent.get("OWNER_TYPE_ID")) or 0, "")
        if (kind, number(sent.get("OWNER_ID"))) in self.portal.records.shut:
            raise Refusals.crm("Access denied.")
        if self.portal.records.find(kind, sent.get("OWNER_ID")) is None:
            raise Refusals.crm(
                "Could not build binding. Please ensure that owner fields and communications are correct"
            )

    def _judge_values(self, sent: dict[str, Any]) -> None:
        """The documentation says what these may be, but not what is said where they are not: the texts are guesses."""
        for name, allowed in (
            ("COMPLETED", "YN"),
            ("DIRECTION", "12"),
            ("DESCRIPTION_TYPE", "123"),
            ("PRIORITY", "123"),
        ):
            if name in sent and (not str(sent[name]) or str(sent[name]) not in allowed):
                raise Refusals.crm(f"The field {name} is not defined or invalid")
        for name in ("START_TIME", "END_TIME"):
            if name in sent and moment(sent[name]) is None:
                raise Refusals.crm(f"The field {name} is not defined or invalid")
        origin = str(sent.get("ORIGIN_ID", ""))
        # The telephony module finds its own rows by this prefix: a hand-made entry must not look like one.
        if origin.startswith("VI_") or len(origin) > LONGEST_ORIGIN:
            raise Refusals.crm("The field ORIGIN_ID is not defined or invalid")

    def _show(self, fields: dict[str, Any]) -> None:
        self.portal.show("activity", str(fields.get("SUBJECT", "")))
        self.portal.show("activity", str(fields.get("DESCRIPTION", "")))

    @method("crm.activity.list", "crm", "filter order select start", any_case=True)
    def list(self, params: Params, turn: Turn) -> Listed:
        known = ACTIVITY_FIELDS | {"ID", "PROVIDER_ID", "DEADLINE", "CREATED", "LAST_UPDATED", "AUTHOR_ID"}
        seen = self.portal.visible(self.rows.values(), turn.method)
        rows = [row for row in seen if matches(row, params.get("FILTER"), known, self.portal.ignored)]
        hidden = ("COMMUNICATIONS",)
        return paged([chosen(row, params.get("SELECT"), hidden) for row in rows], params.get("START"))

    @method("crm.activity.get", "crm", "id", any_case=True)
    def get(self, params: Params, turn: Turn) -> object:
        return {name: value for name, value in self._open(params).items() if name.isupper()}

    @method("crm.activity.update", "crm", "id fields", any_case=True)
    def update(self, params: Params, turn: Turn) -> bool:
        row, fields = self._open(params), params.get("FIELDS") or {}
        self.portal.ignored += [(turn.method, name) for name in fields if name not in ACTIVITY_FIELDS]
        self._judge_values(fields)
        if "RESPONSIBLE_ID" in fields and not self.portal.people.is_active(fields["RESPONSIBLE_ID"]):
            raise Refusals.crm("The field RESPONSIBLE_ID is not defined or invalid")
        row |= {name: str(value) for name, value in fields.items() if name in ACTIVITY_FIELDS - {"COMMUNICATIONS"}}
        self._show(fields)
        turn.write(row.get("ORIGIN_ID") or row["ID"])
        return True

    @method("crm.activity.delete", "crm", "id", any_case=True)
    def delete(self, params: Params, turn: Turn) -> bool:
        row = self._open(params)
        del self.rows[int(row["ID"])]
        turn.write(row.get("ORIGIN_ID") or row["ID"])
        return True

    def _open(self, params: Params) -> dict[str, Any]:
        wanted = number(params.get("ID"))
        if not wanted:
            raise Refusals.crm("ID is not defined or invalid.")
        if wanted not in self.rows:
            raise Refusals.crm("Not found")
        return self.rows[wanted]

    @method(
        "crm.activity.todo.add",
        "crm",
        "ownerTypeId ownerId deadline title description responsibleId parentActivityId pingOffsets colorId",
    )
    def todo_add(self, params: Params, turn: Turn) -> object:
        required(params, "ownerTypeId", "ownerId", "deadline")
        if moment(params["deadline"]) is None:
            raise Refused(400, "WRONG_DATETIME_FORMAT", "Wrong deadline format")
        kind = KINDS.get(number(params["ownerTypeId"]) or 0, "")
        if self.portal.records.find(kind, params["ownerId"]) is None:
            raise Refused(400, "OWNER_NOT_FOUND", "Owner was not found")
        responsible = params.get("responsibleId", turn.user_id)
        if not self.portal.people.is_active(responsible):
            raise Refused(400, "ACCESS_DENIED", "The responsible person is not active")  # a guess
        texts = {"SUBJECT": str(params.get("title", "")), "DESCRIPTION": str(params.get("description", ""))}
        owner = {"OWNER_TYPE_ID": str(params["ownerTypeId"]), "OWNER_ID": str(params["ownerId"])}
        more = {"RESPONSIBLE_ID": str(responsible), "DEADLINE": str(params["deadline"]), "COMPLETED": "N"}
        self._show(texts)
        todo_id = self.put({"PROVIDER_ID": "CRM_TODO", "TYPE_ID": "6", **owner, **texts, **more})
        turn.write(f"{params['ownerId']} {texts}")
        return {"id": todo_id}


def _is_communication(one: object) -> bool:
    names = ("TYPE", "VALUE", "ENTITY_TYPE_ID", "ENTITY_ID")
    return isinstance(one, dict) and all(one.get(name) for name in names) and one["TYPE"] in ("PHONE", "EMAIL")
