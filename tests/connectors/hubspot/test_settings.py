"""What an administrator may say of a portal."""

import pytest
from pydantic import ValidationError

from connectors.hubspot import Hubspot, HubspotSettings
from connectors.kit import Http, Policy, faults
from connectors.kit.testing import Notebook


def test_the_defaults_are_those_of_the_documentation():
    settings = HubspotSettings(token="pat-na1-x")

    assert str(settings.base_url) == "https://api.hubapi.com/"
    assert settings.model_dump(exclude={"token", "base_url"}) == {
        "default_country": "US",
        "default_owner": None,
        "create_contacts": "never",
        "ring_task": False,
        "missed_task": True,
        "task_on_dropped": True,
        "missed_task_minutes": 15,
        "extra_properties": None,
    }
    assert Hubspot.policy is Policy.RESULT


def test_extra_properties_belong_to_one_kind_of_record_and_to_calls_unless_they_say_so():
    settings = HubspotSettings(token="t", extra_properties=["a=1=2", "calls.b=", "tasks.c=3", "contacts.d=x y"])

    assert settings.demanded("calls") == {"a": "1=2", "b": ""}
    assert settings.demanded("tasks") == {"c": "3"}
    assert settings.demanded("contacts") == {"d": "x y"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"default_country": "Britain"}, "default_country: a country is two letters, such as US or GB."),
        ({"default_owner": "Ann"}, "default_owner: an owner is an e-mail address or the digits of an owner id."),
        ({"extra_properties": ["deals.a=1"]}, "extra_properties: each is name=value, tasks.name=value"),
        ({"extra_properties": ["A Label=1"]}, "extra_properties: each is name=value, tasks.name=value"),
        ({"extra_properties": ["a"]}, "extra_properties: each is name=value, tasks.name=value"),
        ({"missed_task_minutes": -1}, "missed_task_minutes: "),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(wrong, sentence):
    with pytest.raises(ValidationError) as caught:
        HubspotSettings(token="t", **wrong)

    [said] = faults(caught.value)
    assert said.startswith(sentence)


def test_a_country_may_be_written_small():
    assert HubspotSettings(token="t", default_country="gb").default_country == "GB"


def test_connections_with_one_token_share_its_allowance_and_do_not_show_it():
    one, same, other = (
        Hubspot(HubspotSettings(token=token), Http(), Notebook()) for token in ("pat-1", "pat-1", "pat-2")
    )

    assert one.rate == same.rate != other.rate
    assert "pat" not in one.rate.account
    assert one.rate.burst + 10 * one.rate.per_second <= 100
    assert one.requests <= one.rate.burst
