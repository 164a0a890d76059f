"""What a settings model says to the forms that are drawn from it."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import Field as Setting
from pydantic import HttpUrl, SecretStr, ValidationError

from connectors.kit import ConnectorSettings, Field, faults, fields


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Settings(ConnectorSettings):
    name: str = Setting(title="Name", description="A name.")
    site: HttpUrl = Setting("https://crm.test/x", title="Site", description="A site.", validate_default=True)
    token: SecretStr = Setting(SecretStr("hush"), title="Token", description="A token.")
    pipeline: int = Setting(3, title="Pipeline", description="A number.", ge=1, lt=10)
    share: float | None = Setting(None, title="Share", description="A share.", gt=0, le=1)
    open: bool = Setting(True, title="Open", description="Yes or no.")
    colour: Literal["red", "green"] = Setting("red", title="Colour", description="One of two.")
    size: Size | None = Setting(Size.LARGE, title="Size", description="One of two.")
    tags: list[str] = Setting(default_factory=lambda: ["a"], title="Tags", description="Several.")
    port: Annotated[int, Setting(ge=1)] | None = Setting(None, title="Port", description="A port.")


def test_each_annotation_becomes_its_kind_of_field():
    assert fields(Settings) == [
        Field("name", "Name", "A name.", "text", required=True),
        Field("site", "Site", "A site.", "url", required=False, default="https://crm.test/x"),
        Field("token", "Token", "A token.", "secret", required=False),
        Field("pipeline", "Pipeline", "A number.", "integer", required=False, default=3, minimum=1, maximum=9),
        Field("share", "Share", "A share.", "number", required=False, minimum=0, maximum=1),
        Field("open", "Open", "Yes or no.", "switch", required=False, default=True),
        Field("colour", "Colour", "One of two.", "choice", required=False, default="red", choices=("red", "green")),
        Field("size", "Size", "One of two.", "choice", required=False, default="large", choices=("small", "large")),
        Field("tags", "Tags", "Several.", "list", required=False, default=["a"]),
        Field("port", "Port", "A port.", "integer", required=False, minimum=1),
    ]


@pytest.mark.parametrize("annotation", [dict[str, str], list[int], bytes, int | str, Literal[1, 2], set[str]])
def test_an_annotation_that_no_form_can_be_drawn_from_is_named(annotation):
    class Odd(ConnectorSettings):
        colours: annotation = Setting(title="Colours", description="Several.")

    with pytest.raises(TypeError, match="'colours'"):
        fields(Odd)


@pytest.mark.parametrize("words", [{}, {"title": "Name"}, {"description": "A name."}])
def test_a_field_without_title_or_description_is_named(words):
    class Mute(ConnectorSettings):
        name: str = Setting(**words)

    with pytest.raises(TypeError, match="'name' needs a title and a description"):
        fields(Mute)


def test_faults_name_the_key_and_never_the_value():
    with pytest.raises(ValidationError) as caught:
        Settings(pipeline=12, token=5, colour="mauve", sise="x", tags=["a", {"hush": 1}])

    said = faults(caught.value)

    assert said == [
        "name is missing.",
        "token: Input should be a valid string.",
        "pipeline: Input should be less than 10.",
        "colour: Input should be 'red' or 'green'.",
        "tags.1: Input should be a valid string.",
        "sise is not a known setting.",
    ]
    assert "mauve" not in str(caught.value)


def test_settings_cannot_be_changed_and_ignore_spaces_around_values():
    settings = Settings(name=" Ann ")

    assert settings.name == "Ann"
    with pytest.raises(ValidationError):
        settings.name = "Bob"
