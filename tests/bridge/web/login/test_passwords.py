"""Which passwords will do, and what is kept of them."""

from __future__ import annotations

import pytest
from credentials import GOOD, sign_in
from sqlalchemy import select, update

from bridge import passwords
from bridge.store import tables


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "at least 12"),
        ("x" * 129, "at most 128"),
        ("password1234", "guessed first"),
        ("qwertyuiop12", "guessed first"),
        ("aaaaaaaaaaaa", "guessed first"),
        ("123456789012", "guessed first"),
        ("anna.smith123", "guessed first"),
        ("пароль123456", "guessed first"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password, said):
    assert said in passwords.fault(password, "anna.smith")


@pytest.mark.parametrize("password", [GOOD, "Tr0ub4dor&3x!k", "четыре слова подряд", "🐴🔋📎✅🐴🔋📎✅🦊🐙🐳🌵"])
def test_a_password_of_several_words_will_do(password):
    assert passwords.fault(password, "anna") is None


def test_a_password_is_the_same_on_every_keyboard(sealed):
    kept = passwords.seal("Zoë keeps several bees")
    assert passwords.fits(kept, "Zoe\u0308 keeps several bees")
    assert not passwords.fits(kept, "Zoe keeps several bees")
    assert not passwords.fits(None, GOOD)


def test_a_weaker_hash_is_renewed_when_its_owner_signs_in(site, store, ada):
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    store.write(lambda db: db.execute(update(tables.users).values(password_hash=weak)))
    assert sign_in(site.client).status_code == 303
    with store.read() as db:
        assert not passwords.is_outdated(db.execute(select(tables.users.c.password_hash)).scalar_one())
