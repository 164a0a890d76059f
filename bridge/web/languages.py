"""The language of the pages. The English stands in the code; any other language is one .po file in `catalogues`."""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations
from importlib import resources
from io import BytesIO, StringIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, g, has_request_context, request

ENGLISH = "en"
_FOLDER = resources.files("bridge.web") / "catalogues"


@cache
def names() -> tuple[str, ...]:
    """The languages that there are pages in, English first."""
    found = sorted(file.name.removesuffix(".po") for file in _FOLDER.iterdir() if file.name.endswith(".po"))
    return (ENGLISH, *found)


@cache
def catalogue(name: str) -> NullTranslations:
    """The texts of one language; those that are missing are shown in English."""
    if name == ENGLISH or name not in names():
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_po(StringIO((_FOLDER / f"{name}.po").read_text("utf-8")), locale=name))
    compiled.seek(0)
    return Translations(compiled)


def current() -> str:
    """The language that the person at the other end reads: the one that was chosen, else the browser's."""
    if not has_request_context():
        return ENGLISH
    user = g.get("user")
    if user is not None and user.language in names():
        return str(user.language)
    if "browsers_language" not in g:  # a page asks for each of its texts
        g.browsers_language = request.accept_languages.best_match(names()) or ENGLISH
    return str(g.browsers_language)


def _(text: str, **values: object) -> str:
    """The text in the current language, its `%(name)s` filled."""
    translated = catalogue(current()).gettext(text)
    return translated % values if values else translated


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """The text for so many, in the current language; `%(num)s` is the number."""
    translated = catalogue(current()).ngettext(one, many, count)
    return translated % {"num": count, **values}


def install(app: Flask) -> None:
    """Let templates say `_("…")` and `{% trans %}`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        lambda text: catalogue(current()).gettext(text),
        lambda one, many, count: catalogue(current()).ngettext(one, many, count),
        newstyle=True,
    )
    app.jinja_env.globals["language"] = current
