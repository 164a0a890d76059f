"""What an administrator may write of an application, and whose allowance a connection draws on."""

from __future__ import annotations

import pytest
from application import connector


def test_the_address_of_a_webhook_is_no_portal_since_it_would_be_exported_in_clear(acme):
    with pytest.raises(ValueError, match="the address of a webhook"):
        connector(acme, portal="https://acme.bitrix24.test/rest/1/c4nary5ecret/")


def test_all_connections_to_one_portal_share_what_it_allows(acme):
    one, other = connector(acme), connector(acme, portal="https://ACME.bitrix24.test/crm/")

    assert one.rate == other.rate
    assert one.rate.account == "acme.bitrix24.test"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("portal", "ftp://acme.bitrix24.com"), ("portal", "https://u:p@acme.bitrix24.com"), ("portal", "https://"),
        ("portal", "acme.bitrix24.com:x"), ("portal", ""),
        ("operators", []), ("operators", ["Otto"]), ("operators", ["0"]), ("dropped", "other"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(acme, name, value):
    with pytest.raises(ValueError, match=name):
        connector(acme, **{name: value})
