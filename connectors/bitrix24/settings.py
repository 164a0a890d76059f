"""What an administrator chooses for an inbound webhook."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from connectors.bitrix24 import address
from connectors.bitrix24.users import Users
from connectors.kit import ConnectorSettings


class Bitrix24Settings(ConnectorSettings):
    webhook_url: SecretStr = Field(
        title="Webhook",
        description="The address of an inbound webhook with the scopes crm, im and telephony; task as well for tasks, "
        "user_basic to have the operators checked. Developer resources, Other, Inbound webhook.",
    )
    operators: Users = Field(
        default=[],
        title="Operators",
        description="Ids of users who are told where nobody is responsible; the first also gets what has to be done. "
        "The number in the address of an employee's profile.",
    )
    notify: Literal["responsible", "operators", "nobody"] = Field(
        "responsible",
        title="Notify",
        description="Who is notified while it rings, and of a missed call: whoever is responsible for the caller's "
        "record and else the operators, always the operators, or nobody.",
    )
    chat_id: str | None = Field(
        None,
        title="Chat",
        description="A group chat that gets a line for each call, such as chat17: the webhook's owner has to be in it.",
    )
    note: Literal["activity", "comment", "none"] = Field(
        "activity", title="Note", description="How the outcome is written into the caller's record."
    )
    unknown_callers: Literal["ignore", "lead", "lead_if_missed"] = Field(
        "ignore",
        title="Unknown callers",
        description="Whether a lead is made for a number that the CRM does not know: never, for every call, or for "
        "missed and dropped ones. A portal without leads makes a client and a deal of it.",
    )
    lead_source: str = Field(
        "CALL", title="Source of leads", description="The code of a source: CRM, Settings, Dictionaries, Sources."
    )
    missed_task: Literal["no", "task", "todo"] = Field(
        "no",
        title="When missed",
        description="Whether a missed or dropped call becomes a task, or a to-do in the caller's record.",
    )
    task_minutes: Annotated[int, Field(ge=1, le=43200)] = Field(
        60, title="Deadline", description="Minutes from the outcome until the task or to-do is due."
    )

    @field_validator("webhook_url")
    @classmethod
    def _is_a_webhook(cls, url: SecretStr) -> SecretStr:
        if address.parse(url.get_secret_value()) is None:
            raise ValueError("a webhook is https://PORTAL/rest/NUMBER/SECRET/, as Bitrix24 shows it")
        return url

    @field_validator("chat_id")
    @classmethod
    def _is_a_chat(cls, chat_id: str | None) -> str | None:
        if not chat_id:
            return None
        if not re.fullmatch(r"(chat|sg)?[1-9][0-9]*", chat_id):
            raise ValueError("a chat is written chat17, or sg5 for the chat of a workgroup")
        return chat_id
