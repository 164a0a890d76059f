"""What is let in is written down, answered, rung for and named in the log; what cannot be written is a 503."""

from __future__ import annotations

import json

import pytest
from desk import ID_INSTANCE, notification
from door import PATH, TOKEN
from doorstep import rows
from office import FullStore, office

from bridge.web import create_app

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"{PATH}?from=anywhere"])
def test_a_call_is_written_down_answered_and_rung_for(post, desk, service, path):
    desk.know()

    assert post(path=path).status_code == 200
    assert [call.status for call in desk.calls()] == ["ringing"]
    assert service.queue.delivered == [(1, True)]


def test_the_bell_rings_after_the_answer(service, desk):
    answer = (
        create_app(service)
        .test_client()
        .post(PATH, data=json.dumps(notification()), headers={"Authorization": TOKEN}, buffered=False)
    )

    assert answer.get_data() != b""  # waitress would keep the head of an empty answer until the bell has rung
    assert service.queue.identified == []
    answer.close()
    assert service.queue.identified == [1]


@on_sqlite
def test_an_outcome_under_another_id_is_logged_under_the_call_that_it_ends(post, caplog):
    caplog.set_level("INFO", "bridge.web.webhook")
    post()
    post(notification("missed", id_message="C2"))

    assert {record.call_id for record in caplog.records} == {f"{ID_INSTANCE}-C1"}


@on_sqlite
def test_a_call_that_could_not_be_stored_is_named_in_the_log(desk, caplog):
    service = office(FullStore(desk.store), desk.moment)
    create_app(service).test_client().post(PATH, json=notification(), headers={"Authorization": TOKEN})

    [record] = caplog.records
    assert (record.message, record.call_id) == ("nothing could be stored", f"{ID_INSTANCE}-C1")


@pytest.mark.parametrize("body", [None, b"{"])
def test_a_store_that_cannot_write_is_a_503_and_nothing_is_rung_for(desk, body):
    service = office(FullStore(desk.store), desk.moment)
    data = json.dumps(notification()) if body is None else body
    answer = create_app(service).test_client().post(PATH, data=data, headers={"Authorization": TOKEN})

    assert answer.status_code == 503
    assert b"disk" not in answer.data
    assert (service.queue.delivered, service.queue.identified, rows(desk.store)) == ([], [], [0, 0, 0])
