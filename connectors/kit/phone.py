"""Phone numbers: E.164 in, the international form for people, a masked one for logs."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_SEPARATORS = re.compile(r"[\s().\-\u00a0]+")
_E164_DIGITS = re.compile(r"[1-9][0-9]{6,14}")


def e164(digits: str) -> str | None:
    """`+` and the digits of an international number, however they were separated; None if it cannot be one.

    Whether the number is assigned is not judged: WhatsApp rings from numbers that no numbering plan lists.
    """
    bare = _SEPARATORS.sub("", digits).removeprefix("+")
    return f"+{bare}" if _E164_DIGITS.fullmatch(bare) else None


@lru_cache(maxsize=4096)  # it costs as much as a transaction, and boards show the same numbers again and again
def international(phone: str) -> str:
    """As people write it, +7 900 123-45-00; what cannot be read comes back as it was."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return phone
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def masked(phone: str) -> str:
    """+7900•••4500: enough to recognise, too little to ring. At least three digits stay hidden."""
    tail = phone[-4:] if len(phone) >= 8 else phone[-2:]
    head = phone[: max(0, min(5, len(phone) - len(tail) - 3))]
    return f"{head}•••{tail}"
