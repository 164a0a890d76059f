"""A lead for a number that nobody in the CRM has.

Source: https://apidocs.bitrix24.com/api-reference/crm/leads/crm-lead-add.html
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.bitrix24.lookup import CLOSED, find, person
from connectors.bitrix24.notes import ORIGINATOR, entrusted, title
from connectors.bitrix24.rest import Rest
from connectors.bitrix24.wording import name
from connectors.kit import Call, Person


def make_lead(rest: Rest, call: Call, phone: str, users: Sequence[str], source: str, *, unsure: bool) -> str:
    """The id of the call's lead. The number has to have been searched for just before: nobody has it."""
    there = _lead_of(rest, call) if unsure else None
    return there or entrusted(users, lambda user: _add(rest, call, phone, user, source))


def whose(rest: Rest, site: str, lead_id: str, phone: str) -> Person:
    """Who the caller is once there is a lead: a portal without leads turned it into a client, and a deal, at once."""
    lead = rest.call("crm.lead.get", {"id": lead_id})
    if lead.get("STATUS_ID") not in CLOSED:
        return person("lead", lead, site)
    if str(lead.get("CONTACT_ID") or "0") != "0":
        return person("contact", {**lead, "ID": lead["CONTACT_ID"]}, site)
    return find(rest, site, phone) or person("lead", lead, site)


def _add(rest: Rest, call: Call, phone: str, responsible: str, source: str) -> str:
    fields = {
        "TITLE": title(call),
        "NAME": name(call.caller.name) or phone,  # without it, a portal without leads hides what was made
        "PHONE": [{"VALUE": phone, "VALUE_TYPE": "MOBILE"}],
        "SOURCE_ID": source,
        "ASSIGNED_BY_ID": responsible,
        "ORIGINATOR_ID": ORIGINATOR,
        "ORIGIN_ID": call.id,
    }
    return str(rest.call("crm.lead.add", {"fields": fields, "params": {"REGISTER_SONET_EVENT": "N"}}))


def _lead_of(rest: Rest, call: Call) -> str | None:
    wanted = {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": call.id}
    rows = rest.call("crm.lead.list", {"filter": wanted, "select": ["ID"], "start": -1})
    return str(rows[0]["ID"]) if rows else None
