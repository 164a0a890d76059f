"""What a running process knows of the configuration, and whom a header speaks for."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from cryptography.fernet import Fernet
from desk import Desk
from office import all_at_once

from bridge import connections, instances
from bridge.directory import Directory, Tokens
from bridge.instances import Instance, InstanceConfig
from bridge.store import Store, StoreUnavailable
from bridge.store.secrets import SecretKeyError, Secrets

CREDENTIALS = "Basic dXNlcjpwYXNz"  # user:pass


def instance(number=1, *tokens) -> Instance:
    return Instance(
        number, number, InstanceConfig(f"line {number}", str(number), "https://api.example.com", "t", tokens)
    )


@pytest.mark.parametrize(
    ("configured", "header", "accepted"),
    [
        ("s3cret", "Bearer s3cret", True),
        ("s3cret", "bEARER   s3cret ", True),
        ("s3cret", "Bearer\ts3cret", True),
        ("s3cret", "s3cret", True),
        ("s3cret", "Basic s3cret", True),
        ("Bearer s3cret", "Bearer s3cret", True),
        ("bearer  s3cret", "s3cret", True),
        ("Bearer s3cret", "Basic s3cret", False),
        ("Bearer s3cret", "Bearer Bearer s3cret", False),
        ("Token s3cret", "Bearer Token s3cret", True),
        ("Token s3cret", "Bearer s3cret", False),
        (CREDENTIALS, CREDENTIALS, True),
        (CREDENTIALS, CREDENTIALS.lower(), False),
        (CREDENTIALS, CREDENTIALS.replace("Basic", "bAsIc"), True),
        (CREDENTIALS, CREDENTIALS.replace("Basic", "Bearer"), False),
        ("user:pass", CREDENTIALS, True),
        ("Basic user:pass", CREDENTIALS, True),
        ("user:pass", "Bearer user:pass", True),
        ("Bearer user:pass", CREDENTIALS, False),
        ("tökén", "Bearer tökén".encode().decode("latin-1"), True),
        ("s3cret", "Bearer s3cré", False),
        ("s3cret", "Bearer \ud800\U0001f600", False),
        ("s3cret", "Bearer S3CRET", False),
        ("s3cret", "Bearer s3cret, Bearer s3cret", False),
        ("s3cret", "Bearer", False),
        ("s3cret", "", False),
        ("s3cret", None, False),
        ("", None, False),
        (" ", "", False),
        ("", "Bearer ", False),
    ],
)
def test_a_header_is_compared_without_its_scheme_unless_both_name_one(configured, header, accepted):
    assert Tokens([(configured, instance())]).instances(header) == (frozenset({"1"}) if accepted else frozenset())


def test_a_token_speaks_for_every_instance_that_has_it_and_each_may_have_several():
    one, two = instance(1, "old", "new", "shared"), instance(2, "shared")
    tokens = Tokens([(token, line) for line in (one, two) for token in line.config.webhook_tokens])

    assert [tokens.instances(token) for token in ("old", "new", "shared", "other")] == [{"1"}, {"1"}, {"1", "2"}, set()]


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_change_is_seen_a_second_later_and_nothing_is_read_before(store, now):
    clock, desk = Clock(), Desk(store, now)
    directory = Directory(store, clock)
    first = directory.current()
    desk.connect("newcomer", "all")

    clock.seconds += 0.9
    assert directory.current() is first
    clock.seconds += 0.2
    assert [one.name for one in directory.current().connections] == ["all-0", "newcomer"]
    unchanged = directory.current()
    clock.seconds += 2
    assert directory.current() is unchanged


def test_removals_are_seen_too(store, now):
    clock = Clock()
    Desk(store, now)
    directory = Directory(store, clock)
    [line], [connection] = directory.current().by_id.values(), directory.current().connections
    store.write(lambda db: instances.remove(db, line, now))
    store.write(lambda db: connections.remove(db, connection, now))
    clock.seconds += 2

    snapshot = directory.current()
    assert (snapshot.by_id, snapshot.connections, snapshot.tokens.instances("s3cret")) == ({}, [], frozenset())


class Moody:
    """A store that can be read when it is in the mood."""

    def __init__(self, store, error=None) -> None:
        self._store, self.error, self.reads, self.secrets = store, error, 0, store.secrets

    @contextmanager
    def read(self):
        self.reads += 1
        if self.error:
            raise self.error
        with self._store.read() as db:
            yield db


def test_what_was_known_is_used_while_the_store_cannot_be_read_and_it_is_asked_once_a_second(store, now):
    Desk(store, now)
    clock, moody = Clock(), Moody(store)
    directory = Directory(moody, clock)
    known = directory.current()
    moody.error = StoreUnavailable("gone")
    clock.seconds += 2

    assert [directory.current() for _ in range(3)] == [known] * 3
    assert moody.reads == 2


def test_without_a_first_look_there_is_nothing_to_go_by(store):
    with pytest.raises(StoreUnavailable):
        Directory(Moody(store, StoreUnavailable("gone"))).current()


def test_secrets_stored_with_another_key_do_not_end_what_works(store, now):
    desk, clock = Desk(store, now), Clock()
    directory = Directory(store, clock)
    known = directory.current()
    stranger = Store(store.engine, Secrets([Fernet.generate_key().decode()]))
    config = InstanceConfig("berlin", "7103111333", "https://api.example.com", "t", ("x",))
    store.write(lambda db: instances.save(db, stranger.secrets, config, None))
    clock.seconds += 2

    assert directory.current() is known
    with pytest.raises(SecretKeyError, match="instance berlin"):
        Directory(desk.store).current()


def test_one_looks_while_the_others_go_on(store, now):
    Desk(store, now)
    looking, done = threading.Event(), threading.Event()

    class Slow(Moody):
        @contextmanager
        def read(self):
            if self.reads:
                looking.set()
                done.wait(10)
            with super().read() as db:
                yield db

    clock = Clock()
    directory = Directory(Slow(store), clock)
    known = directory.current()
    clock.seconds += 2
    looker = threading.Thread(target=directory.current)
    looker.start()
    looking.wait(10)

    assert directory.current() is known
    done.set()
    looker.join()


def test_changes_made_at_once_have_different_versions(store):
    def add(number):
        config = InstanceConfig(f"line {number}", str(number), "https://api.example.com", "t", ("x",))
        store.write(lambda db: instances.save(db, store.secrets, config, None))

    all_at_once(add, range(8))

    with store.read() as db:
        assert sorted(one.version for one in instances.active(db, store.secrets)) == list(range(1, 9))
