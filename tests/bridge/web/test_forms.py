"""Settings as a form and back: what a browser sends, what is kept, and that no secret is ever shown."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field, HttpUrl, SecretStr
from werkzeug.datastructures import MultiDict

from bridge.web import forms
from connectors.kit import ConnectorSettings, fields


def setting(title, default=...):
    return Field(default, title=title, description=f"{title} is found there.")


class Settings(ConnectorSettings):
    host: str = setting("Host")
    token: SecretStr = setting("Token")
    extra: SecretStr | None = setting("Extra", None)
    url: HttpUrl = setting("Address", HttpUrl("https://api.example.com"))
    country: str = setting("Country", "US")
    minutes: int = Field(15, ge=0, le=60, title="Minutes", description="How many.")
    share: float = setting("Share", 0.5)
    open: bool = setting("Open", True)
    kind: Literal["lead", "deal"] = setting("Kind", "lead")
    people: list[str] = setting("People", [])
    tags: list[str] | None = setting("Tags", ["calls"])


FIELDS = fields(Settings)
SECRET_URL = "https://hooks.example.com/rest/1/canarycanarycanary/"
STORED = {
    "host": "acme",
    "token": "canary-token",
    "extra": "canary-extra",
    "minutes": 20,
    "open": False,
    "people": ["a", "b"],
}


def inputs(stored=None, typed=None, faults=None):
    given = None if typed is None else MultiDict({f"settings.{key}": value for key, value in typed.items()})
    drawn = forms.drawn(FIELDS, stored or {}, given, faults)
    return {one.name.removeprefix("settings."): one for one in drawn}


def read(typed, stored=None, **more):
    sent = {f"settings.{key}": value for key, value in typed.items()} | more
    return forms.read(FIELDS, stored or {}, MultiDict(sent))


def test_an_empty_form_shows_the_defaults():
    drawn = inputs()

    assert {name: one.value for name, one in drawn.items()} == {
        "host": "", "token": "", "extra": "", "url": "https://api.example.com/", "country": "US", "minutes": "15",
        "share": "0.5", "open": "1", "kind": "lead", "people": "", "tags": "calls",
    }  # fmt: skip
    assert [name for name, one in drawn.items() if one.required] == ["host", "token"]
    assert (drawn["minutes"].type, drawn["minutes"].minimum, drawn["minutes"].maximum) == ("number", 0, 60)
    assert drawn["kind"].choices == ("lead", "deal")


def test_a_stored_secret_is_said_to_be_set_and_not_shown():
    drawn = inputs(STORED)

    assert (drawn["token"].is_set, drawn["token"].value, drawn["token"].required) == (True, "", False)
    assert "canary" not in repr(drawn)
    assert (drawn["host"].value, drawn["people"].value, drawn["open"].is_on) == ("acme", "a\nb", False)


def test_an_address_that_is_a_secret_is_one_in_the_form_too():
    drawn = inputs({"url": SECRET_URL})

    assert (drawn["url"].kind, drawn["url"].is_set, drawn["url"].value) == ("secret", True, "")
    assert inputs({}, {"url": SECRET_URL})["url"].value == ""
    assert inputs({"url": "https://crm.example.com/hook"})["url"].value == "https://crm.example.com/hook"
    assert "url" not in read({"host": "acme"}, {"url": SECRET_URL})
    assert read({"url": ""}, {"url": "https://crm.example.com/hook"})["url"] is None


def test_what_was_typed_is_kept_and_a_secret_is_not():
    typed = {"host": "<b>", "token": "canary", "minutes": "many", "people": "a\r\nb"}
    drawn = inputs(STORED, typed, {"settings.minutes": "It is no number."})

    assert (drawn["host"].value, drawn["minutes"].value, drawn["people"].value) == ("<b>", "many", "a\r\nb")
    assert "canary" not in repr(drawn)
    assert (drawn["open"].is_on, drawn["minutes"].fault) == (False, "It is no number.")
    assert drawn["minutes"].described_by == "settings-minutes-help settings-minutes-fault"


def test_what_a_browser_sends_is_read_as_the_model_wants_it():
    typed = {
        "host": " acme ", "token": "t", "url": "https://x.example.com", "minutes": "7", "share": "0.25", "open": "1",
        "kind": "deal", "people": "a\r\n\r\n b \r\n", "tags": "x",
    }  # fmt: skip
    settings = read(typed)

    assert settings == {
        "host": "acme", "token": "t", "extra": None, "url": "https://x.example.com", "country": None, "minutes": 7,
        "share": 0.25, "open": None, "kind": "deal", "people": ["a", "b"], "tags": ["x"],
    }  # fmt: skip
    Settings.model_validate({key: value for key, value in settings.items() if value is not None})


def test_a_blank_secret_is_absent_where_one_is_stored():
    assert {"token", "extra"}.isdisjoint(read({"token": "", "extra": " "}, STORED))


def test_an_optional_secret_can_be_cleared_and_a_required_one_cannot():
    cleared = read({}, STORED, **{"clear.settings.extra": "1", "clear.settings.token": "1"})

    assert cleared["extra"] is None
    assert "token" not in cleared


def test_what_was_typed_wins_over_clearing():
    assert read({"extra": "new"}, STORED, **{"clear.settings.extra": "1"})["extra"] == "new"


def test_a_list_that_was_emptied_is_empty_and_not_its_default():
    assert read({"tags": ""})["tags"] == []


@pytest.mark.parametrize("text", ["many", "1.5", "1e3", "٣x"])
def test_what_is_no_whole_number_is_left_for_the_model_to_refuse(text):
    assert read({"minutes": text})["minutes"] == text


def test_a_switch_that_is_not_sent_is_off():
    assert (read({})["open"], read({"open": "1"}, {"open": False})["open"]) == (False, True)


def test_what_stands_in_the_form_as_it_was_drawn_is_not_written_down():
    untouched = {name: one.value for name, one in inputs().items() if one.value}

    assert {value for name, value in read({**untouched, "host": "acme"}).items() if name not in ("host", "token")} == {
        None
    }
