"""Whose number it is: the record of the CRM, its name, and who is responsible for it.

Source: https://apidocs.bitrix24.com/api-reference/telephony/telephony-external-call-search-crm-entities.html
Source: https://apidocs.bitrix24.com/api-reference/crm/duplicates/crm-duplicate-find-by-comm.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.bitrix24.refusals import NoMethod, ScopeMissing
from connectors.bitrix24.rest import Rest
from connectors.kit import Person

Json = Any

KINDS = {"contact": 3, "company": 4, "lead": 1}
"""What a caller may be, in the order of preference, and the number that each kind has in the CRM."""

CLOSED = frozenset({"CONVERTED", "JUNK"})  # leads that nobody works on any more

_SPELLINGS = (
    (r"55(\d\d)([6-9]\d{7})", r"55\g<1>9\g<2>"),  # Brazil, without and with the ninth digit
    (r"55(\d\d)9([6-9]\d{7})", r"55\1\2"),
    (r"52(\d{10})", r"521\1"),  # Mexico
    (r"521(\d{10})", r"52\1"),
    (r"54([1-8]\d{9})", r"549\1"),  # Argentina
    (r"549(\d{10})", r"54\1"),
)


def find(rest: Rest, site: str, phone: str) -> Person | None:
    """Who has this E.164 number; None if nobody. `site` is the portal's address, for the link.

    `Person.parts` names the `kind`, the `responsible` user if there is one, and how many records `matched` if several.
    One request where the scope `telephony` was granted. Raises ConnectorError.
    """
    try:
        rows = rest.call("telephony.externalCall.searchCrmEntities", {"PHONE_NUMBER": phone})
    except (ScopeMissing, NoMethod):
        return _by_communication(rest, site, spellings(phone))
    found = _best([_entity(row, site) for row in rows or [] if isinstance(row, Mapping)])
    if found or not _other_spelling(phone.removeprefix("+")):
        return found
    return _by_communication(rest, site, spellings(phone))


def spellings(phone: str) -> list[str]:
    """How one number may stand in a CRM. WhatsApp and people write mobile numbers of three countries differently."""
    digits = phone.removeprefix("+")
    other = _other_spelling(digits)
    return [phone, digits, *([f"+{other}"] if other else [])]


def _other_spelling(digits: str) -> str | None:
    for written, other in _SPELLINGS:
        if re.fullmatch(written, digits):
            return re.sub(written, other, digits)
    return None


def _by_communication(rest: Rest, site: str, values: Sequence[str]) -> Person | None:
    found = rest.call("crm.duplicate.findbycomm", {"type": "PHONE", "values": list(values)})
    if not isinstance(found, Mapping):  # an empty map arrives as []
        return None
    for kind in KINDS:
        ids = found.get(kind.upper())
        if ids and (people := _records(rest, site, kind, ids)):
            return _best(people)
    return None


def _entity(row: Mapping[str, Json], site: str) -> Person:
    return person(str(row["CRM_ENTITY_TYPE"]).lower(), {**row, "ID": row["CRM_ENTITY_ID"]}, site)


def _records(rest: Rest, site: str, kind: str, ids: Sequence[Json]) -> list[Person]:
    fields = {"company": ["TITLE"], "contact": ["NAME", "LAST_NAME"]}.get(kind, ["TITLE", "NAME", "LAST_NAME"])
    select = ["ID", "ASSIGNED_BY_ID", *fields, *(["STATUS_ID"] if kind == "lead" else [])]
    rows = rest.call(
        f"crm.{kind}.list", {"filter": {"@ID": list(ids)}, "order": {"ID": "ASC"}, "select": select, "start": -1}
    )
    return [
        person(kind, row, site) for row in rows or [] if isinstance(row, Mapping) and row.get("STATUS_ID") not in CLOSED
    ]


def person(kind: str, row: Mapping[str, Json], site: str) -> Person:
    """What a connection keeps of a record, as `crm.<kind>.get` and `.list` show it."""
    full_name = " ".join(str(row.get(part) or "") for part in ("NAME", "LAST_NAME")).strip()
    parts = {"kind": kind, **_responsible(row)}
    record_id = str(row["ID"])
    return Person(full_name or row.get("TITLE") or None, record_id, record_url(site, kind, record_id), parts)


def record_url(site: str, kind: str, record_id: str) -> str:
    """Where people open a record of the CRM."""
    return f"{site}/crm/{kind}/details/{record_id}/"


def _best(people: Sequence[Person]) -> Person | None:
    """The first of the kind that is preferred, which says how many there were."""
    for kind in KINDS:
        for one in people:
            if one.parts["kind"] == kind:
                return replace(one, parts={**one.parts, "matched": str(len(people))}) if len(people) > 1 else one
    return None


def _responsible(row: Mapping[str, Json]) -> dict[str, str]:
    user = str(row.get("ASSIGNED_BY_ID") or "")
    return {"responsible": user} if user.isdigit() and int(user) else {}  # 0 is nobody
