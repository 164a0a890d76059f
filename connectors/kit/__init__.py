"""What connectors are made of. Everything here is public and stable; a connector needs this one import."""

from connectors.kit.answers import Answer
from connectors.kit.call import Call, Caller, CallerSource, CallStatus, Known, Person, Policy, Rate, Receipt
from connectors.kit.connector import Connector, Finding, OnUnsure, construct
from connectors.kit.errors import ConnectorError, RateLimited, Rejected, Retryable, Unauthorized
from connectors.kit.http import Api, Http, Limits
from connectors.kit.memory import Memory, Remembered
from connectors.kit.phone import e164, international, masked
from connectors.kit.registry import BrokenConnector, DuplicateConnector, Registry, UnknownConnector
from connectors.kit.settings import ConnectorSettings, Field, faults, fields
from connectors.kit.watchdog import attempt_budget

__all__ = [
    "Answer",
    "Api",
    "BrokenConnector",
    "Call",
    "CallStatus",
    "Caller",
    "CallerSource",
    "Connector",
    "ConnectorError",
    "ConnectorSettings",
    "DuplicateConnector",
    "Field",
    "Finding",
    "Http",
    "Known",
    "Limits",
    "Memory",
    "OnUnsure",
    "Person",
    "Policy",
    "Rate",
    "RateLimited",
    "Receipt",
    "Registry",
    "Rejected",
    "Remembered",
    "Retryable",
    "Unauthorized",
    "UnknownConnector",
    "attempt_budget",
    "construct",
    "e164",
    "faults",
    "fields",
    "international",
    "masked",
]
