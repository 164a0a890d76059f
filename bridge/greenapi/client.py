"""The methods of GREEN-API that we call. Its token is part of every address, so no address is ever shown.

Source: https://green-api.com/en/docs/api/service/GetContactInfo/
"""

from __future__ import annotations

from bridge.callers import Names
from bridge.instances import InstanceConfig
from connectors.kit import Http, Retryable


def contact_names(http: Http, instance: InstanceConfig, chat_id: str) -> Names:
    """What GREEN-API calls a person (`getContactInfo`, at most one a second for each instance).

    Both names are often blank. Raises the connector errors: RateLimited, Retryable, Rejected, Unauthorized.
    """
    api = http.at(f"{instance.api_url}/waInstance{instance.id_instance}/")
    answer = api.post(f"getContactInfo/{instance.api_token}", {"chatId": chat_id})
    if not isinstance(answer, dict) or answer.get("status") is False:
        # Seen in their tracker: a refusal, or an instance that is being created, inside a 200.
        raise Retryable("GREEN-API gave no answer about this contact.")
    return Names(contact_name=_text(answer.get("contactName")), name=_text(answer.get("name")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
