"""Ask one connected system who is calling, then let go what waited for the name."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import Connection as Db

from bridge import calls, names, people, story
from bridge.deliveries import Doorbell
from bridge.people import Question
from bridge.redaction import without_secrets
from bridge.service import Service
from connectors.kit import BrokenConnector, ConnectorError, Person, attempt_budget

log = logging.getLogger(__name__)

_LONGEST_SEARCH = 10.0  # seconds


def find(service: Service, person_id: int) -> None:
    """Ask one connected system who is calling, unless that has been answered by now.

    Safe to run any number of times: a question that somebody else is putting is left alone.
    """
    question = service.store.write(lambda db: people.claim(db, person_id, service.now()))
    if question is None:
        return
    began = service.now()
    person, reason = _answer(service, question)
    took = service.now() - began

    def learned(db: Db) -> list[Doorbell]:
        now = service.now()
        if reason is None:
            people.learn(db, question, person, now)
        else:
            people.learn_nothing(db, question, now)
        for call_id in calls.since(db, question.chat_id, began - _LEAD):
            found = {"source": "crm" if person and person.name else None, "reason": reason}
            took_ms = round(took / timedelta(milliseconds=1))
            story.tell(db, call_id, "name", now, question.connection_id, took_ms=took_ms, **found)
        return names.let_go(db, question.chat_id, now)

    for bell in service.store.write(learned):
        service.queue.deliver(bell.delivery_id, ringing=bell.ringing)


_LEAD = timedelta(seconds=5)
"""A question is put a moment after the call that made us ask."""


def _answer(service: Service, question: Question) -> tuple[Person | None, str | None]:
    """Whom the system found, and the reason where it gave no answer."""
    fields = {"connection_id": question.connection_id, "connector": question.connector}
    try:
        with attempt_budget(_LONGEST_SEARCH):
            connector = service.live.connect(question.connection_id, question.connection_version)
            if connector.rate and service.buckets.take(connector.rate, 1):
                return None, "Its allowance of requests was used up at that moment."
            found: Person | None = connector.find_caller(question.phone)  # type: ignore[attr-defined]
    except (ConnectorError, BrokenConnector) as error:
        reason = without_secrets(error.reason)
        log.warning("a system was asked for the caller's name in vain", extra={**fields, "reason": reason})
        return None, reason
    except Exception:
        log.exception("connector failed unexpectedly", extra=fields)
        return None, "The connector failed unexpectedly; the log says how."
    return found, None
