"""Numbers as HubSpot finds them, and whether a number that stands there is the caller's."""

from __future__ import annotations

import re

import phonenumbers

from connectors.kit import e164

LOCAL_AT_LEAST = 7  # digits of a number without a country that may say whose it is

_BRAZIL = re.compile(r"\+55(\d\d)(9?)(\d{8})")
_ARGENTINA = re.compile(r"\+54(9?)(\d{10})")


def spellings(phone: str) -> list[str]:
    """The number, and the same with or without the 9 that Brazil and Argentina put in or leave out."""
    if found := _BRAZIL.fullmatch(phone):
        other = "" if found[2] else "9"
        return [phone, f"+55{found[1]}{other}{found[3]}"]
    if found := _ARGENTINA.fullmatch(phone):
        other = "" if found[1] else "9"
        return [phone, f"+54{other}{found[2]}"]
    return [phone]


def national(phone: str) -> list[str]:
    """The digits behind the country code, in each way in which HubSpot's calculated copies may hold them.

    The last ones have the country code: where HubSpot could infer no country, it takes nothing away.
    """
    found: list[str] = []
    for spelling in spellings(phone):
        try:
            number = phonenumbers.parse(spelling)
        except phonenumbers.NumberParseException:  # WhatsApp rings from numbers that no plan lists
            continue
        digits = phonenumbers.national_significant_number(number)
        found += [digits, digits.lstrip("0")]  # Italy's leading 0 counts; calculated copies were seen without it
    found += [spelling.removeprefix("+") for spelling in spellings(phone)]
    return [digits for digits in dict.fromkeys(found) if digits]


def closeness(stored: str | None, phone: str, country: str) -> int:
    """How surely a number that stands in HubSpot is `phone`: 2 the same, 1 the same as far as it goes, 0 not."""
    text = (stored or "").strip()
    digits = re.sub(r"\D", "", text)
    same = {spelling.removeprefix("+") for spelling in spellings(phone)}
    if text.startswith("00"):
        text = f"+{digits.lstrip('0')}"
    if text.startswith("+"):
        return 2 if (e164(text) or "").removeprefix("+") in same else 0
    if digits in same:
        return 2
    here = _in_country(digits, country)
    if here is not None:
        return 2 if here in same else 0
    local = digits.lstrip("0")
    return int(len(local) >= LOCAL_AT_LEAST and any(spelling.endswith(local) for spelling in same))


def _in_country(digits: str, country: str) -> str | None:
    """The digits of this number with their country code; None if the country has no such number."""
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)).removeprefix("+")
