"""What is queued at the stand-in is fetched and deleted in order, counted, cleared, and lost after a day."""

from __future__ import annotations

from standin import NOOR, api, polled

from bridge.greenapi.standin import GreenApi


def test_what_is_queued_goes_the_way_that_the_settings_say_at_that_moment(green_api, account, receiver):
    green_api.account(polled(account))
    fetched = green_api.ring("7103111222", NOOR, None)
    head = api(green_api, "GET", "receiveNotification").json()
    assert head["body"]["idMessage"] == fetched
    assert receiver.requests == []

    api(green_api, "POST", "setSettings", body={"webhookUrl": receiver.url})

    assert green_api.idle(timeout=5)
    assert receiver.told[0]["idMessage"] == fetched
    assert "webhook url is set" in api(green_api, "GET", "receiveNotification").text
    assert api(green_api, "DELETE", "deleteNotification", behind=f"/{head['receiptId']}").status_code == 400


def test_who_polls_waits_for_what_comes_and_ends_with_nothing(account):
    with GreenApi([polled(account)], longest_poll=0.05, idle_poll="empty") as green_api:
        assert api(green_api, "GET", "receiveNotification", behind="?receiveTimeout=5").text == ""
        assert api(green_api, "GET", "receiveNotification", behind="?receiveTimeout=4").status_code == 400
        [entry] = [entry for entry in green_api.log.entries() if entry["what"] == "polled"]
    assert entry["receipt_id"] is None


def test_only_the_head_can_be_deleted_and_only_once(green_api, account):
    green_api.account(polled(account))
    green_api.ring("7103111222", NOOR, "pickUp", after=0)
    head = api(green_api, "GET", "receiveNotification").json()["receiptId"]

    results = [
        api(green_api, "DELETE", "deleteNotification", behind=f"/{number}").json()["result"]
        for number in (head + 1, head, head)
    ]

    assert results == [False, True, False]
    assert green_api.waiting("7103111222") == 1
    assert api(green_api, "DELETE", "deleteNotification", behind="/x").status_code == 400


def test_notifications_are_lost_after_a_day(account):
    now = [1_795_170_000.0]
    with GreenApi([polled(account)], clock=lambda: now[0]) as green_api:
        green_api.ring("7103111222", NOOR, None)
        now[0] += 24 * 3600 - 1
        assert green_api.waiting("7103111222") == 1
        now[0] += 1
        assert green_api.waiting("7103111222") == 0
        assert green_api.idle()


def test_the_queue_is_counted_and_cleared_once_a_minute(green_api, account):
    green_api.account(polled(account))
    green_api.ring("7103111222", NOOR, None)
    assert api(green_api, "GET", "getWebhooksCount").json() == {"count": 1}

    assert api(green_api, "DELETE", "clearWebhooksQueue").json()["isCleared"] is True
    assert api(green_api, "DELETE", "clearWebhooksQueue").json()["reason"] == "Too many requests"
    assert green_api.waiting("7103111222") == 0
    assert green_api.idle()
