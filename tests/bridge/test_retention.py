"""What is old is forgotten, a portion at a time, and nothing that somebody still needs."""

from __future__ import annotations

import pytest
from desk import CHAT, DONE, LOCKED_OUT, Desk
from office import Clock, office
from sqlalchemy import func, insert, select

from bridge import audit, holding, removal, retention, settings
from bridge.settings import SettingsError
from bridge.store import tables
from connectors.kit import Person, Receipt
from tasks.sweep import sweep

DAY = 86400
TOLD = DONE.__class__(Receipt("R1", person=Person("Noor", "7")))


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now)
    desk.know()
    return desk


def counts(desk) -> dict[str, int]:
    names = ("calls", "deliveries", "attempts", "story", "notifications", "callers", "people")
    with desk.store.read() as db:
        every = {
            name: db.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar() for name in names
        }
    return {name: count for name, count in every.items() if count}


def a_call(desk, after=0.0, chat=CHAT, id_message="C1", outcome=TOLD, row=1):
    desk.hear("offer", after, chat=chat, id_message=id_message)
    desk.hear("missed", after + 5, chat=chat, id_message=id_message)
    desk.tell(row, outcome, after + 70)  # whoever is asked for the name by then does not answer


def days_later(desk, days, rounds=12, **settings):
    """Sweep some rounds that many days after the desk's start; returns what is left."""
    service = office(desk.store, Clock(desk), **settings)
    service.clock.after = days * DAY
    for _ in range(rounds):
        sweep(service)
        service.clock.after += 1
    return counts(desk)


def test_each_kind_is_kept_for_its_own_time(desk):
    a_call(desk)
    everything = {
        "calls": 1, "deliveries": 1, "attempts": 1, "notifications": 2, "callers": 1, "people": 1
    }  # fmt: skip
    assert days_later(desk, 29) == everything

    left = days_later(desk, 31)
    assert left == {name: count for name, count in everything.items() if name != "notifications"}
    left = days_later(desk, 91)
    assert left == {"calls": 1, "deliveries": 1, "callers": 1, "people": 1}
    assert days_later(desk, 401) == {}


def test_what_is_due_or_held_keeps_its_call_however_old(desk):
    a_call(desk, outcome=LOCKED_OUT)
    assert desk.row().state == "held"
    kept = days_later(desk, 500, keep_calls_days=1)
    assert (kept["calls"], kept["deliveries"], kept["callers"]) == (1, 1, 1)

    desk.store.write(lambda db: holding.resume(db, 1, desk.moment(501 * DAY)))
    desk.tell(1, DONE, 501 * DAY)
    assert days_later(desk, 502, keep_calls_days=1) == {}


def test_a_call_that_falls_due_between_looking_and_forgetting_stays(desk):
    a_call(desk, outcome=LOCKED_OUT)
    before = counts(desk)
    portion = retention.Portion("calls", [1])

    assert desk.store.write(lambda db: retention.forget(db, portion)) == {}
    assert counts(desk) == before


def test_a_call_is_not_forgotten_while_what_was_heard_of_it_last_may_be_repeated(desk):
    """Its offer came a day late, and its outcome is a minute younger than that."""
    desk.hear("offer", DAY, stamped=0)
    desk.hear("missed", DAY + 60, stamped=0)
    desk.tell(1, DONE, DAY + 130)

    assert days_later(desk, 1.5, keep_calls_days=1, keep_notifications_days=1)["notifications"] == 2
    desk.hear("missed", 2 * DAY + 59, stamped=0)
    assert counts(desk)["notifications"] == 2
    assert len(desk.calls()) == 1
    assert days_later(desk, 2.01, keep_calls_days=1, keep_notifications_days=1) == {}


def test_somebody_who_called_again_stays_known(desk):
    a_call(desk)
    a_call(desk, 400 * DAY, id_message="C2", row=2)

    assert days_later(desk, 400.5, keep_notifications_days=1) == {
        "calls": 1, "deliveries": 1, "attempts": 1, "notifications": 2, "callers": 1, "people": 1
    }  # fmt: skip
    assert desk.calls()[0].id_message == "C2"


def test_a_portion_is_never_large_and_the_next_round_goes_on(desk):
    a_call(desk)
    row = {"delivery_id": 1, "fence": 1, "status": "missed", "started_at": desk.moment()}
    desk.store.write(lambda db: db.execute(insert(tables.attempts), [row] * 1300) and None)
    assert counts(desk)["attempts"] == 1301

    old = dict.fromkeys(("keep_notifications_days", "keep_attempts_days"), 1000)
    gone = [counts(desk).get("attempts", 0) - days_later(desk, 401, 1, **old).get("attempts", 0) for _ in range(4)]

    assert gone == [removal.AT_ONCE, removal.AT_ONCE, 301, 0]
    assert "calls" not in counts(desk)


def test_once_nothing_is_left_it_is_looked_for_every_few_minutes_only(desk):
    service = office(desk.store, Clock(desk))
    sweep(service)
    with desk.store.read() as db:
        times = [retention.is_time(db, desk.moment(after)) for after in (0, 299, 300)]

    assert times == [False, False, True]


@pytest.mark.parametrize("kind", ["NOTIFICATIONS", "ATTEMPTS", "CALLS"])
@pytest.mark.parametrize("value", ["0", "-3", "0.5", "soon", "99999999"])
def test_a_limit_shorter_than_a_day_or_without_sense_is_refused_by_name(monkeypatch, kind, value):
    monkeypatch.setenv(f"RINGBRIDGE_KEEP_{kind}_DAYS", value)

    with pytest.raises(SettingsError, match=f"^RINGBRIDGE_KEEP_{kind}_DAYS cannot be used: [^\n]+[.]$"):
        settings.load()


def left(desk, *names):
    with desk.store.read() as db:
        return [db.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar() for name in names]


def test_the_audit_trail_is_kept_as_long_as_calls(desk):
    desk.store.write(lambda db: audit.record(db, desk.moment(), "ann", "connection.paused", about="sales"))
    desk.store.write(lambda db: audit.record(db, desk.moment(2 * DAY), "ann", "connection.resumed", about="sales"))

    days_later(desk, 399.9)
    assert left(desk, "audit") == [2]
    days_later(desk, 400.1)
    with desk.store.read() as db:
        assert [row["what"] for row in audit.listing(db, 10)] == ["connection.resumed"]


def test_sessions_and_throttles_are_kept_for_a_day_after_they_ended(desk):
    user = {"name": "ann", "password_hash": "x", "role": "operator", "created_at": desk.moment()}
    session = {"user_id": 1, "seen_at": desk.moment()}
    sessions = [
        {**session, "id_hash": "old", "created_at": desk.moment()},
        {**session, "id_hash": "new", "created_at": desk.moment(DAY)},
    ]
    throttles = [
        {"key": "old", "failures": 9, "until": desk.moment()},
        {"key": "new", "failures": 9, "until": desk.moment(DAY)},
    ]

    def note(db):
        db.execute(insert(tables.users), user)
        db.execute(insert(tables.sessions), sessions)
        db.execute(insert(tables.throttles), throttles)

    desk.store.write(note)
    days_later(desk, 0.99)
    assert left(desk, "sessions", "throttles") == [2, 2]
    days_later(desk, 1.01)
    with desk.store.read() as db:
        assert db.execute(select(tables.sessions.c.id_hash)).scalars().all() == ["new"]
        assert db.execute(select(tables.throttles.c.key)).scalars().all() == ["new"]
