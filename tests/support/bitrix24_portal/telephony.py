"""Calls that are registered from outside: live ones, their cards, and the statistics that are left of them."""

from __future__ import annotations

import re
from typing import Any

from bitrix24_portal.filters import matches
from bitrix24_portal.part import Params, Part, Turn, method
from bitrix24_portal.records import KINDS
from bitrix24_portal.wire import Listed, Refused, moment, number, paged, words

REGISTER = (
    "USER_ID USER_PHONE_INNER PHONE_NUMBER TYPE CALL_START_DATE CRM_CREATE CRM_SOURCE CRM_ENTITY_TYPE CRM_ENTITY_ID "
    "SHOW ADD_TO_CHAT CALL_LIST_ID LINE_NUMBER EXTERNAL_CALL_ID"
)
FINISH = (
    "CALL_ID USER_ID USER_PHONE_INNER DURATION STATUS_CODE FAILED_REASON ADD_TO_CHAT COST COST_CURRENCY VOTE RECORD_URL"
)
CODES = words("200 304 603 603-S 403 404 486 484 503 480 402 423 OTHER")
ROW = words("ID CALL_ID EXTERNAL_CALL_ID PHONE_NUMBER CALL_FAILED_CODE CRM_ACTIVITY_ID PORTAL_USER_ID")
WINDOW = 1800.0  # seconds
GONE = "Call is not found (call should be registered prior to finishing"  # the missing bracket is the portal's


class Telephony(Part):
    """`live` calls by id, `rows` of the statistics, and `cards`: (call's id, user) of each that is open on a screen."""

    def __init__(self, portal: Any) -> None:
        super().__init__(portal)
        self.live: dict[str, dict[str, Any]] = {}
        self.rows: list[dict[str, Any]] = []
        self.cards: set[tuple[str, int]] = set()
        self.ever_shown: set[tuple[str, int]] = set()
        self._last = 0

    def held(self) -> list[str]:
        rows = [f"call {row['EXTERNAL_CALL_ID'] or row['CALL_ID']}" for row in self.rows]
        return rows + [f"live {call['EXTERNAL_CALL_ID'] or call_id}" for call_id, call in self.live.items()]

    @method("telephony.externalCall.searchCrmEntities", "telephony", "PHONE_NUMBER")
    def search(self, params: Params, turn: Turn) -> object:
        if not params.get("PHONE_NUMBER"):
            raise _core("PHONE_NUMBER is empty")
        return [self._found(kind, row) for kind, row in self.portal.records.known_by(params["PHONE_NUMBER"])]

    def _found(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        owner = self.portal.people.users.get(int(row["ASSIGNED_BY_ID"]), {})
        name = " ".join(filter(None, (row.get("NAME"), row.get("LAST_NAME")))) or row.get("TITLE", "")
        shown = {key: owner.get(key) for key in ("USER_PHONE_INNER", "WORK_PHONE", "PERSONAL_PHONE", "PERSONAL_MOBILE")}
        about = {"ID": row["ASSIGNED_BY_ID"], "TIMEMAN_STATUS": "NOT_INSTALLED", **shown}
        about["USER_PHONE_INNER"] = owner.get("UF_PHONE_INNER")
        ids = {"CRM_ENTITY_TYPE": kind, "CRM_ENTITY_ID": int(row["ID"]), "ASSIGNED_BY_ID": int(row["ASSIGNED_BY_ID"])}
        return {**ids, "NAME": name, "ASSIGNED_BY": about}

    @method("telephony.externalCall.register", "telephony", REGISTER, application_only=True)
    def register(self, params: Params, turn: Turn) -> object:
        call = self._registered(params, turn)
        call_id = self._same(call)
        created: list[dict[str, Any]] = []
        if call_id is None:
            created = self._linked(call, params)
            self._last += 1
            call_id = f"externalCall.{self._last:032x}.{int(self.portal.clock())}"
            self.live[call_id] = call
        known = self.live[call_id]
        if str(params.get("SHOW", 1)) == "1":
            self._show(call_id, known["USER_ID"])
        turn.write(call["EXTERNAL_CALL_ID"] or call_id)
        lead = created[0]["ENTITY_ID"] if created else None
        linked = {"CRM_ENTITY_TYPE": known["CRM_ENTITY_TYPE"], "CRM_ENTITY_ID": known["CRM_ENTITY_ID"]}
        return {"CALL_ID": call_id, "CRM_CREATED_LEAD": lead, "CRM_CREATED_ENTITIES": created, **linked}

    def _registered(self, params: Params, turn: Turn) -> dict[str, Any]:
        user_id = self._user(params)
        phone = re.sub(r"\D", "", str(params.get("PHONE_NUMBER", "")))
        if not phone:
            raise _core("Unsupported phone number format")
        if number(params.get("TYPE")) not in (1, 2, 3, 4, 5):
            raise _core("Unknown TYPE")
        start = self.portal.clock()
        if "CALL_START_DATE" in params:
            read = moment(params["CALL_START_DATE"])
            if read is None:
                raise _core("CALL_START_DATE should be in the ISO-8601 format")
            start = read.timestamp()
        texts = {name: str(params.get(name) or "") for name in ("LINE_NUMBER", "EXTERNAL_CALL_ID")}
        if len(texts["LINE_NUMBER"]) > 50:
            raise _core("LINE_NUMBER is too long")  # a guess at the text
        known = {"application": turn.application, "PHONE_NUMBER": phone, "TYPE": number(params["TYPE"])}
        return {**known, "USER_ID": user_id, **texts, "start": start, "CRM_ENTITY_TYPE": "", "CRM_ENTITY_ID": None}

    def _user(self, params: Params) -> int:
        inner = params.get("USER_PHONE_INNER")
        if params.get("USER_ID") in (None, "") and not inner:
            raise _core("USER_ID or USER_PHONE_INNER should be set")
        by_inner = {user["UF_PHONE_INNER"]: user_id for user_id, user in self.portal.people.users.items()}
        user_id = number(params.get("USER_ID")) or by_inner.get(inner, 0)
        if not self.portal.people.is_active(user_id):
            raise _core("User is not found or is not active")
        return user_id

    def _same(self, call: dict[str, Any]) -> str | None:
        """The live call that this one is: only where what is sent is equal, and it began within half an hour."""
        names = ["application", "PHONE_NUMBER", "TYPE", "USER_ID"]
        names += [name for name in ("LINE_NUMBER", "EXTERNAL_CALL_ID") if call[name]]
        since = self.portal.clock() - WINDOW
        for call_id, other in self.live.items():
            if other["start"] >= since and all(call[name] == other[name] for name in names):
                return call_id
        return None

    def _linked(self, call: dict[str, Any], params: Params) -> list[dict[str, Any]]:
        """Bind the call to a record: the one that is named, the one that is known, or a new lead if that is wished."""
        records, created = self.portal.records, []
        known = [(kind, int(row["ID"])) for kind, row in records.known_by(f"+{call['PHONE_NUMBER']}")]
        named = (str(params.get("CRM_ENTITY_TYPE", "")), number(params.get("CRM_ENTITY_ID")) or 0)
        if records.find(*named):
            known = [named]
        elif not known and str(params.get("CRM_CREATE", 0)) == "1":
            phone = f"+{call['PHONE_NUMBER']}"
            kind = "CONTACT" if records.simple else "LEAD"
            made = records.add(kind, phones=[phone], TITLE=phone, NAME=phone, made_by_rest=True)
            known = [(kind, made)]
            created = [{"ENTITY_TYPE": kind, "ENTITY_ID": made}]
        if known:
            call["CRM_ENTITY_TYPE"], call["CRM_ENTITY_ID"] = known[0]
        return created

    def _show(self, call_id: str, user_id: int) -> None:
        self.cards.add((call_id, user_id))
        self.ever_shown.add((call_id, user_id))

    @method("telephony.externalCall.show", "telephony", "CALL_ID USER_ID")
    def show(self, params: Params, turn: Turn) -> bool:
        call_id = str(params.get("CALL_ID"))
        if call_id not in self.live:
            return False
        for user_id in self._users(params, call_id):
            self._show(call_id, user_id)
        turn.write(f"{call_id} {params.get('USER_ID')}")
        return True

    @method("telephony.externalCall.hide", "telephony", "CALL_ID USER_ID")
    def hide(self, params: Params, turn: Turn) -> bool:
        """False once the call is finished: a card that is open then stays."""
        call_id = str(params.get("CALL_ID"))
        if call_id not in self.live:
            return False
        self.cards -= {(call_id, user_id) for user_id in self._users(params, call_id)}
        turn.write(f"{call_id} {params.get('USER_ID')}")
        return True

    def _users(self, params: Params, call_id: str) -> list[int]:
        named = params.get("USER_ID", self.live[call_id]["USER_ID"])
        users = [number(one) or 0 for one in (named if isinstance(named, list) else [named])]
        if not users or not all(self.portal.people.is_active(user) for user in users):
            raise _core("User is not found or is not active")  # a guess for these two methods
        return users

    @method("telephony.externalCall.finish", "telephony", FINISH, application_only=True)
    def finish(self, params: Params, turn: Turn) -> object:
        call_id = params.get("CALL_ID")
        if not isinstance(call_id, str) or not call_id:
            raise Refused(400, "INVALID_ARGUMENT", "CALL_ID must be a string")
        user_id, duration = self._user(params), number(params.get("DURATION", 0)) or 0
        code = str(params.get("STATUS_CODE", "200" if duration else "304"))
        if code not in CODES:
            raise _core("Unknown STATUS_CODE")  # a guess
        if call_id not in self.live:
            raise Refused(400, "", GONE)
        call = self.live.pop(call_id)
        self.cards.discard((call_id, user_id))
        row = self._row(call_id, call, user_id, duration, code)
        self.rows.append({**row, "made_at": self.portal.clock()})
        turn.write(call["EXTERNAL_CALL_ID"] or call_id)
        return {**row, "CALL_START_DATE": {}}

    def _row(self, call_id: str, call: dict[str, Any], user_id: int, duration: int, code: str) -> dict[str, Any]:
        same = {name: call[name] for name in ("EXTERNAL_CALL_ID", "PHONE_NUMBER", "CRM_ENTITY_TYPE", "CRM_ENTITY_ID")}
        ids = {"ID": str(9000 + len(self.rows)), "CALL_ID": call_id, "PORTAL_USER_ID": str(user_id)}
        how = {"CALL_DURATION": str(duration), "CALL_STATUS": "1" if duration else "0", "CALL_FAILED_CODE": code}
        activity = self._activity(call_id, call, user_id, code)
        return {**ids, **same, **how, "INCOMING": str(call["TYPE"]), "CRM_ACTIVITY_ID": activity}

    def _activity(self, call_id: str, call: dict[str, Any], user_id: int, code: str) -> str | None:
        if call["CRM_ENTITY_ID"] is None:
            return None
        [kind] = [kind for kind, name in KINDS.items() if name == call["CRM_ENTITY_TYPE"]]
        owner = {"OWNER_TYPE_ID": str(kind), "OWNER_ID": str(call["CRM_ENTITY_ID"]), "RESPONSIBLE_ID": str(user_id)}
        about = {"TYPE_ID": "2", "PROVIDER_ID": "VOXIMPLANT_CALL", "SUBJECT": "Call", "ORIGIN_ID": f"VI_{call_id}"}
        return str(self.portal.activities.put({**owner, **about, "COMPLETED": "N" if code == "304" else "Y"}))

    @method("voximplant.statistic.get", "telephony", "FILTER SORT ORDER start")
    def statistic(self, params: Params, turn: Turn) -> Listed:
        seen = self.portal.visible(self.rows, turn.method)
        rows = [row for row in seen if matches(row, params.get("FILTER"), ROW, self.portal.ignored)]
        return paged([{name: row[name] for name in row if name.isupper()} for row in rows], params.get("start"))


def _core(description: str) -> Refused:
    return Refused(400, "ERROR_CORE", description)
