"""What an administrator copies from a local application, and chooses for its calls."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, SecretStr, field_validator

from connectors.bitrix24.oauth import SERVER
from connectors.bitrix24.users import Users
from connectors.kit import ConnectorSettings


class Bitrix24AppSettings(ConnectorSettings):
    portal: str = Field(title="Portal", description="Its host, as the browser shows it, such as acme.bitrix24.com.")
    client_id: str = Field(
        title="Application ID", description="client_id, as the form of the local application shows it: local.…"
    )
    client_secret: SecretStr = Field(
        title="Application key", description="client_secret, shown beside it. It is sent to the OAuth server only."
    )
    refresh_token: SecretStr = Field(
        title="Refresh token",
        description="REFRESH_ID of the installation. It works once: later ones are kept by Ringbridge itself, until "
        "another one is entered here.",
    )
    operators: Users = Field(
        title="Operators",
        description="Ids of the users who get the call card, with whoever is responsible for the caller. The number in "
        "the address of an employee's profile.",
    )
    line: str | None = Field(
        None, title="Line", description="Its name in the portal's reports; WhatsApp and the instance's name, if none."
    )
    create_lead: bool = Field(
        default=False,
        title="Create leads",
        description="Whether the portal makes a lead of a caller whom it does not know.",
    )
    dropped: Literal["declined", "missed"] = Field(
        "declined",
        title="Dropped calls",
        description="How calls that were refused on your side are booked. Only missed ones stand in the portal's list "
        "of missed calls.",
    )
    oauth_server: HttpUrl = Field(
        HttpUrl(SERVER), title="OAuth server", description="Bitrix24's own, unless your portal has another."
    )

    @property
    def host(self) -> str:
        return urlsplit(self.portal).hostname or ""

    @field_validator("portal")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        """With or without scheme and path; kept as scheme and host."""
        try:
            address = urlsplit(value if "://" in value else f"https://{value}")
            host, _ = address.hostname, address.port
        except ValueError:
            host = None
        if not host or "@" in address.netloc or address.scheme not in ("https", "http"):
            raise ValueError("a portal is written acme.bitrix24.com, as the browser shows it")
        if address.path.startswith("/rest/"):  # it would be kept, and exported, in clear
            raise ValueError("this is the address of a webhook: a portal is written acme.bitrix24.com")
        return f"{address.scheme}://{address.netloc.lower()}"

    @field_validator("operators")
    @classmethod
    def _is_somebody(cls, operators: list[str]) -> list[str]:
        if not operators:
            raise ValueError("operators are ids of users, such as 17, and there is at least one")
        return operators
