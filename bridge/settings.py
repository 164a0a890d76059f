"""What a process reads from its environment, once, when it starts."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

Network = IPv4Network | IPv6Network
_DAY = 86400
_LONGEST_KEPT = 36500  # days
_SECRETS = Path("/run/secrets")


class SettingsError(Exception):
    """A variable that this process cannot start with; the message names it and says what to write instead."""


class Settings(BaseSettings):
    """The environment, checked. Every variable carries the prefix RINGBRIDGE_."""

    model_config = SettingsConfigDict(
        env_prefix="RINGBRIDGE_", env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )
    """A variable that is not set may stand in a file of that name in /run/secrets, where containers mount secrets."""

    data_dir: Path = Path("data")
    database_url: SecretStr | None = None
    broker_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    secret_key: SecretStr | None = None
    public_url: str | None = None
    metrics_token: SecretStr | None = None
    allowed_private_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    ring_seconds: float = Field(45, gt=0, le=_DAY)
    name_wait_seconds: float = Field(1.5, ge=0, le=_DAY)
    outcome_seconds: float = Field(180, gt=0, le=_DAY)
    probe_seconds: float = Field(300, gt=0, le=_DAY)
    # GREEN-API repeats what it sent for 24 hours: whatever may be repeated must still be known.
    keep_notifications_days: int = Field(30, ge=1, le=_LONGEST_KEPT)
    keep_attempts_days: int = Field(90, ge=1, le=_LONGEST_KEPT)
    keep_calls_days: int = Field(400, ge=1, le=_LONGEST_KEPT)
    alive_file: Path | None = None
    lease_seconds: float = Field(60, gt=0, le=_DAY)
    """Longer than any attempt lasts. Shorter only in tests that wait for a lease to run out."""
    crash_at: str | None = None
    """Names the point at which this process ends itself, without any cleaning up. For tests alone."""

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("allowed_private_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(_network(part) for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://", "sqlite:///")):
            raise ValueError(
                "begin it with postgresql:// or sqlite:///, or leave it out to use SQLite in the data directory"
            )
        if value and not _names_a_database(value.get_secret_value()):
            raise ValueError("write it as postgresql://user:password@host:5432/name or sqlite:////path/to/the/file")
        return value

    @field_validator("broker_url", "redis_url")
    @classmethod
    def _known_broker(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("redis://", "rediss://", "redis+socket://")):
            raise ValueError("begin it with redis://, or leave it out to run without a Redis")
        return value

    @field_validator("public_url")
    @classmethod
    def _reachable(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            address = urlsplit(value.strip())
            _ = address.port
        except ValueError:
            raise ValueError("write it as https://calls.example.com") from None
        if not _is_public(address):
            raise ValueError("write it as https://calls.example.com; plain http is for loopback alone")
        if "@" in address.netloc or address.query or address.fragment:
            raise ValueError("it is an address without a user, a question mark or a hash")
        return value.strip().rstrip("/")

    @property
    def shared_redis(self) -> str | None:
        """Where the limits that all processes share stand; None to keep them in each process."""
        address = self.redis_url or self.broker_url
        # Celery's word for a socket is not the client's.
        return address.get_secret_value().replace("redis+socket://", "unix://", 1) if address else None


def _is_public(address: SplitResult) -> bool:
    host = address.hostname or ""
    return bool(host) and (address.scheme == "https" or (address.scheme == "http" and _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(f"{text.strip()} is no network; write them as 10.2.0.0/16, with commas between") from None


def _names_a_database(address: str) -> bool:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        return False
    return url.get_backend_name() != "sqlite" or url.database not in (None, "", ":memory:")


def load() -> Settings:
    """Read the environment. Raises SettingsError with one sentence that names the first wrong variable."""
    try:
        return Settings(_secrets_dir=_SECRETS if _SECRETS.is_dir() else None)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        variable = f"RINGBRIDGE_{str(fault['loc'][0]).upper()}"
        what = fault["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{variable} cannot be used: {what}.") from None
