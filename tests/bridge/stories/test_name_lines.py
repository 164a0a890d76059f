"""The lines of a story that say who was asked for the caller's name, and what came of it."""

from __future__ import annotations

import pytest
from desk import CHAT
from narrator import ID, connection, told

from bridge import stories, story
from bridge.store import tables


def name_line(desk, connection_name=None, **detail):
    """A question for the name, as the tasks write down what came of it."""
    whom = connection(desk, connection_name).id if connection_name else None
    desk.store.write(lambda db: story.tell(db, 1, "name", desk.moment(1), whom, **detail))


def test_names_are_told_with_their_source_and_the_time_they_took(desk):
    desk.hear("offer")
    name_line(desk, source="name", took_ms=340, reason=None)
    name_line(desk, source=None, took_ms=2, reason=None)
    name_line(desk, source=None, took_ms=10_000, reason="It did not answer.")
    name_line(desk, "crm", source="crm", took_ms=1900, reason=None)

    assert told(desk, "name") == [
        ("name", None, "GREEN-API was asked who this is and knew a name (name); took 340 ms."),
        ("name", None, "GREEN-API was asked who this is and knew no name; took 2 ms."),
        ("name", None, "GREEN-API was asked who this is and did not say: It did not answer; took 10.0 s."),
        ("name", "crm", "This system was asked who this is and knew a name; took 1.9 s."),
    ]


@pytest.mark.parametrize(
    ("chat", "source", "text"),
    [
        ("120363041234567890@g.us", "group", "A group: nobody was asked who it is."),
        ("123456789012345@lid", "hidden", "The number is hidden, and nobody was asked who it is."),
        (CHAT, "phone", "Nobody had a name for this number when last asked, so the number is shown; took 0 ms."),
    ],
)
def test_where_nobody_was_asked_the_story_says_why(desk, chat, source, text):
    desk.know(chat, contact_name=None, name=None)
    desk.hear("offer", chat=chat)
    with desk.store.read() as db:
        [entry] = [one for one in stories.of_call(db, ID, desk.moment(5))["story"] if one["what"] == "name"]

    assert entry["text"] == text
    assert entry["detail"] == {"source": source, "took_ms": 0, "reason": None}


def test_a_name_that_is_being_asked_for_is_not_said_to_be_known(desk):
    desk.hear("offer")

    assert told(desk, "name", after=1) == [("name", None, "Somebody is being asked who this is.")]


def test_a_system_that_is_being_asked_for_a_name_counts_too(desk):
    desk.know(contact_name=None, name=None)
    desk.store.write(
        lambda db: (
            db.execute(
                tables.people.insert(),
                {"connection_id": connection(desk, "crm").id, "chat_id": CHAT, "due_at": desk.moment()},
            )
            and None
        )
    )
    desk.hear("offer")

    assert told(desk, "name", after=1) == [("name", None, "Somebody is being asked who this is.")]
    assert "Nobody had a name" in told(desk, "name", after=90)[0][2]
