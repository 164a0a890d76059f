"""Call cards: a call is registered, shown to people, hidden, and finished, which books it in the CRM.

Source: https://apidocs.bitrix24.com/api-reference/telephony/telephony-external-call-register.html
Source: https://apidocs.bitrix24.com/api-reference/telephony/telephony-external-call-finish.html
Source: https://apidocs.bitrix24.com/api-reference/telephony/voximplant/statistic/voximplant-statistic-get.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.bitrix24.refusals import Refused
from connectors.bitrix24.rest import Rest
from connectors.bitrix24.wording import neutral
from connectors.kit import Call, ConnectorError, Person, Rejected

Json = Any

INCOMING = 2
LONGEST_LINE = 50  # characters of LINE_NUMBER

# Codes are often blank, so that a refusal is known by a piece of its text.
_NO_USER = "user is not found"
_NO_CALL = "call is not found"
_NO_NUMBER = "unsupported phone number"


class NotLive(Rejected):
    """The portal has no such call under way: it was finished, or never registered."""


@dataclass(frozen=True, slots=True)
class Card:
    """A registered call: its id in the portal, who it is booked for, and the CRM record that it was linked to."""

    call_id: str
    user: str
    record: tuple[str, str] | None = None


class Cards:
    """The telephony of one portal. Its reports show these calls under `line`, or the instance's name."""

    def __init__(self, rest: Rest, line: str | None, *, create_lead: bool) -> None:
        self._rest = rest
        self._line = line
        self._create_lead = create_lead

    def register(self, call: Call, users: Sequence[str], person: Person | None) -> Card:
        """Make the call known, shown to nobody yet, for the first of these users who still works there.

        The same call, user and number within 30 minutes of its start give the same card again.
        """
        for user in users:
            try:
                made = self._rest.call("telephony.externalCall.register", self._registration(call, user, person))
            except Refused as error:
                if _NO_NUMBER in error.description:
                    raise Rejected("The portal cannot read the caller's number, so it has no call card.") from None
                if _NO_USER not in error.description:
                    raise
            else:
                return Card(str(made["CALL_ID"]), user, linked(made))
        raise Rejected("Nobody among operators is an active user of the portal: correct the connection's operators.")

    def _registration(self, call: Call, user: str, person: Person | None) -> dict[str, Json]:
        wanted: dict[str, Json] = {
            "USER_ID": int(user),
            "PHONE_NUMBER": call.caller.phone,
            "TYPE": INCOMING,
            "CALL_START_DATE": call.started_at.isoformat(timespec="seconds"),
            "CRM_CREATE": int(self._create_lead),
            "SHOW": 0,
            "LINE_NUMBER": (self._line or f"WhatsApp {call.instance}")[:LONGEST_LINE],
            # Without it, two calls of one number within half an hour would be one.
            "EXTERNAL_CALL_ID": call.id,
        }
        kind = person.parts.get("kind") if person else None
        if person and person.record_id and kind:  # it may be known under a spelling that register does not try
            wanted |= {"CRM_ENTITY_TYPE": kind.upper(), "CRM_ENTITY_ID": int(person.record_id)}
        return wanted

    def show(self, call_id: str, users: Sequence[str]) -> None:
        """Open the card for each of them who has the portal open. Nobody learns whether anyone saw it."""
        outcomes = self._for_each("telephony.externalCall.show", call_id, users)
        if True not in outcomes:
            for outcome in outcomes:
                if isinstance(outcome, ConnectorError) and not _is_about_user(outcome):
                    raise outcome
            raise Rejected("The portal showed the call card to nobody: see whether the operators still work there.")

    def hide(self, call_id: str, users: Sequence[str]) -> None:
        """Close the card for all of them. That of somebody who was dismissed, or of a call that is over, is closed."""
        for outcome in self._for_each("telephony.externalCall.hide", call_id, users):
            if isinstance(outcome, ConnectorError) and not isinstance(outcome, Refused):
                raise outcome

    def _for_each(self, method: str, call_id: str, users: Sequence[str]) -> list[Json | ConnectorError]:
        # One command for each, in one request: somebody who was dismissed must not spoil it for the others.
        commands = {f"user{user}": (method, {"CALL_ID": call_id, "USER_ID": int(user)}) for user in users}
        return list(self._rest.batch(commands).values())

    def finish(self, card: Card, code: str, reason: str) -> Mapping[str, Json]:
        """Book the call; returns its row of the statistics. Raises NotLive where it is not under way any more."""
        params = {
            "CALL_ID": card.call_id,
            "USER_ID": int(card.user),
            "STATUS_CODE": code,
            "DURATION": 0,  # nobody tells us how long people talked, and ringing is not talking
            "FAILED_REASON": neutral(reason),
        }
        try:
            return _row(self._rest.call("telephony.externalCall.finish", params))
        except Refused as error:
            if _NO_CALL not in error.description:
                raise
        raise NotLive("The portal has no such call under way.")

    def booked(self, external_id: str) -> Mapping[str, Json] | None:
        """The row of the statistics for the call of this id, if it was finished."""
        rows = self._rest.call("voximplant.statistic.get", {"FILTER": {"EXTERNAL_CALL_ID": external_id}})
        found = [row for row in rows or [] if isinstance(row, dict)]
        # A portal that did not know the filter would answer with everybody's calls.
        return next((row for row in found if row.get("EXTERNAL_CALL_ID", external_id) == external_id), None)


def linked(row: Mapping[str, Json]) -> tuple[str, str] | None:
    """(kind, id) of the CRM record in an answer; an unknown caller has a blank kind and no id."""
    kind, record_id = row.get("CRM_ENTITY_TYPE"), row.get("CRM_ENTITY_ID")
    return (str(kind).lower(), str(record_id)) if kind and record_id and str(record_id) != "0" else None


def _row(answer: Json) -> Mapping[str, Json]:
    return answer if isinstance(answer, dict) else {}


def _is_about_user(error: ConnectorError) -> bool:
    return isinstance(error, Refused) and _NO_USER in error.description
