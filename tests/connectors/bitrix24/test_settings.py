"""What an administrator may write, and whose bucket a connection draws on."""

import pytest
from pydantic import ValidationError

from connectors.bitrix24 import address
from connectors.bitrix24.inbound import Bitrix24
from connectors.bitrix24.settings import Bitrix24Settings
from connectors.kit import Http, faults

URL = "https://acme.bitrix24.test/rest/7/c4nary5ecret"


def faults_of(**settings):
    with pytest.raises(ValidationError) as caught:
        Bitrix24Settings.model_validate({"webhook_url": URL, **settings})
    [fault] = faults(caught.value)
    assert "c4nary" not in fault
    return fault


@pytest.mark.parametrize("end", ["", "/", "/profile", "/profile.json", "/profile.json/"])
def test_a_webhook_may_end_in_a_slash_or_a_method(end):
    webhook = address.parse(f" {URL}{end} ")

    assert (webhook.host, webhook.owner) == ("acme.bitrix24.test", "7")
    assert webhook.classic == f"{URL}/"
    assert webhook.version_3 == "https://acme.bitrix24.test/rest/api/7/c4nary5ecret/"
    assert "c4nary" not in repr(webhook)


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.bitrix24.test/",
        "https://acme.bitrix24.test/rest/c4nary5ecret/",
        "https://acme.bitrix24.test/rest/0/c4nary5ecret/",
        "https://acme.bitrix24.test/rest/7/c4nary5ecret/a/b",
        "https://user@acme.bitrix24.test/rest/7/c4nary5ecret/",
        "https://acme.bitrix24.test:port/rest/7/c4nary5ecret/",
        "ftp://acme.bitrix24.test/rest/7/c4nary5ecret/",
        "c4nary5ecret",
    ],
)
def test_what_is_no_webhook_is_refused_without_being_shown(url):
    assert faults_of(webhook_url=url).startswith("webhook_url: a webhook is")


def test_operators_may_be_numbers_or_strings_and_are_told_once():
    assert Bitrix24Settings(webhook_url=URL, operators=[5, "6", 5]).operators == ["5", "6"]


@pytest.mark.parametrize("operator", ["Ann", "0", "-1", True, 1.5])
def test_operators_are_ids(operator):
    assert faults_of(operators=[operator]).startswith("operators")


@pytest.mark.parametrize("chat_id", ["17 ", "chat17", "sg5"])
def test_a_chat_is_named_as_bitrix24_does(chat_id):
    assert Bitrix24Settings(webhook_url=URL, chat_id=chat_id).chat_id == chat_id.strip()


def test_a_chat_of_another_shape_is_refused():
    assert faults_of(chat_id="#sales").startswith("chat_id: a chat is written chat17")


def test_the_defaults_disturb_nobody_with_more_than_a_notification_and_a_note():
    settings = Bitrix24Settings(webhook_url=URL)

    assert settings.model_dump(exclude={"webhook_url"}) == {
        "operators": [],
        "notify": "responsible",
        "chat_id": None,
        "note": "activity",
        "unknown_callers": "ignore",
        "lead_source": "CALL",
        "missed_task": "no",
        "task_minutes": 60,
    }


def test_two_connections_to_one_portal_share_its_bucket():
    def rate_of(url):
        return Bitrix24(Bitrix24Settings(webhook_url=url), Http()).rate

    assert rate_of(URL) == rate_of("https://ACME.bitrix24.test/rest/9/0therSecret/")
    assert rate_of(URL) != rate_of("https://beta.bitrix24.test/rest/7/c4nary5ecret/")
