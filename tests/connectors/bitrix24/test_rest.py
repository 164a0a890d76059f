"""How a portal is asked, and what its refusals mean."""

import json
import time

import pytest

from connectors.bitrix24.refusals import (
    MethodRests,
    NeedsApplication,
    NoMethod,
    Refused,
    ScopeMissing,
    TokenExpired,
    Vanished,
)
from connectors.bitrix24.rest import Rest, query, rate
from connectors.kit import ConnectorError, Http, RateLimited, Rejected, Retryable, Unauthorized
from connectors.kit.testing import Reply, Stand

BASE = "https://acme.bitrix24.test/rest/7/c4narysecret/"


class Answers:
    """A portal that always answers the same."""

    def __init__(self, reply):
        self.reply = reply

    def answer(self, request):
        return self.reply

    def held(self):
        return []


def asked(reply, auth=None):
    stand = Stand(Answers(reply))
    return Rest(Http(adapter=stand), BASE, auth), stand


def error_of(reply):
    rest, _ = asked(reply)
    with pytest.raises(ConnectorError) as caught:
        rest.call("profile")
    assert "c4nary" not in caught.value.reason
    assert "://" not in caught.value.reason
    return caught.value


def said(status, code, description=""):
    return Reply(status, {"error": code, "error_description": description})


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (said(401, "INVALID_CREDENTIALS", "Invalid request credentials"), Unauthorized),
        (said(403, "INVALID_CREDENTIALS"), Unauthorized),
        (said(401, "NO_AUTH_FOUND"), Unauthorized),
        (said(401, "expired_token"), TokenExpired),
        (said(401, "PAYMENT_REQUIRED"), Unauthorized),
        (said(401, "insufficient_scope"), ScopeMissing),
        (said(403, "insufficient_scope"), ScopeMissing),
        (said(401, "METHOD_CONFIRM_WAITING"), Unauthorized),
        (said(403, "WRONG_AUTH_TYPE"), NeedsApplication),
        (said(400, "ERROR_WRONG_CONTEXT"), NeedsApplication),
        (said(403, "ACCESS_DENIED", "REST is available only on commercial plans"), Unauthorized),
        (said(403, "ACCESS_DENIED", "Access denied! Client ID not specified"), Refused),
        (said(403, "user_access_error"), Unauthorized),
        (said(403, ""), Unauthorized),
        (said(400, "ACCESS_DENIED"), Refused),
        (said(400, "", "Access denied."), Refused),
        (said(400, "INVALID_REQUEST", "Https required"), Refused),
        (said(400, "100", "Could not find value for parameter {fields}"), Refused),
        (said(400, "OWNER_NOT_FOUND"), Vanished),
        (said(400, "", "Not found"), Vanished),
        (said(400, 0, "Not found"), Vanished),
        (said(400, "", "User is not found or is not active"), Refused),
        (said(404, "ERROR_METHOD_NOT_FOUND", "Method not found!"), NoMethod),
        (said(410, "PORTAL_DELETED"), Unauthorized),
        (said(500, "PORTAL_DELETED"), Unauthorized),
        (said(429, "OPERATION_TIME_LIMIT"), MethodRests),
        (said(503, "QUERY_LIMIT_EXCEEDED"), RateLimited),
        (said(503, "OVERLOAD_LIMIT"), RateLimited),
        (said(500, "INTERNAL_SERVER_ERROR"), Retryable),
        (said(500, "ERROR_UNEXPECTED_ANSWER"), Retryable),
        (said(503, ""), Retryable),
        (said(200, "ERROR_CORE", "refused inside a 200"), Refused),
        (Reply(404, "<html>"), NoMethod),
        (Reply(403, "<html>"), Retryable),
        (Reply(200, "<html>"), Retryable),
        (Reply(502, "<html>"), Retryable),
        (Reply(200, []), Retryable),
        (Reply(403, {"error": {"code": "BITRIX_REST_V3_EXCEPTION_INSUFFICIENTSCOPEEXCEPTION"}}), ScopeMissing),
        (Reply(403, {"error": {"code": "BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION"}}), Refused),
        (Reply(400, {"error": {"code": "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION"}}), Vanished),
        (Reply(422, {"error": {"code": "BITRIX_REST_V3_EXCEPTION_IDEMPOTENCYKEYREUSEDEXCEPTION"}}), Refused),
    ],
)
def test_a_refusal_is_read_from_status_code_and_description_together(reply, kind):
    assert type(error_of(reply)) is kind or (kind is Retryable and type(error_of(reply)).__base__ is Retryable)


def test_what_may_have_run_says_so():
    for reply in (Reply(502, "<html>"), Reply(200, "<html>"), said(500, "INTERNAL_SERVER_ERROR"), Reply(200, {})):
        assert error_of(reply).sent


def test_a_full_bucket_asks_for_the_seconds_it_needs_to_drain():
    assert error_of(said(503, "QUERY_LIMIT_EXCEEDED")).retry_after == 2


def test_a_blocked_method_is_left_alone_until_its_sum_shrinks():
    body = {"error": "OPERATION_TIME_LIMIT", "time": {"operating_reset_at": time.time() + 300}}

    assert error_of(Reply(429, body)).retry_after == pytest.approx(300, abs=5)
    assert error_of(said(429, "OPERATION_TIME_LIMIT")).retry_after == 60


def test_a_pause_named_by_the_answer_itself_is_kept():
    limited = Reply(503, {"error": "QUERY_LIMIT_EXCEEDED"}, {"Retry-After": "9"})

    assert error_of(limited).retry_after == 9


def test_a_renamed_portal_is_named_and_not_followed():
    moved = Reply(302, None, {"Location": "https://newname.bitrix24.test/rest/7/c4narysecret/profile"})

    error = error_of(moved)

    assert isinstance(error, Rejected)
    assert "newname.bitrix24.test" in error.reason


def test_a_redirect_to_nowhere_is_still_refused():
    assert isinstance(error_of(Reply(302)), Rejected)


def test_what_the_portal_says_in_free_text_is_not_shown():
    assert "surprise" not in error_of(said(400, "", "a surprise for [b]administrators[/b]")).reason
    assert "surprise" not in error_of(said(400, "<b>surprise")).reason


def test_a_method_is_posted_with_its_parameters_and_the_authorisation_in_the_body():
    rest, stand = asked(Reply(200, {"result": 5}), auth={"auth": "t0ken"})

    assert rest.call("crm.activity.add", {"fields": {"ID": 1}}) == 5

    [request] = stand.seen
    assert (request.method, request.path_url) == ("POST", "/rest/7/c4narysecret/crm.activity.add")
    assert json.loads(request.body) == {"fields": {"ID": 1}, "auth": "t0ken"}


def test_a_batch_quotes_every_value():
    assert query({"MESSAGE": "a&b=c #1 +[é]", "filter": {"ID": [5, 6]}}) == (
        "MESSAGE=a%26b%3Dc%20%231%20%2B%5B%C3%A9%5D&filter%5BID%5D%5B0%5D=5&filter%5BID%5D%5B1%5D=6"
    )


def test_errors_inside_a_200_batch_are_told_apart_by_command():
    answer = {
        "result": {
            "result": {"one": [{"ID": "5"}]},
            "result_error": {
                "two": {"error": "", "error_description": "Not found"},
                "three": {"error": "QUERY_LIMIT_EXCEEDED"},
                "four": {"error": "insufficient_scope"},
                "six": {"error": "INTERNAL_SERVER_ERROR", "error_description": "Internal server error"},
            },
        }
    }
    rest, _ = asked(Reply(200, answer))

    outcomes = rest.batch({name: ("profile", {}) for name in ("one", "two", "three", "four", "five", "six")})

    assert outcomes["one"] == [{"ID": "5"}]
    kinds = [type(outcomes[name]) for name in ("two", "three", "four", "five", "six")]
    assert kinds == [Vanished, RateLimited, ScopeMissing, Retryable, Retryable]


def test_empty_maps_of_a_batch_arrive_as_lists():
    rest, _ = asked(Reply(200, {"result": {"result": [], "result_error": []}}))

    assert isinstance(rest.batch({"one": ("profile", {})})["one"], Retryable)


def test_more_commands_than_a_batch_takes_become_two():
    rest, stand = asked(Reply(200, {"result": {"result": {}, "result_error": {}}}))

    rest.batch({str(number): ("profile", {}) for number in range(51)})

    assert [len(json.loads(request.body)["cmd"]) for request in stand.seen] == [50, 1]


def test_all_connections_to_one_portal_share_a_bucket():
    assert rate("Acme.Bitrix24.test") == rate("acme.bitrix24.test")
    assert rate("acme.bitrix24.test").per_second == 2
    assert rate("acme.bitrix24.test").burst < 50
