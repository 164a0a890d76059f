"""The searchable copies of phone numbers that HubSpot calculates.

Source: https://developers.hubspot.com/docs/api-reference/search/guide
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import phonenumbers

_COPIES = {
    "phone": ("hs_searchable_calculated_phone_number", "hs_searchable_calculated_international_phone_number"),
    "mobilephone": ("hs_searchable_calculated_mobile_number", "hs_searchable_calculated_international_mobile_number"),
}


def calculated(properties: Mapping[str, str]) -> dict[str, str]:
    """The calculated properties of a contact that has these."""
    made = {}
    for source, (searchable, international) in _COPIES.items():
        national, full = _split(properties.get(source, ""))
        made |= {searchable: national, international: full}
    full = made[_COPIES["phone"][1]]
    made["hs_calculated_phone_number"] = f"+{full}" if full else ""
    return {name: value for name, value in made.items() if value}


def _split(value: str) -> tuple[str, str]:
    """(digits without the country code, digits with it). The second is empty where no country can be inferred."""
    if value.strip().startswith("+"):
        try:
            number = phonenumbers.parse(value)
        except phonenumbers.NumberParseException:
            pass
        else:
            national = phonenumbers.national_significant_number(number)
            return national, f"{number.country_code}{national}"  # without a +: guessed
    # Leading zeros are dropped: seen on live portals.
    return re.sub(r"\D", "", value).lstrip("0"), ""
