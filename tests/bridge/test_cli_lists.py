"""Lists narrowed down by time, by status, by name; and the page of one call."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from desk import REFUSED, Desk
from sqlalchemy import insert, literal, select

from bridge import instances, listing
from bridge.cli.since import moment
from bridge.directory import Directory
from bridge.settings import Settings
from bridge.store import open_store, tables


@pytest.fixture
def stored(tmp_path):
    """The store that the commands of `run` look into."""
    store = open_store(Settings(data_dir=tmp_path / "data"))
    yield store
    store.close()


@pytest.fixture
def desk(run, stored):
    """Three calls: an hour ago and missed, half an hour ago and answered, and one that rings; the first was refused."""
    run("call", "list")
    desk = Desk(stored, datetime.now(UTC) - timedelta(hours=1), ["result", "all"])
    desk.know()
    desk.hear("missed", id_message="C1")
    desk.tell(1, REFUSED)
    desk.hear("pickUp", 1800, id_message="C2")
    desk.hear("offer", 3590, id_message="C3")
    return desk


def listed(run, *arguments):
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        ([], ["C3", "C2", "C1"]),
        (["--since", "45m"], ["C3", "C2"]),
        (["--since", "2h", "--limit", "2"], ["C3", "C2"]),
        (["--since", "1 d", "--status", "missed"], ["C1"]),
        (["--status", "missed", "--status", "ringing"], ["C3", "C1"]),
        (["--status", "unknown"], []),
        (["--instance", "support"], ["C3", "C2", "C1"]),
    ],
)
def test_calls_are_listed_by_time_status_and_instance(run, desk, chosen, left):
    assert [one["id_message"] for one in listed(run, "call", "list", *chosen)] == left


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        (["--state", "failed"], [1]),
        (["--connection", "all-1", "--state", "due", "--state", "held"], [5, 4, 2]),
        (["--since", "45m", "--connection", "result-0"], [3]),
        (["--state", "skipped"], []),
    ],
)
def test_deliveries_are_listed_by_state_connection_and_the_time_of_the_call(run, desk, chosen, left):
    assert [one["id"] for one in listed(run, "delivery", "list", *chosen)] == left


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("call", "list", "--instance", "nobody"), "There is no instance nobody; "),
        (("delivery", "list", "--connection", "nobody"), "There is no connection nobody; "),
    ],
)
def test_a_name_that_nobody_ever_had_is_a_mistake(run, desk, arguments, sentence):
    refused = run(*arguments, "--json")

    assert (refused.exit_code, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert refused.stderr.startswith(f"Error: {sentence}")


def test_what_was_removed_is_still_found_by_its_name(run, desk):
    run("connection", "remove", "result-0")
    run("instance", "remove", "support")

    assert len(listed(run, "call", "list", "--instance", "support")) == 3
    assert [one["id"] for one in listed(run, "delivery", "list", "--connection", "result-0")] == [3, 1]


def test_an_account_that_was_removed_and_left_nothing_is_not_known(store, now):
    Desk(store, now)
    [support] = Directory(store).current().by_id.values()
    store.write(lambda db: instances.remove(db, support, now))

    with store.read() as db:
        assert not instances.is_known(db, "support")


def test_each_database_narrows_calls_and_deliveries_down(store, now):
    desk = Desk(store, now, ["all"])
    desk.hear("missed", id_message="C1")
    desk.hear("offer", 60, id_message="C2")

    with store.read() as db:
        since = listing.recent_calls(db, None, since=desk.moment(60))
        missed = listing.recent_calls(db, None, statuses=["missed"], instance="support")
        owed = listing.deliveries(db, None, since=desk.moment(1), states=["due"], connection="all-0")
        assert listing.call(db, "7103111222-C1") == missed[0]
    assert [[one["id_message"] for one in rows] for rows in (since, missed)] == [["C2"], ["C1"]]
    assert [one["id"] for one in owed] == [2]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T14:03", datetime(2026, 11, 20, 14, 3, tzinfo=UTC)),
        ("2026-11-20 14:03:12Z", datetime(2026, 11, 20, 14, 3, 12, tzinfo=UTC)),
        ("2026-11-20T14:03+03:00", datetime(2026, 11, 20, 14, 3, tzinfo=timezone(timedelta(hours=3)))),
        ("90m", datetime(2026, 11, 20, 12, 33, 12, tzinfo=UTC)),
        ("2h", datetime(2026, 11, 20, 12, 3, 12, tzinfo=UTC)),
        ("3D", datetime(2026, 11, 17, 14, 3, 12, tzinfo=UTC)),
        ("1w", datetime(2026, 11, 13, 14, 3, 12, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_date_a_time_or_a_span_before_now(now, typed, meant):
    assert moment(typed, now) == meant


@pytest.mark.parametrize("typed", ["yesterday", "", "90", "h", "-2h", "999999999d", "0001-01-01T00:00+09:00"])
@pytest.mark.parametrize("noun", ["call", "delivery"])
def test_what_is_no_moment_is_wrong_usage(run, noun, typed):
    refused = run(noun, "list", "--since", typed)

    assert refused.exit_code == 2
    assert "is no moment: write a date or a time, such as 2026-11-20" in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [("call", "list", "--status", "lost"), ("delivery", "list", "--state", "lost"), ("call", "list", "--limit", 2**40)],
)
def test_a_choice_that_there_is_not_is_wrong_usage(run, arguments):
    assert run(*arguments).exit_code == 2


def test_a_call_is_shown_by_either_id_for_people_and_for_scripts(run, desk):
    [listed_call] = listed(run, "call", "list", "--status", "missed")
    shown = json.loads(run("call", "show", "C1", "--json").stdout)
    page = run("call", "show", listed_call["id"]).stdout.splitlines()

    assert {key: value for key, value in shown.items() if key != "story"} == listed_call
    assert page[0].split() == ["call", listed_call["id"]]
    assert page[1].split(maxsplit=1) == ["caller", "Noor (bakery), +15551230042 (contact_name)"]
    assert len([line for line in page if " attempt " in line]) == 1
    assert page[-2].split()[:2] == ["all-1", "due"]
    assert page[-1].strip() == "next: Start `ringbridge up`, or `worker` and `beat`: nobody is at work."


def test_what_is_to_be_done_for_several_connections_is_said_once(run, desk):
    page = run("call", "show", "C2").stdout

    assert page.count("owes answered, told nothing") == 2
    assert page.count("next: ") == 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("C9", "Error: There is no call C9; `ringbridge call list` shows those that there are.\n"),
        ("TWIN", "Error: Several calls have the idMessage TWIN; name one of them: 7103111222-TWIN, 7103111333-TWIN.\n"),
    ],
)
def test_an_id_of_no_call_or_of_several_is_a_mistake(run, desk, stored, given, sentence):
    desk.hear("offer", id_message="TWIN")
    twin = select(*(one for one in tables.calls.c if one.name not in ("id", "key"))).where(
        tables.calls.c.id_message == "TWIN"
    )
    twin = twin.add_columns(literal("7103111333-TWIN"))
    names = [one.name for one in tables.calls.c if one.name not in ("id", "key")]
    stored.write(lambda db: db.execute(insert(tables.calls).from_select([*names, "key"], twin)) and None)

    refused = run("call", "show", given)

    assert (refused.exit_code, refused.stdout, refused.stderr) == (1, "", sentence)
