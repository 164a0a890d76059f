"""What an administrator says about a HubSpot portal."""

from __future__ import annotations

import re
from typing import Literal

import phonenumbers
from pydantic import Field, HttpUrl, SecretStr, field_validator

from connectors.kit import ConnectorSettings

EXTRA = re.compile(r"(?:(?P<kind>calls|tasks|contacts)\.)?(?P<name>[a-z][a-z0-9_]*)=(?P<value>.*)", re.DOTALL)


class HubspotSettings(ConnectorSettings):
    token: SecretStr = Field(
        title="Token",
        description="Development, Keys, Service keys: the key. The access token of an existing private app works, too.",
    )
    base_url: HttpUrl = Field(
        HttpUrl("https://api.hubapi.com"),
        title="Address of the API",
        description="The same for all regions; another one is for tests only.",
    )
    default_country: str = Field(
        "US",
        title="Default country",
        description="Two letters, such as US or GB: the country of numbers that stand in HubSpot without one.",
    )
    default_owner: str | None = Field(
        None,
        title="Default owner",
        description="Whose the calls and tasks are where the contact has no owner: the e-mail address of a user of "
        "HubSpot (Settings, Users & Teams), or an owner id, which saves a request.",
    )
    create_contacts: Literal["never", "missed", "always"] = Field(
        "never",
        title="Create contacts",
        description="For callers whose number no contact has: never, after missed and dropped calls only, or always. "
        "HubSpot bills marketing contacts.",
    )
    ring_task: bool = Field(
        default=False,
        title="Task while it rings",
        description="Opens a task when the phone rings (policy all or ring); HubSpot may show it only after the call.",
    )
    missed_task: bool = Field(
        default=True,
        title="Task after a missed call",
        description="Opens a task to call back, for the owner of the contact.",
    )
    task_on_dropped: bool = Field(
        default=True,
        title="Task after a dropped call",
        description="The same where an operator or a phone turned the call away.",
    )
    missed_task_minutes: int = Field(
        15, ge=0, le=10080, title="Minutes to call back", description="When that task is due, and reminds its owner."
    )
    extra_properties: list[str] | None = Field(
        None,
        title="Extra properties",
        description="What your portal demands of each new record: name=value for calls, or tasks.name=value, "
        "contacts.name=value, calls.name=value. Names are the internal ones: Settings, Properties.",
    )

    @field_validator("default_country")
    @classmethod
    def _is_a_country(cls, country: str) -> str:
        if country.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("a country is two letters, such as US or GB")
        return country.upper()

    @field_validator("default_owner")
    @classmethod
    def _names_an_owner(cls, owner: str | None) -> str | None:
        if owner and "@" not in owner and not (owner.isascii() and owner.isdigit()):
            raise ValueError("an owner is an e-mail address or the digits of an owner id")
        return owner or None

    @field_validator("extra_properties")
    @classmethod
    def _are_names_with_values(cls, properties: list[str] | None) -> list[str] | None:
        if not all(EXTRA.fullmatch(entry) for entry in properties or []):
            raise ValueError("each is name=value, tasks.name=value or contacts.name=value, with the internal name")
        return properties

    def demanded(self, kind: str) -> dict[str, str]:
        """The extra properties of one kind of record: calls, tasks or contacts."""
        read = [entry for text in self.extra_properties or [] if (entry := EXTRA.fullmatch(text))]
        return {entry["name"]: entry["value"] for entry in read if (entry["kind"] or "calls") == kind}
