"""Leads, contacts and companies: kept by hand, looked up by number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from bitrix24_portal.filters import chosen, matches
from bitrix24_portal.part import Params, Part, Refusals, Turn, method
from bitrix24_portal.wire import Listed, number, paged, words

KINDS = {1: "LEAD", 2: "DEAL", 3: "CONTACT", 4: "COMPANY"}
MOST_VALUES = 20
LEAD_FIELDS = words(
    "TITLE NAME SECOND_NAME LAST_NAME PHONE EMAIL ASSIGNED_BY_ID SOURCE_ID SOURCE_DESCRIPTION COMMENTS OPENED "
    "ORIGINATOR_ID ORIGIN_ID STATUS_ID CONTACT_ID COMPANY_ID"
)
CLOSED = ("CONVERTED", "JUNK")


class Records(Part):
    """`simple`: the CRM has no leads, and makes contact and deal of them. `shut` are records nobody may touch."""

    def __init__(self, portal: Any) -> None:
        super().__init__(portal)
        self.rows: dict[str, dict[int, dict[str, Any]]] = {kind: {} for kind in KINDS.values()}
        self.simple = False
        self.shut: set[tuple[str, int]] = set()
        self._ids = Counter(dict.fromkeys(KINDS.values(), 650))

    def add(self, kind: str, **fields: object) -> int:
        """A record as somebody in the portal would have made it. `phones` are numbers as they were typed."""
        self._ids[kind] += 1
        record_id = self._ids[kind]
        phones = fields.pop("phones", ())
        typed: Iterable[Any] = phones if isinstance(phones, (list, tuple)) else ()
        listed = [{"VALUE": phone, "VALUE_TYPE": "WORK", "TYPE_ID": "PHONE"} for phone in typed]
        row = {"ASSIGNED_BY_ID": "1", **fields, "ID": str(record_id), "made_at": self.portal.clock()}
        self.rows[kind][record_id] = {"PHONE": listed} | row
        return record_id

    def find(self, kind: str, record_id: object) -> dict[str, Any] | None:
        return self.rows.get(kind, {}).get(number(record_id) or 0)

    def held(self) -> list[str]:
        return [
            f"lead {row.get('ORIGIN_ID') or _phones(row) or row['ID']}"
            for row in self.rows["LEAD"].values()
            if row.get("made_by_rest")
        ]

    def known_by(self, phone: object) -> list[tuple[str, dict[str, Any]]]:
        """(kind, record), contacts before companies before leads that are open."""
        wanted = normalised(str(phone))
        return [
            (kind, row)
            for kind in ("CONTACT", "COMPANY", "LEAD")
            for row in self.rows[kind].values()
            if wanted in _numbers(row) and row.get("STATUS_ID") not in CLOSED
        ]

    @method("crm.settings.mode.get", "crm")
    def mode(self, params: Params, turn: Turn) -> int:
        return 2 if self.simple else 1

    @method("crm.duplicate.findbycomm", "crm", "type values entity_type", any_case=True)
    def findbycomm(self, params: Params, turn: Turn) -> object:
        kind, values = params.get("TYPE"), params.get("VALUES")
        if not kind:
            raise Refusals.crm("Communication type is not defined.")
        if kind not in ("PHONE", "EMAIL"):
            raise Refusals.crm(f"Communication type '{kind}' is not supported in current context.")
        if not isinstance(values, list) or not values:
            raise Refusals.crm("Communication values is not defined.")
        if len(values) > MOST_VALUES:  # a guess: the documentation only says "at most"
            raise Refusals.crm("Too many communication values.")
        wanted = {normalised(str(value)) for value in values}
        kinds = [params["ENTITY_TYPE"]] if params.get("ENTITY_TYPE") else ["LEAD", "CONTACT", "COMPANY"]
        found = {one: self._ids_of(one, wanted) for one in kinds} if kind == "PHONE" else {}
        return {one: ids for one, ids in found.items() if ids} or []

    def _ids_of(self, kind: str, wanted: set[str]) -> list[int]:
        seen = self.portal.visible(self.rows[kind].values(), "crm.duplicate.findbycomm")
        return [int(row["ID"]) for row in seen if wanted & _numbers(row)][:MOST_VALUES]

    @method("crm.lead.get", "crm", "id", any_case=True)
    @method("crm.contact.get", "crm", "id", any_case=True)
    @method("crm.company.get", "crm", "id", any_case=True)
    def get(self, params: Params, turn: Turn) -> object:
        row = self._open(_kind(turn), params.get("ID"))
        return {name: value for name, value in row.items() if name.isupper()}

    @method("crm.lead.list", "crm", "filter order select start", any_case=True)
    @method("crm.contact.list", "crm", "filter order select start", any_case=True)
    @method("crm.company.list", "crm", "filter order select start", any_case=True)
    def list(self, params: Params, turn: Turn) -> Listed:
        """PHONE is compared as it was typed, and comes only where it is asked for by name."""
        seen = self.portal.visible(self.rows[_kind(turn)].values(), turn.method)
        known = LEAD_FIELDS | {"ID", "DATE_CREATE"}
        rows = [row for row in seen if matches(row, params.get("FILTER"), known, self.portal.ignored)]
        return paged([chosen(row, params.get("SELECT"), hidden=("PHONE",)) for row in rows], params.get("START"))

    @method("crm.lead.add", "crm", "fields params", any_case=True)
    def lead_add(self, params: Params, turn: Turn) -> int:
        sent = params.get("FIELDS")
        if not isinstance(sent, dict):
            raise Refusals.crm("Parameter 'fields' must be array.")
        fields = {name: str(value) for name, value in sent.items() if name in LEAD_FIELDS and name != "PHONE"}
        self.portal.ignored += [(turn.method, name) for name in sent if name not in LEAD_FIELDS]
        if fields.get("ASSIGNED_BY_ID") and not self.portal.people.is_active(fields["ASSIGNED_BY_ID"]):
            raise Refusals.crm("The responsible person is not active.")  # a guess
        phones = self._typed(sent.get("PHONE"), turn)
        self.portal.show("lead", fields.get("TITLE", ""), fields.get("NAME", ""), fields.get("COMMENTS", ""))
        lead_id = self.add("LEAD", STATUS_ID="NEW", phones=phones, made_by_rest=True)
        self.rows["LEAD"][lead_id] |= {"STATUS_ID": "NEW"} | fields
        if self.simple and fields.get("NAME"):
            self._convert(lead_id, phones)
        turn.write(fields.get("ORIGIN_ID") or phones or lead_id)
        return lead_id

    def _typed(self, phones: object, turn: Turn) -> list[str]:
        """A plain string is dropped in silence."""
        entries = phones if isinstance(phones, list) else []
        if phones and not entries:
            self.portal.ignored.append((turn.method, "PHONE"))
        return [str(entry["VALUE"]) for entry in entries if isinstance(entry, dict) and entry.get("VALUE")]

    def _convert(self, lead_id: int, phones: list[str]) -> None:
        lead = self.rows["LEAD"][lead_id]
        same = {"NAME": lead["NAME"], "ASSIGNED_BY_ID": lead.get("ASSIGNED_BY_ID", "1")}
        contact_id = self.add("CONTACT", phones=phones, **same)
        self.add("DEAL", CONTACT_ID=str(contact_id), **same)
        lead |= {"STATUS_ID": "CONVERTED", "CONTACT_ID": str(contact_id)}

    @method("crm.lead.update", "crm", "id fields params", any_case=True)
    def lead_update(self, params: Params, turn: Turn) -> bool:
        row = self._open("LEAD", params.get("ID"))
        fields = params.get("FIELDS") or {}
        row |= {name: str(value) for name, value in fields.items() if name in LEAD_FIELDS - {"PHONE"}}
        self.portal.show("lead", *(str(fields.get(name, "")) for name in ("TITLE", "NAME", "COMMENTS")))
        turn.write(row.get("ORIGIN_ID") or row["ID"])
        return True

    @method("crm.lead.delete", "crm", "id", any_case=True)
    def lead_delete(self, params: Params, turn: Turn) -> bool:
        row = self._open("LEAD", params.get("ID"))
        del self.rows["LEAD"][int(row["ID"])]
        turn.write(row.get("ORIGIN_ID") or row["ID"])
        return True

    def _open(self, kind: str, record_id: object) -> dict[str, Any]:
        wanted = number(record_id)
        if not wanted or wanted < 1:
            raise Refusals.crm("ID is not defined or invalid.")
        if (kind, wanted) in self.shut:
            raise Refusals.crm("Access denied.")
        row = self.find(kind, wanted)
        if row is None:
            raise Refusals.crm("Not found")
        return row


def normalised(phone: str) -> str:
    """As the portal's index writes a number.

    The extension is cut, then what is no digit; then a leading 00, 011 or 0; an 8 of a long number that does not
    begin with + is a 7, but for 80, 81 and 82.
    """
    text = re.split(r"[#;,]|ext", phone)[0].strip()
    digits = re.sub(r"\D", "", text)
    if text.startswith("+"):
        return digits
    if shortened := re.match(r"(?:00|011)(\d+)", digits):
        return shortened[1]
    if len(digits) > 10 and re.match(r"8[^012]", digits):
        return f"7{digits[1:]}"
    return digits.removeprefix("0")


def _kind(turn: Turn) -> str:
    return turn.method.split(".")[1].upper()


def _phones(row: dict[str, Any]) -> str:
    return " ".join(entry["VALUE"] for entry in row["PHONE"])


def _numbers(row: dict[str, Any]) -> set[str]:
    return {normalised(entry["VALUE"]) for entry in row["PHONE"]}
