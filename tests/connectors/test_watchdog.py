"""The watchdog where no connector can see it: forks, handed-over connections, its price."""

import os
import socket
import time
from pathlib import Path

import pytest

from connectors.kit import watchdog
from connectors.kit.watchdog import Flight, current_flight


def cut_within(seconds, near, far):
    """Whether the far end sees the connection end in time."""
    far.settimeout(seconds)
    try:
        return far.recv(1) == b""
    except TimeoutError:
        return False


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_flight_that_is_overdue_loses_its_connection():
    near, far = socket.socketpair()
    with near, far, Flight(0.05) as flight:
        flight.board(near)
        assert cut_within(1.0, near, far)
        assert flight.overdue


def test_a_connection_boarded_too_late_is_cut_at_once():
    near, far = socket.socketpair()
    with near, far, Flight(0.01) as flight:
        deadline = time.monotonic() + 1
        while not flight.overdue and time.monotonic() < deadline:
            time.sleep(0.01)
        flight.board(near)
        assert cut_within(0.05, near, far)


def test_who_wakes_up_too_late_sends_nothing_though_the_watchdog_sleeps_on(monkeypatch):
    monkeypatch.setattr(watchdog.Watchdog, "start", lambda _: None)
    monkeypatch.setattr(watchdog, "_watchdogs", {})
    near, far = socket.socketpair()
    with near, far, Flight(0.01) as flight:
        time.sleep(0.02)
        flight.board(near)
        assert cut_within(0.05, near, far)
        assert flight.overdue


def test_a_flight_that_has_landed_leaves_the_connection_to_the_next_one():
    near, far = socket.socketpair()
    with near, far, Flight(0.05) as flight:
        flight.board(near)
        flight.land()
        assert not cut_within(0.4, near, far)
        assert not flight.overdue


def test_a_flight_is_over_when_its_block_is():
    open_before = descriptors()
    near, far = socket.socketpair()
    with near, far:
        with Flight(20) as flight:
            flight.board(near)
            assert current_flight() is flight
        assert current_flight() is None
    assert descriptors() == open_before


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_process_has_a_watchdog_of_its_own():
    with Flight(20):  # the parent's is running, and holds one that is none of the child's business
        near, far = socket.socketpair()
        child = os.fork()
        if child == 0:
            cut = False
            try:
                with Flight(0.05) as flight:
                    flight.board(near)
                    cut = cut_within(2.0, near, far)
            finally:
                os._exit(0 if cut else 1)
        near.close()
        far.close()
        assert os.waitpid(child, 0)[1] == 0
