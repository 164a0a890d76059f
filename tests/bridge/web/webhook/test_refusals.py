"""Who is not let in, and that every refusal looks the same."""

from __future__ import annotations

import pytest
from desk import ID_INSTANCE, notification
from door import PATH
from doorstep import BERLIN, rows

from bridge.web import create_app

MIB = 1024 * 1024
on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
@on_sqlite
def test_another_method_is_refused_before_anything_else(service, method, path):
    answer = create_app(service).test_client().open(path, method=method)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@on_sqlite
def test_no_path_is_answered_with_a_redirect(post):
    assert post(path="//webhooks//greenapi").status_code == 404
    assert post(path=f"{PATH}//").status_code == 404


@on_sqlite
def test_every_refusal_looks_the_same(post, desk):
    strange = notification(instanceData={"idInstance": 1})
    others = notification(instanceData={"idInstance": int(BERLIN)})
    refused = [
        post(token=None), post(token=""), post(token="Bearer"), post(token="Bearer nobody"), post(token="Bearer ü"),
        post(token="Basic s3cret:"), post(b"{", token="nobody"), post(b"x" * 17 * MIB, token=None),
        post(strange), post(others), post({"typeWebhook": "stateInstanceChanged", "instanceData": {"idInstance": 1}}),
    ]  # fmt: skip

    assert {(one.status_code, one.data, str(one.headers)) for one in refused} == {
        (401, b"Unauthorized\n", str(refused[0].headers))
    }
    assert rows(desk.store) == [0, 0, 0]


@on_sqlite
def test_a_refusal_is_said_in_the_log_and_many_of_them_once(post, caplog):
    for _ in range(5):
        post(token="Bearer canary")

    [record] = caplog.records
    assert (record.levelname, record.reason) == (
        "WARNING",
        "The Authorization header fits no webhook_token of any instance.",
    )
    assert "canary" not in str(vars(record))


def test_a_shared_token_speaks_for_each_of_its_instances_and_for_no_other(post, desk):
    codes = [
        post(notification(instanceData={"idInstance": one}), token="shared").status_code
        for one in (int(ID_INSTANCE), BERLIN, 7103111444)
    ]

    assert codes == [200, 200, 401]
    assert len(desk.calls()) == 2


@on_sqlite
def test_the_size_is_judged_after_the_token(post):
    assert post(b"x" * (16 * MIB + 1)).status_code == 413
    assert post(b"x" * 17 * MIB, token="Bearer wrong").status_code == 401
    assert post(b" " * 16 * MIB).status_code == 200
