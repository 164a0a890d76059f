"""What could not be read when it came is kept, listed, and read again once it can be."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from desk import CHAT, ID_INSTANCE, NOT_NOW, Desk, notification
from sqlalchemy import select

from bridge import instances, listing, notifications, rereading, stories
from bridge.directory import Directory
from bridge.instances import InstanceConfig
from bridge.settings import Settings
from bridge.store import open_store, tables

OTHER = "7103999888"


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ["all"])
    desk.know()
    return desk


def keep(desk, body, after=0.0, instance_id=1):
    """A notification that an older version could not read."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    moment = desk.moment(after)
    desk.store.write(lambda db: notifications.keep_unread(db, raw, instance_id, "The body was too new.", moment))


def kept(desk, status="offer", after=0.0, **more):
    keep(desk, notification(status, at=desk.moment(after), **more), after)


def reread(desk, notification_id=1, after=3600.0):
    snapshot = Directory(desk.store).current()
    done = desk.store.write(
        lambda db: rereading.reread(db, notification_id, snapshot, desk.settings, desk.moment(after))
    )
    return done.result, done.text


def listed(desk, **chosen):
    with desk.store.read() as db:
        return listing.notifications(db, None, **chosen)


def test_a_readable_one_enters_as_of_the_moment_when_it_came_and_the_sweep_finds_what_is_due(desk):
    kept(desk, "missed")

    assert reread(desk) == ("read", "It was read, and belongs to the call 7103111222-C1.")
    [row] = listed(desk)
    assert (row["verdict"], row["received_at"], row["call"]) == ("call", "2026-11-20T14:03:12Z", "7103111222-C1")
    assert desk.calls()[0].received_at == desk.moment()
    assert desk.swept(3600) == [1]
    assert desk.tell(1, after=3600).call.status == "missed"


def test_ringing_of_then_is_not_told_and_the_call_is_late(desk):
    kept(desk)
    reread(desk)

    assert desk.swept(3600) == [1]
    assert desk.tell(1, after=3600) is None
    assert desk.states() == {"all-0": ("skipped", "ringing", None)}
    assert desk.calls()[0].late is True


def test_the_story_says_that_it_was_read_again(desk):
    kept(desk, "missed")
    reread(desk)
    with desk.store.read() as db:
        [entry] = [
            one for one in stories.of_call(db, "7103111222-C1", desk.moment(3600))["story"] if one["what"] == "replayed"
        ]

    assert (entry["at"], entry["connection"], entry["detail"]) == ("2026-11-20T15:03:12Z", None, {"notification": 1})
    assert entry["text"] == "A notification that could not be read when it came was read again by hand."


def test_an_offer_whose_outcome_was_read_changes_nothing(desk):
    kept(desk)
    desk.hear("missed", 20)

    assert reread(desk) == ("read", "It was read: what it says was known already, so nothing changes.")
    assert [call.status for call in desk.calls()] == ["missed"]
    assert listed(desk, unread=True) == []


def test_one_from_our_own_account_makes_no_call(desk):
    kept(desk, **{"from": "15557650001@c.us"})

    assert reread(desk) == ("read", "It was read: it came from our own account, and makes no call.")
    assert desk.calls() == []


def test_a_type_that_is_not_needed_is_not_kept_any_longer(desk):
    keep(desk, {"typeWebhook": "stateInstanceChanged", "instanceData": {"idInstance": int(ID_INSTANCE)}})

    assert reread(desk) == ("read", "It is a notification of type stateInstanceChanged, which is not needed or kept.")
    assert listed(desk) == []


def test_what_still_cannot_be_read_stays_and_it_is_said_why(desk):
    keep(desk, b"{")

    assert reread(desk) == ("refused", "It still cannot be read. The body is not JSON in UTF-8.")
    assert [one["verdict"] for one in listed(desk, unread=True)] == ["unread"]


def test_one_that_was_cut_never_can_be(desk):
    keep(desk, notification(at=desk.start, padding="ж" * 64 * 1024))

    result, text = reread(desk)
    assert result == "refused"
    assert text.startswith("It still cannot be read. The body is not JSON in UTF-8. Only its first 64 KiB were kept")


def test_one_that_names_another_instance_than_it_came_for_is_refused(desk):
    other = InstanceConfig("other", OTHER, "https://api.example.com", "t", webhook_tokens=("o",))
    desk.store.write(lambda db: instances.save(db, desk.store.secrets, other, None))
    keep(desk, notification(instanceData={"idInstance": OTHER}))
    keep(desk, notification(instanceData={"idInstance": OTHER}), instance_id=None)
    keep(desk, notification(instanceData={"idInstance": "5"}), instance_id=None)

    assert reread(desk, 1) == ("refused", f"It names the instance {OTHER}, but came with the token of {ID_INSTANCE}.")
    assert reread(desk, 2)[0] == "read"
    assert reread(desk, 3) == (
        "refused", "It names the instance 5, and there is none; `ringbridge instance list` shows those we have.",
    )  # fmt: skip
    assert [call.instance_id for call in desk.calls()] == [2]


def test_what_was_read_when_it_came_is_left_alone(desk):
    desk.hear("offer")
    before = desk.row()

    assert reread(desk) == (
        "nothing", "It was read when it came, and belongs to the call 7103111222-C1: a replay changes nothing.",
    )  # fmt: skip
    assert desk.row() == before
    assert reread(desk, 99)[0] == "refused"


def test_a_caller_whose_name_is_not_known_is_asked_for_by_whoever_sweeps(store, now):
    desk = Desk(store, now)
    kept(desk, "missed")
    reread(desk)
    with store.read() as db:
        name_due = db.execute(select(tables.calls.c.name_due)).scalar()

    assert name_due == now
    assert desk.row().due_at == desk.moment(3660)
    assert desk.swept(3600) == []


def test_the_name_is_waited_for_where_the_queue_for_names_is_one_of_today(store, now):
    desk = Desk(store, now)
    kept(desk, "missed", chat="15551230043@c.us")
    desk.hear("offer", 3590, id_message="C2")
    reread(desk)

    assert desk.row(2).due_at == desk.moment(3660)


def test_a_retry_of_the_same_call_is_not_put_off(desk):
    desk.hear("missed")
    desk.tell(1, NOT_NOW, 1)
    before = desk.row()
    kept(desk, "pickUp", 2)

    assert reread(desk, 2) == ("read", "It was read, and belongs to the call 7103111222-C1.")
    assert listed(desk)[0]["verdict"] == "late_outcome"
    assert desk.row() == before


def test_notifications_are_listed_newest_first_with_exactly_these_keys(desk):
    desk.hear("offer")
    keep(desk, b"[]", 5)

    newest, oldest = listed(desk)
    assert newest == {
        "id": 2, "instance": "support", "type": None, "received_at": "2026-11-20T14:03:17Z", "verdict": "unread",
        "call": None, "reason": "The body was too new.", "body": "[]",
    }  # fmt: skip
    assert list(oldest) == list(newest)
    assert (oldest["type"], oldest["verdict"], oldest["call"]) == ("incomingCall", "call", "7103111222-C1")
    assert json.loads(oldest["body"])["from"] == CHAT
    assert [one["id"] for one in listed(desk, since=desk.moment(1))] == [2]
    assert [one["id"] for one in listed(desk, unread=True, instance="support")] == [2]


@pytest.fixture
def office(run, tmp_path):
    """What `run` looks into: an offer that can be read, one of which nothing can be made, and an old one."""
    run("call", "list")
    store = open_store(Settings(data_dir=tmp_path / "data"))
    desk = Desk(store, datetime.now(UTC) - timedelta(hours=2), ["all"])
    desk.know()
    kept(desk, "missed")
    keep(desk, b"{", 60)
    desk.hear("offer", 7000, id_message="C2")
    yield desk
    store.close()


def test_the_command_reads_everything_that_is_unread(run, office):
    assert len(json.loads(run("notification", "list", "--unread", "--json").stdout)) == 2

    done = run("notification", "replay", "--unread")

    assert done.exit_code == 1
    assert done.stdout == "notification 1: It was read, and belongs to the call 7103111222-C1.\n"
    assert done.stderr == "notification 2: It still cannot be read. The body is not JSON in UTF-8.\n"
    assert [one["id"] for one in json.loads(run("notification", "list", "--unread", "--json").stdout)] == [2]
    assert [one["id_message"] for one in json.loads(run("call", "list", "--json").stdout)] == ["C2", "C1"]


def test_the_command_says_of_each_id_what_came_of_it(run, office):
    fine, failed = run("notification", "replay", 3, 1), run("notification", "replay", 99)

    assert (fine.exit_code, fine.stderr, len(fine.stdout.splitlines())) == (0, "", 2)
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.startswith("notification 99: There is no such notification;")


def test_the_table_leaves_the_body_out(run, office):
    head, *lines = run("notification", "list").stdout.splitlines()

    assert head.split() == ["id", "received", "at", "instance", "type", "verdict", "call", "reason"]
    assert [line.split()[0] for line in lines] == ["3", "2", "1"]
    assert CHAT not in "".join(lines)


def test_where_nothing_is_unread_there_is_nothing_to_do(run):
    assert run("notification", "replay", "--unread").output == "Nothing is unread.\n"
    assert run("notification", "list").output == "No notification has been kept yet.\n"
    assert run("notification", "list", "--unread").output == "There is no such notification.\n"


@pytest.mark.parametrize("arguments", [[], ["1", "--unread"], ["x"], ["0"]])
def test_replaying_without_saying_what_is_wrong_usage(run, arguments):
    assert run("notification", "replay", *arguments).exit_code == 2


def test_an_instance_that_never_was_is_a_mistake(run):
    refused = run("notification", "list", "--instance", "nobody")

    assert (refused.exit_code, refused.stderr.startswith("Error: There is no instance nobody;")) == (1, True)
