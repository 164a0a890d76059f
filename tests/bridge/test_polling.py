"""The lease on an instance's queue: one holder at a time, and soon another where that one is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desk import Desk
from office import all_at_once

from bridge import instances, polling
from bridge.instances import InstanceConfig
from bridge.polling import NOBODY

LATER = polling.LEASE + timedelta(seconds=1)


@pytest.fixture
def ids(store):
    """Three instances that are to be polled."""
    for number in (1, 2, 3):
        config = InstanceConfig(
            f"line-{number}", f"710311122{number}", "https://api.example.com", "t", (), intake="poll"
        )
        store.write(lambda db, config=config: instances.save(db, store.secrets, config, None))
    with store.read() as db:
        return [one.id for one in instances.active(db, store.secrets)]


@pytest.fixture
def hold(store, ids, now):
    """Holds what can be held as one process would, and returns the ids."""

    def hold(holder, after=timedelta(0), limit=10, wanted=None):
        held = store.write(lambda db: polling.hold(db, holder, wanted or ids, limit, now + after))
        return sorted(one.instance_id for one in held)

    return hold


def test_what_one_holds_no_other_gets(hold, ids):
    assert hold("first") == ids
    assert hold("second") == []


def test_each_takes_what_the_limit_allows_and_the_next_has_the_rest(hold, ids):
    assert hold("first", limit=2) == ids[:2]
    assert hold("second") == ids[2:]


def test_a_lease_that_is_renewed_does_not_run_out(hold, ids):
    hold("first")
    assert hold("first", after=timedelta(seconds=8)) == ids
    assert hold("second", after=LATER) == []


def test_what_is_held_is_renewed_before_more_is_taken(hold, ids):
    assert hold("first", wanted=ids[2:]) == ids[2:]
    assert hold("first", limit=1) == ids[2:]


def test_what_a_dead_holder_had_is_taken_when_its_lease_is_over(hold, ids):
    hold("first")
    assert hold("second", after=LATER) == ids
    assert hold("first", after=LATER) == []


def test_what_is_given_back_is_taken_at_once(hold, ids, store):
    hold("first")
    store.write(lambda db: polling.release(db, "first", ids[:1]))
    assert hold("second") == ids[:1]


def test_nobody_gives_back_what_another_holds(hold, ids, store):
    hold("first")
    store.write(lambda db: polling.release(db, "second", ids))
    assert hold("second") == []


def test_two_that_take_at_the_same_moment_never_hold_the_same(store, ids, now):
    taken = []
    all_at_once(
        lambda holder: taken.extend(store.write(lambda db: polling.hold(db, str(holder), ids, 10, now))), range(8)
    )

    assert sorted(one.instance_id for one in taken) == ids


def test_a_call_that_is_being_written_down_does_not_cost_the_lease(store, now):
    """It holds its instance's row against removal, and that for as long as its transaction takes."""
    desk = Desk(store, now, intake="poll")
    if store.engine.dialect.name == "sqlite":  # one transaction writes at a time: there is nothing to collide with
        desk.hear()
        assert len(store.write(lambda db: polling.hold(db, "first", [1], 1, now))) == 1
        return
    with store.engine.begin() as db:
        db.exec_driver_sql("SELECT id FROM instances WHERE id = 1 FOR KEY SHARE")
        assert len(store.write(lambda other: polling.hold(other, "first", [1], 1, now))) == 1


def test_a_removed_instance_is_held_by_nobody(hold, ids, store, now):
    with store.read() as db:
        first = instances.active(db, store.secrets)[0]
    store.write(lambda db: instances.remove(db, first, now))

    assert hold("first") == ids[1:]


def test_a_reason_is_noted_by_its_holder_alone_and_read_by_the_next(hold, ids, store, now):
    hold("first")
    store.write(lambda db: polling.note(db, "first", ids[0], "The token is refused."))
    store.write(lambda db: polling.note(db, "second", ids[0], "nonsense"))

    held = store.write(lambda db: polling.hold(db, "second", ids[:1], 1, now + LATER))
    assert [one.reason for one in held] == ["The token is refused."]


def test_it_is_said_where_nobody_polls_and_why_it_is_in_vain(now):
    fresh = now + timedelta(seconds=5)

    assert polling.fault(None, None, now) == NOBODY
    assert polling.fault(now, "The token is refused.", now) == NOBODY
    assert polling.fault(fresh, "The token is refused.", now) == "The token is refused."
    assert polling.fault(fresh, None, now) is None
