"""The life of a call, whatever happens to it, in whatever order: nothing lost, nothing told twice knowingly.

Calls are new, repeated, reordered; answers get lost, workers die, leases run out, connections change, are paused and
resumed; two calls of one person come at once; the clock jumps. After each step what must always be true is checked,
and at the end everything is paid. `RINGBRIDGE_LIFE_EXAMPLES=1000` is the long form.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from desk import DONE, LOCKED_OUT, NOT_NOW, PERHAPS, REFUSED, Desk
from hypothesis import settings, strategies
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from sqlalchemy import select

from bridge import holding, policies
from bridge.settings import Settings
from bridge.store import migrate, open_store, tables
from connectors.kit import CallStatus, Policy

START = datetime(2026, 11, 20, 14, 3, 12, tzinfo=UTC)
CHATS = ["15551230042@c.us", "15551230001@c.us"]
WORDS = [
    "offer", None, "", "pickUp", "PICKUP", "hungUp", "hangUp", "declined", "missed", "voicemail", "busy",
]  # fmt: skip
CONNECTIONS = {"all-0": 1, "result-1": 2, "ring-2": 3, "popups": 4}
connections = strategies.sampled_from(sorted(CONNECTIONS))


@cache
def empty_store() -> Path:
    """A store as it is after its first start, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="ringbridge-life-"))
    store = open_store(Settings(data_dir=folder))
    migrate.migrate(store)
    store.close()
    return folder


class Life(RuleBasedStateMachine):
    claims = Bundle("claims")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ringbridge-life-"))
        shutil.copytree(empty_store(), self.folder, dirs_exist_ok=True)
        self.store = open_store(Settings(data_dir=self.folder))
        self.desk = Desk(self.store, START, ("all", "result", "ring"))
        self.desk.connect("popups", "ring", 8, "rolodex", {})
        self.desk.know(CHATS[0])
        self.policies = dict(zip(CONNECTIONS, (Policy.ALL, Policy.RESULT, Policy.RING, Policy.RING), strict=True))
        self.clock = self.latest = 0.0
        self.ranks: dict[str, int] = {}
        self.owed: dict[tuple[str, int], str] = {}  # (call, connection) → the newest status that it was to be told
        self.written: set[tuple[int, str, bool]] = set()  # (delivery, status, withdrawal) with an effect out there

    def teardown(self):
        try:
            self.everything_is_paid()
        finally:
            self.store.close()
            shutil.rmtree(self.folder)

    # What happens.

    @rule(
        call=strategies.integers(0, 3),
        word=strategies.sampled_from(WORDS),
        age=strategies.sampled_from([0, 0, 0, 5, 100, 4000, -90]),
    )
    def a_notification_comes(self, call, word, age):
        before = {row.key: row.status for row in self.desk.calls()}
        chat = CHATS[0] if call < 3 else CHATS[1]  # three of the four calls are one person's
        self.desk.hear(word, self.clock, stamped=self.clock - age, id_message=f"C{call}", chat=chat)
        self._note_what_is_owed(before)

    @rule(seconds=strategies.sampled_from([0.2, 1.6, 10, 61, 200, 3600]))
    def time_passes(self, seconds):
        self.clock += seconds
        self.latest = max(self.latest, self.clock)

    @rule(seconds=strategies.sampled_from([5, 3600]))
    def the_clock_is_set_back(self, seconds):
        self.clock -= seconds

    @rule()
    def nobody_hears_the_outcome(self):
        before = {row.key: row.status for row in self.desk.calls()}
        self.desk.silence(self.clock)
        self._note_what_is_owed(before)

    @rule(target=claims, delivery=strategies.integers(1, 16))
    def a_worker_takes_one(self, delivery):
        claim = self.desk.claim(delivery, self.clock)
        if claim is None:
            return multiple()
        effect = (delivery, claim.call.status.value, claim.withdraws)
        assert effect not in self.written or claim.known.unsure, "told again without being warned"
        return claim

    @rule(
        claim=consumes(claims),
        outcome=strategies.sampled_from([DONE, DONE, DONE, NOT_NOW, PERHAPS, REFUSED, LOCKED_OUT]),
        wrote=strategies.booleans(),
    )
    def it_is_settled(self, claim, outcome, wrote):
        if outcome is DONE or (outcome is PERHAPS and wrote):
            self.written.add((claim.delivery_id, claim.call.status.value, claim.withdraws))
        self.desk.settle(claim, outcome, self.clock)

    @rule(claim=consumes(claims), wrote=strategies.booleans())
    def its_worker_dies(self, claim, wrote):
        if wrote:
            self.written.add((claim.delivery_id, claim.call.status.value, claim.withdraws))

    @rule(name=connections, policy=strategies.sampled_from(list(Policy)))
    def a_policy_changes(self, name, policy):
        self.desk.change(name, policy=policy)
        self.policies[name] = policy

    @rule(name=connections)
    def a_connection_is_paused(self, name):
        pause = lambda db: holding.pause(db, CONNECTIONS[name], "admin", "By hand.", self.now())  # noqa: E731
        self.store.write(pause)

    @rule(name=connections)
    def a_connection_is_resumed(self, name):
        self.store.write(lambda db: holding.resume(db, CONNECTIONS[name], self.now()))

    @rule()
    def the_sweep_comes_by(self):
        self.desk.swept(self.clock)

    # What is always true.

    @invariant()
    def each_row_is_due_leased_held_or_at_rest(self):
        for row in self.rows():
            # A held row remembers until when what it may have written cannot be looked for.
            assert (row.due_at is not None) == (row.state == "due") or (row.state == "held" and row.unsure), row
            if row.lease_until is not None:
                assert row.state == "due", row
                assert row.due_at == row.lease_until, row
            if row.state == "held":
                assert row.paused_by is not None, row
            if row.state == "delivered":
                assert row.owes == row.told, row

    @invariant()
    def no_status_falls(self):
        for row in self.desk.calls():
            rank = CallStatus(row.status).rank
            assert rank >= self.ranks.get(row.key, 0)
            self.ranks[row.key] = rank

    @invariant()
    def everything_that_a_policy_tells_is_owed_or_told(self):
        rows = {(row.key, row.connection_id): row for row in self.rows()}
        for key, status in self.owed.items():
            assert rows[key].owes == status, (key, status, rows[key])

    @invariant()
    def one_person_is_told_of_by_one_worker_at_a_time(self):
        leased = [
            (row.connection_id, row.chat_id)
            for row in self.rows()
            if row.lease_until is not None and row.lease_until > self.now()
        ]
        assert len(leased) == len(set(leased))

    # The end.

    def everything_is_paid(self):
        """With time, working systems and nobody in the way, every outcome is told and nothing is left over."""
        for connection in CONNECTIONS.values():
            self.store.write(lambda db, connection=connection: holding.resume(db, connection, self.now()))
        before = {row.key: row.status for row in self.desk.calls()}
        self.clock = self.latest + 4000
        self.desk.silence(self.clock)
        self._note_what_is_owed(before)
        for _ in range(6):
            self.clock += 4000
            for delivery in self.desk.swept(self.clock):
                claim = self.a_worker_takes_one(delivery)
                if getattr(claim, "delivery_id", None):
                    self.desk.settle(claim, DONE, self.clock)
        for row in self.rows():
            assert row.state in ("delivered", "skipped", "failed"), row
            if row.state == "skipped":
                assert row.owes == CallStatus.RINGING, row
            assert row.withdrawn is not False or row.state == "failed", row

    # The model.

    def now(self):
        return self.desk.moment(self.clock)

    def rows(self):
        calls, deliveries, known = tables.calls, tables.deliveries, tables.connections
        query = (
            select(deliveries, calls.c.key, known.c.paused_by)
            .join(calls, calls.c.id == deliveries.c.call_id)
            .join(known, known.c.id == deliveries.c.connection_id)
        )
        with self.store.read() as db:
            return db.execute(query).all()

    def _note_what_is_owed(self, before):
        """Policy is read at intake: what each connection is to be told of every call that has just moved."""
        for call in self.desk.calls():
            if before.get(call.key) == call.status:
                continue
            for name, policy in self.policies.items():
                if owed := policies.owes(policy, CallStatus(call.status)):
                    self.owed[call.key, CONNECTIONS[name]] = owed


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=int(os.environ.get("RINGBRIDGE_LIFE_EXAMPLES", "30")), stateful_step_count=40, deadline=None
)
