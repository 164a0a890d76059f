"""A desk whose instance stands at a GREEN-API of our own, which can be asked for its journal and its address book."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from desk import ID_INSTANCE, Desk
from sqlalchemy import select, update

from bridge import instances
from bridge.greenapi.standin import Account, GreenApi
from bridge.store import tables

TOKEN = "canary-token-of-the-api"


def account(**more) -> Account:
    return Account(id_instance=ID_INSTANCE, api_token=TOKEN, webhook_url="http://127.0.0.1:9/", **more)


def green_api_of(desk_start, **more) -> GreenApi:
    """One whose clock stands at the desk's start."""
    return GreenApi([account()], contacts_per_second=None, clock=lambda: desk_start.timestamp(), **more)


def desk_at(green_api: GreenApi, store, now, policies=("all",)) -> Desk:
    """Its instance was added a day before."""
    desk = Desk(store, now, policies)
    with store.read() as db:
        [found] = instances.active(db, store.secrets)
    config = replace(found.config, api_url=green_api.url, api_token=TOKEN)
    store.write(lambda db: instances.save(db, store.secrets, config, found))
    change(desk, added_at=now - timedelta(days=1))
    return desk


def change(desk: Desk, **values) -> None:
    desk.store.write(lambda db: db.execute(update(tables.instances).values(**values)) and None)


def instance(desk: Desk):
    with desk.store.read() as db:
        return db.execute(select(tables.instances)).one()


def asked(green_api: GreenApi, method: str) -> int:
    return sum(entry.get("method") == method for entry in green_api.log.entries())


def wait(service, after: float) -> None:
    """It is so many seconds after the start, for the limits as well, whose clock is the machine's."""
    service.clock.after = after
    service.buckets._stores.clear()
