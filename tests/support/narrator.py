"""The story of a desk's call as it is read, and how each connection stands with it."""

from __future__ import annotations

from bridge import standings, stories
from bridge.directory import Directory

ID = "7103111222-C1"


def told(desk, *kinds, after=3600.0, key=ID):
    """(what, connection, text) of each entry, or of those of some kinds."""
    with desk.store.read() as db:
        entries = stories.of_call(db, key, desk.moment(after))["story"]
    return [(one["what"], one["connection"], one["text"]) for one in entries if not kinds or one["what"] in kinds]


def ends(desk, after=3600.0, key=ID):
    with desk.store.read() as db:
        return {one.connection: one for one in standings.of_call(db, key, desk.moment(after))}


def connection(desk, name):
    return next(one for one in Directory(desk.store).current().connections if one.name == name)
