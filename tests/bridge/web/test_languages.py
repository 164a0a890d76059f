"""The pages in other languages: nothing is left in English, and nothing that is filled in gets lost."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bridge.web import languages

ROOT = Path(languages.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OTHERS = [name for name in languages.names() if name != languages.ENGLISH]
PLACES = re.compile(r"%\((\w+)\)[sd]")


def texts():
    """Every text of the pages as the code has it; one with a plural as a pair."""
    found = extract_from_dir(ROOT, METHODS, keywords={"_": None, "gettext": None, "ngettext": (1, 2)})
    return {text for _, _, text, _, _ in found}


def catalogue(name):
    return read_po(StringIO((ROOT / "catalogues" / f"{name}.po").read_text("utf-8")), locale=name)


def test_there_are_texts_and_a_language_besides_english():
    assert len(texts()) > 50
    assert OTHERS == ["ru"]


@pytest.mark.parametrize("name", OTHERS)
def test_every_text_is_translated(name):
    known = catalogue(name)
    missing = [text for text in texts() if not _translations(known, text)]
    assert sorted(map(str, missing)) == []


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_filled_in_stands_in_each_translation(name):
    known = catalogue(name)
    for text in texts():
        wanted = set(PLACES.findall(text if isinstance(text, str) else text[1]))
        for translation in _translations(known, text):
            assert set(PLACES.findall(translation)) == wanted, text


@pytest.mark.parametrize("name", OTHERS)
def test_no_translation_is_of_a_text_that_is_gone(name):
    ids = {
        message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogue(name) if message.id
    }
    assert sorted(map(str, ids - texts())) == []


def _translations(known, text):
    """What there is for a text: one, or one for each kind of number; none where one of them is missing."""
    message = known.get(text if isinstance(text, str) else text[0])
    if message is None:
        return []
    strings = [message.string] if isinstance(message.string, str) else list(message.string)
    return strings if all(strings) else []


def test_pages_are_in_the_language_of_the_browser_unless_another_was_chosen(site):
    browser = site.as_operator()
    assert '<html lang="en"' in browser.get("/").text
    assert '<html lang="ru"' in browser.get("/", headers={"Accept-Language": "ru,en;q=0.5"}).text
    assert browser.post("/me/language", {"language": "ru"}).status_code == 303
    assert '<html lang="ru"' in browser.get("/").text
    assert browser.post("/me/language", {"language": "xx"}).status_code == 400
