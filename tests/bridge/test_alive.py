"""The sign of life: a file that is fresh, or is not."""

from __future__ import annotations

from bridge import alive


def test_a_process_that_withdraws_its_sign_is_not_alive_at_once_and_may_do_so_twice(tmp_path):
    file = tmp_path / "alive"
    alive.touch(file)
    assert alive.is_fresh(file)
    alive.withdraw(file)
    alive.withdraw(file)
    assert not alive.is_fresh(file)


def test_where_nobody_asked_for_a_sign_there_is_none_to_withdraw():
    alive.touch(None)
    alive.withdraw(None)
