"""Secrets at rest: which key opens what, and where the key comes from."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from office import all_at_once

from bridge.store.secrets import SecretKeyError, Secrets, keys

OLD, NEW = Fernet.generate_key().decode(), "any other text of 32 characters or more"
ROW = "connection sales"


def test_what_was_sealed_opens_and_cannot_be_read_in_between():
    sealed = Secrets([OLD]).seal(ROW, {"token": "canary", "zahl": [1, None, "ü\ud800"]})

    assert "canary" not in sealed
    assert Secrets([OLD]).open(ROW, sealed) == {"token": "canary", "zahl": [1, None, "ü\ud800"]}


def test_after_a_rotation_the_first_key_seals_and_the_old_one_still_opens():
    both = Secrets([NEW, OLD])

    assert both.open(ROW, Secrets([OLD]).seal(ROW, {"a": 1})) == {"a": 1}
    assert Secrets([NEW]).open(ROW, both.seal(ROW, {"a": 1})) == {"a": 1}


@pytest.mark.parametrize("sealed", ["", "nonsense", Secrets([OLD]).seal(ROW, {"a": "canary"})])
def test_the_wrong_key_is_named_with_what_cannot_be_read(sealed):
    with pytest.raises(SecretKeyError, match=r"connection sales .* RINGBRIDGE_SECRET_KEY") as raised:
        Secrets([NEW]).open(ROW, sealed)

    assert "canary" not in str(raised.value)


def test_what_was_sealed_for_one_row_does_not_open_for_another():
    with pytest.raises(SecretKeyError, match="belong to connection sales"):
        Secrets([OLD]).open("connection desk", Secrets([OLD]).seal(ROW, {}))


@pytest.mark.parametrize("configured", ["short", " , ", f"{OLD},short"], ids=["short", "none", "one of two"])
def test_a_key_that_is_none_is_refused_in_words(configured):
    with pytest.raises(SecretKeyError, match=r"RINGBRIDGE_SECRET_KEY .*openssl rand -hex 32"):
        Secrets(keys(configured, None))


def test_without_a_place_for_a_key_one_has_to_be_given():
    with pytest.raises(SecretKeyError, match="RINGBRIDGE_SECRET_KEY is not set"):
        keys(None, None)


def test_a_key_is_made_once_by_many_at_once_and_for_its_owner_alone(tmp_path):
    file = tmp_path / "secret.key"
    found = []
    all_at_once(lambda _: found.extend(keys(None, file)), range(16))

    assert found == [file.read_text()] * 16
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert keys(NEW, file) == [NEW]


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, None])
def test_a_key_file_that_holds_no_key_is_named_and_never_replaced(tmp_path, content):
    file = tmp_path / "secret.key"
    file.mkdir() if content is None else file.write_bytes(content)

    with pytest.raises(SecretKeyError, match=str(file)):
        keys(None, file)
    assert content is None or file.read_bytes() == content
