"""Phone numbers as they arrive, as people write them, and as logs may show them."""

import pytest

from connectors.kit import e164, international, masked


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("79001234500", "+79001234500"),
        ("+7 (900) 123-45-00", "+79001234500"),
        ("15551230042", "+15551230042"),
        ("5215512345678", "+5215512345678"),
        ("", None),
        ("12345", None),
        ("0123456789", None),
        ("1234567890123456", None),
        ("120363042@g.us", None),
        ("٧٩٠٠١٢٣٤٥٠٠", None),
    ],
)
def test_digits_become_e164_or_nothing(digits, number):
    assert e164(digits) == number


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+79001234500", "+7 900 123-45-00"),
        ("+442071838750", "+44 20 7183 8750"),
        ("+999123456789", "+999123456789"),
        ("hidden", "hidden"),
    ],
)
def test_numbers_are_shown_as_people_write_them(number, shown):
    assert international(number) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+79001234500", "+7900•••4500"), ("+1234567", "+•••4567"), ("+12345", "+•••45"), ("", "•••")],
)
def test_a_masked_number_hides_three_digits_at_least(number, shown):
    assert masked(number) == shown
