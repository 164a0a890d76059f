"""Slows down whoever guesses passwords, without locking out the one whose password is guessed.

Five wrong ones are free. After that each costs a wait that doubles, up to a quarter of an hour. What counts is where it
was tried from: one address, and one account from it. An account that is tried from many addresses gets slow for
strangers as well; a browser in which that person was signed in before is no stranger, and has a count of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection as Db
from sqlalchemy import delete, select, update

from bridge.store.tables import throttles as table
from bridge.store.upsert import upsert

_LONGEST = timedelta(minutes=15)
_KEPT = timedelta(days=1)
_FREE = {"device": 5, "pair": 5, "address": 20, "account": 50}


def keys(account: str, address: str, device: str | None) -> list[str]:
    """Under what a try is counted. `device` is what a browser shows in which this account was signed in before."""
    account = account.strip().casefold()
    if device is not None:
        return [f"device:{device}"]
    return [f"pair:{account}:{address}", f"address:{address}", f"account:{account}"]


def take(db: Db, keys: list[str], now: datetime) -> timedelta:
    """Begin a try: zero where it may be made, else how long nobody may. It counts as failed until it `passed`.

    Counted before the password is looked at, so that a thousand at the same moment are a thousand tries.
    """
    hashes = {_hash(key): key for key in keys}
    query = select(table).where(table.c.key.in_(sorted(hashes))).order_by(table.c.key).with_for_update()
    kept = {row.key: row for row in db.execute(query)}
    until = max((row.until for row in kept.values()), default=now)
    if until > now:
        return until - now
    for hashed in sorted(hashes):  # in one order, or two at once on PostgreSQL would wait for each other
        before = kept.get(hashed)
        failures = (before.failures if before and before.until > now - _KEPT else 0) + 1
        over = failures - _FREE[hashes[hashed].partition(":")[0]]
        pause = min(timedelta(seconds=2 ** min(over, 10)), _LONGEST) if over >= 0 else timedelta()
        values = {"failures": failures, "until": now + pause}
        row = upsert(db, table).values(key=hashed, **values)
        db.execute(row.on_conflict_do_update(index_elements=["key"], set_=values))
    return timedelta()


def passed(db: Db, keys: list[str], now: datetime) -> None:
    """The right password was given: what was counted for this account from there is forgotten.

    What else an address did stays: one who has an account there must not be able to guess others' between two sign-ins.
    """
    for key in sorted(keys, key=_hash):
        row = table.c.key == _hash(key)
        if key.startswith(("address:", "account:")):
            db.execute(update(table).where(row).values(failures=table.c.failures - 1, until=now))
        else:
            db.execute(delete(table).where(row))


def forget_old(db: Db, now: datetime) -> int:
    """Remove counts that are of no use any more; returns how many."""
    return db.execute(delete(table).where(table.c.until < now - _KEPT)).rowcount


def _hash(key: str) -> str:
    return sha256(key.encode("utf-8", "replace")).hexdigest()
