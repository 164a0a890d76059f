"""What the answer of a channel means, and the lack of one."""

import socket

import pytest
from channels import SLACK, Service, apprise

from connectors.kit import Http, Known, RateLimited, Receipt, Rejected, Retryable, Unauthorized
from connectors.kit.testing import Fault, Reply, Stand


@pytest.mark.parametrize("url", ["ntfy://127.0.0.1:{port}/topic", "json://127.0.0.1:{port}/in"])
@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        ("302 Found", ["Location: http://127.0.0.1:1/"], Rejected),
        ("400 Bad Request", [], Rejected),
        ("401 Unauthorized", [], Unauthorized),
        ("404 Not Found", [], Rejected),
        ("429 Too Many Requests", ["Retry-After: 7"], RateLimited),
        ("500 Internal Server Error", [], Retryable),
    ],
)
def test_an_answer_means_what_it_means_everywhere(missed_call, serve, answering, http, url, status, headers, error):
    server = serve(answering(status, headers=headers))

    with pytest.raises(error) as caught:
        apprise(url.format(port=server.port), http()).deliver(missed_call, Known())

    assert type(caught.value) is error
    assert "://" not in caught.value.reason
    assert getattr(caught.value, "retry_after", 7.0) == 7.0
    assert getattr(caught.value, "sent", False) is (error is Retryable)
    assert server.accepted == 1


def test_a_slow_service_may_have_shown_the_message(missed_call, serve, http):
    server = serve(lambda connection, server: server.wait(5))

    with pytest.raises(Retryable) as caught:
        apprise(f"ntfy://127.0.0.1:{server.port}/topic", http(read=0.1)).deliver(missed_call, Known())

    assert caught.value.sent
    assert caught.value.receipt == Receipt(parts={"missed": "unsure"})


def test_a_service_that_does_not_listen_has_shown_nothing(missed_call, http):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(Retryable) as caught:
        apprise(f"ntfy://127.0.0.1:{port}/topic", http()).deliver(missed_call, Known())

    assert not caught.value.sent


def test_a_refusal_inside_a_200_is_a_refusal(missed_call):
    stand = Stand(Service(), Fault(Reply(200, "invalid_token")))

    with pytest.raises(Rejected, match="Slack did not take the message"):
        apprise(SLACK, Http(adapter=stand)).deliver(missed_call, Known())
