"""Ids of a portal's users, as settings name them: numbers or digits, each once."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator


def _as_texts(users: Any) -> Any:  # noqa: ANN401 - whatever the file holds
    if not isinstance(users, (list, tuple)):
        return users
    return [str(user) if isinstance(user, int) and not isinstance(user, bool) else user for user in users]


def _are_ids(users: list[str]) -> list[str]:
    if not all(re.fullmatch(r"[1-9][0-9]{0,17}", user) for user in users):
        raise ValueError("operators are ids of users, such as 17")
    return list(dict.fromkeys(users))


Users = Annotated[list[str], BeforeValidator(_as_texts), AfterValidator(_are_ids)]
