"""A Bitrix24 portal in bad weather: one note for each call, nothing twice, and nobody's bell goes on ringing.

The first answer to every write is lost after the portal did what was asked, and one in ten of all other requests fails
in some other way. Time is simulated; the store, the work and the connectors are real, and the portal refuses whatever
its documentation says it would. The same weather again: `RINGBRIDGE_SEED=7 pytest -s tests/faults/test_bitrix24.py`;
`RINGBRIDGE_FAULTS=long` makes it five times as many calls.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Collection

import pytest
from bitrix24_portal import Portal, Weather, live
from bitrix24_portal.portal import Entry
from bitrix24_portal.records import normalised
from bitrix24_portal.telephony import WINDOW
from bitrix24_portal.weather import BROKEN, LIMITED, LOST, SILENT
from day import Day, Ring

SEED = int(os.environ.get("RINGBRIDGE_SEED", "2026"))
IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
CALLS = 1000 if IS_LONG else 200
EVERY = 10.0  # seconds between two calls
FEW = 60 if IS_LONG else 40
CROWD = CALLS if IS_LONG else 120
LEAST = 50  # faults of each kind
HOOK = "https://acme.bitrix24.test/rest/1/c4nary5ecret/"
OUTCOMES = ("pickUp", "hangUp", "missed", "declined", "pickUp", None)
MISSED = ("hangUp", "missed", "declined")
KNOWN = [f"1555123{number:04}@c.us" for number in range(20)]
UNKNOWN = [f"1555456{number:04}@c.us" for number in range(10)]
HIDDEN = [f"9900000000000{number:02}@lid" for number in range(5)]
HOSTILE = {
    "15557890001@c.us": "[user=all]Everybody[/user] [url=https://evil.test/]click[/url]",
    "15557890002@c.us": ">> #BR# [send=/delete]me[/send] www.evil.test",
    "15557890003@c.us": "$result[find][0] & USER_ID=99 #7 100% a+b=c",
    "15557890004@c.us": "------ [img]https://evil.test/x.png[/img] [[b]b[/b]]",
    "15557890005@c.us": '﹝user=all﹞ ［b］ <b>&"O\'Neil"</b> [call=1]',
}
CALLERS = [*KNOWN, *UNKNOWN, *HIDDEN, *HOSTILE]
# The portal is what fails here, and it is the same for both databases: the short form goes through one of them.
ON_STORES = pytest.mark.parametrize("store", ["sqlite", "postgresql"] if IS_LONG else ["sqlite"], indirect=True)


@pytest.fixture
def day(store, now, monkeypatch):
    random.seed(SEED)  # the pauses between two attempts
    day = Day(store, now)
    for number, chat in enumerate(KNOWN):
        add_contact(day.portal, chat, number)
    for chat in CALLERS:
        day.desk.know(chat, contact_name=HOSTILE.get(chat, ""), name="")
    return day


def add_contact(portal: Portal, chat: str, number: int, owner: str = "99") -> None:
    digits = chat.partition("@")[0]
    typed = (f"+{digits}", f"+{digits[0]} ({digits[1:4]}) {digits[4:7]}-{digits[7:]}", digits)[number % 3]
    portal.records.add("CONTACT", NAME="Contact", LAST_NAME=f"No. {number}", ASSIGNED_BY_ID=owner, phones=[typed])


def rings(calls: int = CALLS, every: float = EVERY) -> list[Ring]:
    """Callers, outcomes and how long it rings in any order, the same for the same seed."""
    dice = random.Random(SEED)
    chats = [*CALLERS, *(dice.choice(CALLERS) for _ in range(calls - len(CALLERS)))]
    dice.shuffle(chats)
    return [
        Ring(number, number * every, chat, OUTCOMES[number % len(OUTCOMES)], dice.uniform(3, 25))
        for number, chat in enumerate(chats[:calls])
    ]


def hook(**more: object) -> dict[str, object]:
    return {"webhook_url": HOOK, "operators": ["5", "6"], **more}


def told_in_bad_weather(day: Day, calls: list[Ring], share: float = 0.1) -> Weather:
    weather = Weather(day.portal, SEED, share=share)
    day.open(weather)
    day.play(calls)
    faults = ", ".join(f"{count} {kind}" for kind, count in sorted(weather.struck.items()))
    minutes = day.clock.after / 60
    print(f"\nseed {SEED}: {len(calls)} calls, {weather.requests} requests, {faults}; {minutes:.0f} minutes simulated")
    return weather


def app(portal: Portal, **more: object) -> dict[str, object]:
    keys = {"client_id": portal.oauth.client_id, "client_secret": portal.oauth.client_secret}
    tokens = portal.oauth.authorise()
    return {"portal": portal.host, **keys, "refresh_token": tokens.refresh, "operators": ["5", "6"], **more}


def leads(portal: Portal) -> Counter[str]:
    """How many there are of each number."""
    return Counter(f"+{normalised(row['PHONE'][0]['VALUE'])}" for row in portal.records.rows["LEAD"].values())


def is_ringing(entry: Entry) -> bool:
    """Whether a request put a notification or a card before somebody because it rings."""
    shows = "telephony.externalCall.show" in entry.methods or entry.params.get("SHOW") == 1
    return shows or "Incoming" in str(entry.params)


def owed_notes(calls: list[Ring]) -> list[str]:
    """Nothing can be noted about somebody who hides his number."""
    return sorted(ring.call_id for ring in calls if ring.phone)


def owed_reminders(calls: list[Ring]) -> list[str]:
    return sorted(ring.call_id for ring in calls if ring.phone and ring.outcome in MISSED)


def call_of(text: object) -> str:
    """The call's id somewhere in a text."""
    found = [word.strip("|()") for word in str(text).replace("|", " ").split() if word.startswith("7103111222-C")]
    return found[-1] if found else str(text)


def is_as_it_should_be(day: Day, standings: Collection[str] = ("delivered",)) -> None:
    """Nothing was wrong, in vain, too much, alive, or left over."""
    portal = day.portal
    assert portal.refused == []
    assert portal.ignored == []
    assert portal.overruns == []
    assert [(text, found) for _, text in portal.shown if (found := live(text, portal.host))] == []
    assert [one["text"] for one in portal.messages.bell.values() if "Incoming call" in one["text"]] == []
    assert set(day.standings()) <= set(standings)


def as_it_was(portal: Portal) -> None:
    """A search is behind what was made by as long as the connectors expect, and no longer."""
    searches = ("activity.list", "lead.list", "timeline.comment.list")
    portal.lags = {**{f"crm.{name}": 3.0 for name in searches}, "tasks.task.list": 3.0, "voximplant.statistic.get": 3.0}


@ON_STORES
@pytest.mark.timeout(900)
def test_a_call_is_one_activity_and_a_stranger_one_lead_whatever_is_lost(day):
    calls = rings()
    day.desk.connect("crm", "all", 0, "bitrix24", hook(unknown_callers="lead", missed_task="task"))
    as_it_was(day.portal)
    weather = told_in_bad_weather(day, calls)

    is_as_it_should_be(day)
    assert sorted(row["ORIGIN_ID"] for row in day.portal.activities.calls()) == owed_notes(calls)
    assert leads(day.portal) == Counter({ring.phone for ring in calls if ring.phone and ring.chat not in KNOWN})
    tasks = [call_of(row["made_under"].removesuffix("-task")) for row in day.portal.tasks.rows.values()]
    assert sorted(tasks) == owed_reminders(calls)
    assert min(weather.struck[kind] for kind in (LOST, BROKEN, LIMITED, SILENT)) >= LEAST


@ON_STORES
@pytest.mark.timeout(900)
@pytest.mark.parametrize("has_rest3", [True, False])
@pytest.mark.parametrize("simple", [True, False])
def test_other_portals_make_nothing_twice_either(day, has_rest3, simple):
    calls = rings(FEW)
    day.desk.connect("crm", "all", 0, "bitrix24", hook(unknown_callers="lead_if_missed", missed_task="task"))
    as_it_was(day.portal)
    day.portal.tasks.has_rest3, day.portal.records.simple = has_rest3, simple
    day.portal.messages.tags_replace = False
    told_in_bad_weather(day, calls)

    is_as_it_should_be(day)
    assert set(leads(day.portal).values()) == {1}
    notes = Counter(row["ORIGIN_ID"] for row in day.portal.activities.calls())
    assert set(notes.values()) == {1}
    assert set(notes) >= {ring.call_id for ring in calls if ring.chat in KNOWN}
    assert len(day.portal.tasks.rows) == len(owed_reminders(calls))


@ON_STORES
@pytest.mark.timeout(900)
def test_a_to_do_is_made_once(day):
    calls = rings(FEW)
    day.desk.connect("crm", "all", 0, "bitrix24", hook(unknown_callers="lead", missed_task="todo"))
    as_it_was(day.portal)
    told_in_bad_weather(day, calls)

    is_as_it_should_be(day)
    todos = [call_of(row["DESCRIPTION"]) for row in day.portal.activities.todos()]
    assert sorted(todos) == [call_id for call_id in owed_reminders(calls) if call_id in owed_notes(calls)]
    assert sorted(row["ORIGIN_ID"] for row in day.portal.activities.calls()) == owed_notes(calls)


@ON_STORES
@pytest.mark.timeout(900)
def test_a_comment_is_written_once(day):
    calls = rings(FEW)
    day.desk.connect("crm", "all", 0, "bitrix24", hook(unknown_callers="lead", note="comment"))
    as_it_was(day.portal)
    told_in_bad_weather(day, calls)

    is_as_it_should_be(day)
    assert sorted(call_of(row["COMMENT"]) for row in day.portal.comments.rows.values()) == owed_notes(calls)


@ON_STORES
@pytest.mark.timeout(900)
@pytest.mark.parametrize("calls", [rings(CROWD), rings(20, every=600.0)], ids=["crowded", "calm"])
def test_a_call_card_is_one_call_that_is_finished_once(day, calls):
    day.desk.connect("crm", "all", 0, "bitrix24_app", app(day.portal, create_lead=True))
    as_it_was(day.portal)
    weather = told_in_bad_weather(day, calls, share=0.2)
    telephony = day.portal.telephony
    lingering = sorted({call["EXTERNAL_CALL_ID"] for call in telephony.live.values()})
    print(f"{day.portal.oauth.refreshed} times refreshed; {len(lingering)} registered again after half an hour")

    # A call that is over is how it says so, and the answer to the end of it may have been lost.
    day.portal.refused = [one for one in day.portal.refused if not one.description.startswith("Call is not found")]
    is_as_it_should_be(day)
    assert sorted(row["EXTERNAL_CALL_ID"] for row in telephony.rows) == owed_notes(calls)
    # The portal knows a call again for half an hour. Whoever has to ask later leaves one behind, and nobody sees it.
    assert set(lingering) <= registered_late(day, calls)
    assert telephony.cards == set()
    assert telephony.ever_shown
    assert set(leads(day.portal).values()) == {1}
    if len(calls) == CROWD:
        assert min(weather.struck[kind] for kind in (LOST, BROKEN, LIMITED, SILENT)) >= LEAST
    else:
        assert lingering == []


def registered_late(day: Day, calls: list[Ring]) -> set[str]:
    """The calls that were registered when the portal would not have known them again."""
    began = {ring.call_id: day.desk.moment(ring.at).timestamp() for ring in calls}
    asked = [entry for entry in day.portal.log if entry.method.endswith("externalCall.register")]
    named = [(str(entry.params["EXTERNAL_CALL_ID"]), entry.at) for entry in asked]
    return {call_id for call_id, at in named if at > began[call_id] + WINDOW}


def test_whoever_was_dismissed_is_replaced_by_an_operator(day):
    leaver = "15557770001@c.us"
    add_contact(day.portal, leaver, 0, owner="8")
    day.desk.connect("crm", "all", 0, "bitrix24", hook())
    day.open(Weather(day.portal))
    day.play([Ring(0, 0.0, leaver, "missed")])

    [note] = day.portal.activities.calls()
    assert note["RESPONSIBLE_ID"] == "5"
    assert {one["user_id"] for one in day.portal.messages.bell.values()} == {5, 6}


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize(("outcome", "most"), [("pickUp", 4), ("missed", 5), ("hangUp", 5)])
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_call_costs_few_requests(day, outcome, most, is_named):
    """Ringing and outcome together, the question who is calling included."""
    chat = "15557770002@c.us"
    add_contact(day.portal, chat, 0)
    day.desk.know(chat, contact_name="Known to GREEN-API" if is_named else "", name="")
    day.desk.connect("crm", "all", 0, "bitrix24", {"webhook_url": HOOK})
    day.open(Weather(day.portal))
    day.play([Ring(0, 0.0, chat, outcome)])

    asked = [" + ".join(entry.methods) for entry in day.portal.log]
    print(f"\n{outcome}: {len(asked)} requests: {'; '.join(asked)}")
    assert len(day.portal.activities.calls()) == 1
    assert any("im.notify.system.add" in one for one in asked)
    assert len(asked) <= most
    is_as_it_should_be(day)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("connector", ["bitrix24", "bitrix24_app"])
def test_a_hundred_calls_at_once_keep_to_the_allowance_and_ring_nobody_late(day, connector):
    chats = [f"1555888{number:04}@c.us" for number in range(100)]
    for number, chat in enumerate(chats):
        add_contact(day.portal, chat, number)
        day.desk.know(chat, contact_name="", name="")
    settings = hook() if connector == "bitrix24" else app(day.portal)
    day.desk.connect("crm", "all", 0, connector, settings)
    day.open(Weather(day.portal))
    calls = [Ring(number, number / 100, chat, "missed", 30.0) for number, chat in enumerate(chats)]
    day.play(calls)

    rang = [entry for entry in day.portal.log if is_ringing(entry)]
    began = day.desk.start.timestamp()
    late = max(entry.at - began for entry in rang)
    took = max(entry.at for entry in day.portal.log) - began
    print(f"\n{len(day.portal.log)} requests in {took:.0f} s; {len(rang)} rang, the last after {late:.0f} s")
    is_as_it_should_be(day)
    assert len(day.portal.activities.calls()) == len(calls)
    assert 0 < len(rang) < len(calls)
    assert late <= 31.0  # whoever is told now that it rings could still answer


@pytest.mark.timeout(300)
def test_what_rings_under_the_policy_ring_is_taken_away_however_often_that_fails(day):
    day.desk.connect("crm", "ring", 0, "bitrix24", hook())
    weather = Weather(day.portal)
    day.open(weather)
    weather.broken["im.notify.delete"] = 4
    day.play([Ring(0, 0.0, KNOWN[0], "pickUp")])

    assert weather.broken["im.notify.delete"] == 0
    assert [one for _, one in day.portal.shown if "Incoming call" in one]
    assert day.portal.messages.bell == {}
    is_as_it_should_be(day)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("connector", ["bitrix24", "bitrix24_app"])
def test_nobody_goes_on_being_rung_for_under_the_policy_ring(day, connector):
    settings = hook() if connector == "bitrix24" else app(day.portal)
    day.desk.connect("crm", "ring", 0, connector, settings)
    as_it_was(day.portal)
    told_in_bad_weather(day, rings(FEW))

    assert day.portal.messages.bell == {}
    assert day.portal.telephony.cards == set()
    assert day.portal.activities.todos() == []
    day.portal.refused = [one for one in day.portal.refused if not one.description.startswith("Call is not found")]
    is_as_it_should_be(day, ("delivered", "skipped"))  # whoever could not be told in time is not told
