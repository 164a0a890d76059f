"""A check disturbs nobody, and says what is in the way."""

import pytest
from channels import DISCORD, SLACK, TELEGRAM, Service, apprise

from connectors.kit import Http, Rejected
from connectors.kit.testing import Stand


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (SLACK, []),
        ("mailtos://u:p@mail.test", []),
        ("ntfy://topic", []),
        ("ntfys://push.test:8443/topic", ["HEAD https://push.test:8443/"]),
        ("json://u:p@ops.test/in", ["HEAD http://ops.test/"]),
        (TELEGRAM, ["GET https://api.telegram.org/bot123456789:abcdefg_hijklmnop/getMe"]),
        (DISCORD, [f"GET {DISCORD}"]),
    ],
)
def test_a_check_disturbs_nobody(url, asked):
    service = Service()

    apprise(url, Http(adapter=Stand(service))).check()

    assert [f"{request.method} {request.url}" for request in service.requests] == asked


def test_a_check_is_content_with_a_host_that_answers_anything(serve, answering, http):
    server = serve(answering("404 Not Found"))

    apprise(f"ntfy://127.0.0.1:{server.port}/topic", http()).check()

    assert server.accepted == 1


def test_a_check_says_that_a_host_may_not_be_reached(http):
    with pytest.raises(Rejected, match="RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS"):
        apprise("ntfys://10.0.0.7/topic", http(allowed=[])).check()
