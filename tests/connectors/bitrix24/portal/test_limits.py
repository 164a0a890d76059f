"""How much the stand-in of a portal takes: its bucket, the time of a method, and the length of a batch."""

from __future__ import annotations

from bitrix24_client import ask, refusal, result


def test_the_bucket_runs_over_and_leaks_by_the_clock(portal, clock):
    assert [ask(portal, "profile").status for _ in range(51)] == [200] * 50 + [503]
    assert [entry.reply.body["error"] for entry in portal.overruns] == ["QUERY_LIMIT_EXCEEDED"]

    clock.now += 1.0
    assert [ask(portal, "profile").status for _ in range(3)] == [200, 200, 503]
    assert portal.refused == []


def test_a_method_that_took_too_long_is_blocked_and_no_other(portal, clock):
    portal.operating.costs["profile"] = 481.0
    took = ask(portal, "profile")
    assert took.body["time"]["operating"] == 481.0

    assert refusal(ask(portal, "profile"))[:2] == (429, "OPERATION_TIME_LIMIT")
    assert ask(portal, "scope").status == 200
    clock.now = took.body["time"]["operating_reset_at"] + 1.0
    assert ask(portal, "profile").status == 200


def test_a_batch_is_a_200_whatever_fails_in_it(portal):
    commands = {
        "found": "crm.duplicate.findbycomm?type=PHONE&values[]=%2B15551230042",
        "got": "crm.contact.get?id=$result[found][CONTACT][0]",
        "lost": "crm.contact.get?id=7",
        "nested": "batch?cmd[a]=profile",
    }
    said = result(ask(portal, "batch", cmd=commands))

    assert said["result"]["got"]["NAME"] == "Ann"
    assert said["result_error"]["lost"] == {"error": "", "error_description": "Not found"}
    assert said["result_error"]["nested"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
    halted = result(ask(portal, "batch", halt=1, cmd={"lost": "crm.contact.get?id=7", "after": "profile"}))
    assert halted["result"] == []


def test_a_batch_takes_fifty_commands_and_lists_what_is_numbered(portal):
    said = result(ask(portal, "batch", cmd=["profile"] * 51))

    assert len(said["result"]) == 50
    assert said["result_error"]["50"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"
