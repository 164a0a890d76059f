"""Which addresses are channels, what they cannot bring along, and that the gate stands before each."""

import json

import pytest
from channels import DISCORD, GOOGLE_CHAT, TEAMS, Service, apprise, sent_to
from pydantic import ValidationError

from connectors.apprise import AppriseSettings
from connectors.kit import Http, Known, Rejected, faults
from connectors.kit.testing import Stand


def test_a_native_address_keeps_its_own_query(missed_call):
    [teams] = sent_to(f"{TEAMS}?api-version=2016-06-01&sp=%2Frun&sv=1.0&sig=s_1-g", missed_call)
    [google] = sent_to(GOOGLE_CHAT, missed_call)

    assert {"api-version=2016-06-01", "sig=s_1-g"} < set(teams.url.partition("?")[2].split("&"))
    assert {"key=kkk", "token=ttt"} == set(google.url.partition("?")[2].split("&"))


def test_an_address_cannot_bring_limits_files_or_formats_of_its_own(missed_call, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"content": "s3cret"}')

    [request] = sent_to(f"{DISCORD}?template={secret}&format=markdown&RETRY=3&wait=9", missed_call)

    assert json.loads(request.body)["content"] == f"Missed call\r\n{missed_call.summary}"


@pytest.mark.parametrize(
    "url", ["https://evil.test/hook", "syslog://", "mailto://u:p@mail.test", "dbus://", "tgram", "", "https://"]
)
def test_an_address_of_a_service_that_we_do_not_know_is_refused_without_being_shown(url):
    with pytest.raises(ValidationError) as caught:
        AppriseSettings(url=url)

    [fault] = faults(caught.value)
    assert fault.startswith("url: an address is a channel's own https:// webhook, or starts with discord://")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("slack://too-short", "is not complete, or not one of its service"),
        ("ntfys://push.test/one/two", "names several channels"),
        ("https://discord.com/nothing", "is not complete, or not one of its service"),
    ],
)
def test_an_address_that_is_not_one_channel_is_refused_by_the_check(url, why):
    with pytest.raises(Rejected, match=why):
        apprise(url, Http(adapter=Stand(Service()))).check()


@pytest.mark.parametrize(
    ("url", "address", "why"),
    [
        ("jsons://inside.test/", "10.0.0.7", "RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS"),
        ("ntfys://inside.test/topic", "169.254.169.254", "it cannot be allowed"),
        ("json://outside.test/", "93.184.216.34", "must be reached by https"),
        ("mailtos://u:p@inside.test", "127.0.0.1", "RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS"),
    ],
)
def test_the_gate_stands_before_every_address(missed_call, http, url, address, why):
    guarded = http(allowed=[], resolve=lambda host, port: [address])

    with pytest.raises(Rejected, match=why):
        apprise(url, guarded).deliver(missed_call, Known())
