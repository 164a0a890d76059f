"""Who is behind many calls at once: their names, and where connected systems keep them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import FromClause, Row, Select, select

from bridge import names
from bridge.callers import Names
from bridge.store import tables
from connectors.kit import Caller

_instances, _callers = tables.instances, tables.callers
_people, _connections = tables.people, tables.connections

_PEOPLE: Select[Any] = (
    select(_people.c.chat_id, _people.c.person, _connections.c.name, _connections.c.instances)
    .join(_connections, _connections.c.id == _people.c.connection_id)
    .order_by(_connections.c.position, _connections.c.id)
)
_ACTIVE = select(_connections.c.id).where(_connections.c.removed_at.is_(None))


def named(query: Select[Any], table: FromClause) -> Select[Any]:
    """The same question about the chats of a table, with the columns that `Identities` reads."""
    of_chat = (_callers.c.instance_id == table.c.instance_id) & (_callers.c.chat_id == table.c.chat_id)
    return (
        query.add_columns(_instances.c.name.label("instance"), _instances.c.name_order)
        .add_columns(_callers.c.contact_name, _callers.c.name.label("own_name"))
        .join(_instances, _instances.c.id == table.c.instance_id)
        .outerjoin(_callers, of_chat)
    )


class Identities:
    """What connected systems know of these chats, read once for all of them."""

    def __init__(self, db: Db, chats: Collection[str]) -> None:
        self._known: defaultdict[str, list[Row[Any]]] = defaultdict(list)
        connections = db.execute(_ACTIVE).scalars().all()
        if connections and chats:
            asked = _people.c.connection_id.in_(connections) & _people.c.chat_id.in_(chats)
            for row in db.execute(_PEOPLE.where(asked, _people.c.person.is_not(None))):
                self._known[row.chat_id].append(row)

    def caller(self, row: Row[Any]) -> Caller:
        """Whose chat a `named` row is about."""
        crm = next((one.person["name"] for one in self._of(row) if one.person.get("name")), None)
        return names.caller(row.chat_id, Names(row.contact_name, row.own_name), crm, row.name_order)

    def addresses(self, row: Row[Any]) -> dict[str, str]:
        """Where the one of a `named` row is kept, by the name of the connection, in the order of the file."""
        return {one.name: one.person["url"] for one in self._of(row) if one.person.get("url")}

    def _of(self, row: Row[Any]) -> list[Row[Any]]:
        known = self._known.get(row.chat_id, ())
        return [one for one in known if one.instances is None or row.instance in one.instances]
