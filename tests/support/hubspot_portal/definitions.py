"""The properties that every portal has, and the rules of their values.

Source: https://developers.hubspot.com/docs/api-reference/crm-calls-v3/guide, and the same of contacts and tasks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

KINDS = {"contacts": "0-1", "calls": "0-48", "tasks": "0-27"}
CONTACT_ASSOCIATION = {"calls": 194, "tasks": 204}
GROUPS = {
    "contacts": ["contactinformation"],
    "calls": ["call", "engagement", "callinformation"],
    "tasks": ["task", "engagement", "taskinformation"],
}
OWN = {"contacts": "wa_caller_id", "calls": "wa_call_key", "tasks": "wa_task_key"}
REQUIRED = {"contacts": (), "calls": ("hs_timestamp",), "tasks": ("hs_timestamp",)}
SHOWN = {
    "contacts": ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    "calls": ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
    "tasks": ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
}
"""What an answer holds when no properties are asked for."""
CREATED = {"contacts": "createdate", "calls": "hs_createdate", "tasks": "hs_createdate"}
CHANGED = {"contacts": "lastmodifieddate", "calls": "hs_lastmodifieddate", "tasks": "hs_lastmodifieddate"}

DISPOSITIONS = {
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "Busy",
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "Left live message",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "Left voicemail",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "No answer",
    "17b47fee-58de-441e-a44c-c6300d46f273": "Wrong number",
}
CALL_STATUSES = "BUSY CALLING_CRM_USER CANCELED COMPLETED CONNECTING FAILED IN_PROGRESS NO_ANSWER QUEUED RINGING"
SEEN_ELSEWHERE = {"hs_call_status": {"MISSED"}}
"""Options that some portals have: to send one is no fault of the client, and is refused where there is none."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One property. `rule` names a rule beyond that of its type."""

    name: str
    type: str = "string"
    field_type: str = "text"
    options: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    group: str = ""
    label: str = ""
    description: str = ""
    unique: bool = False
    read_only: bool = False
    rule: str = ""

    def shown(self) -> dict[str, object]:
        """As the properties API answers it."""
        options = [
            {"label": self.labels.get(one, one), "value": one, "displayOrder": position, "hidden": False}
            for position, one in enumerate(self.options)
        ]
        metadata = {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": self.read_only}
        return {
            "name": self.name,
            "label": self.label or self.name,
            "type": self.type,
            "fieldType": self.field_type,
            "groupName": self.group,
            "description": self.description,
            "hasUniqueValue": self.unique,
            "options": options,
            "calculated": self.read_only,
            "hidden": False,
            "formField": False,
            "archived": False,
            "modificationMetadata": metadata,
        }


def _strings(names: str, group: str, **more: object) -> list[Definition]:
    return [Definition(name, group=group, **more) for name in names.split()]  # type: ignore[arg-type]


def _options(name: str, options: str, group: str) -> Definition:
    return Definition(name, "enumeration", "select", tuple(options.split()), group=group)


def _times(names: str, group: str) -> list[Definition]:
    return [Definition(name, "datetime", "date", group=group, read_only=True) for name in names.split()]


def _contacts() -> list[Definition]:
    group = "contactinformation"
    calculated = (
        "hs_searchable_calculated_phone_number hs_searchable_calculated_mobile_number hs_calculated_phone_number "
        "hs_searchable_calculated_international_phone_number hs_searchable_calculated_international_mobile_number"
    )
    return [
        Definition("email", group=group, unique=True, rule="email"),
        *_strings("firstname lastname company hs_pinned_engagement_id", group),
        *_strings("phone mobilephone", group, field_type="phonenumber", rule="phone"),
        *_strings("hs_whatsapp_phone_number", group, field_type="phonenumber"),
        _options("lifecyclestage", "subscriber lead opportunity customer evangelist other", group),
        _options("hs_lead_status", "NEW OPEN IN_PROGRESS UNQUALIFIED CONNECTED", group),
        *[Definition(name, "phone_number", group=group, read_only=True) for name in calculated.split()],
        *_times("createdate lastmodifieddate", group),
    ]


def _activity(group: str) -> list[Definition]:
    return [
        Definition("hs_timestamp", "datetime", "date", group=group),
        *_strings("hs_attachment_ids", group),
        *_times("hs_createdate hs_lastmodifieddate", group),
    ]


def _calls() -> list[Definition]:
    group = "call"
    return [
        *_activity(group),
        *_strings("hs_call_title hs_call_from_number hs_call_to_number hs_call_app_id hs_call_external_id", group),
        *_strings("hs_call_external_account_id hs_call_recording_url", group),
        *_strings("hs_call_body", group, field_type="html", rule="body"),
        *_strings("hs_call_has_voicemail hs_call_has_transcript hs_body_preview", group, read_only=True),
        _options("hs_call_direction", "INBOUND OUTBOUND", group),
        _options("hs_call_status", CALL_STATUSES, group),
        _options("hs_call_source", "INTEGRATIONS_PLATFORM", group),
        _options("hs_activity_type", "", group),  # the portal's own; a new one has none
        _options("hs_call_callee_object_type", "CONTACT COMPANY", group),
        Definition("hs_call_callee_object_id", "number", "number", group=group),
        Definition("hs_call_disposition", "enumeration", "select", tuple(DISPOSITIONS), DISPOSITIONS, group),
        Definition("hs_call_duration", "number", "number", group=group, rule="duration"),
    ]


def _tasks() -> list[Definition]:
    group = "task"
    types = "CALL EMAIL TODO MEETING LINKED_IN LINKED_IN_CONNECT LINKED_IN_MESSAGE"
    return [
        *_activity(group),
        *_strings("hs_task_subject hs_queue_membership_ids", group),
        *_strings("hs_task_body", group, field_type="html", rule="body"),
        *_strings("hs_task_reminders", group, rule="reminders"),
        _options("hs_task_status", "NOT_STARTED IN_PROGRESS WAITING COMPLETED DEFERRED", group),
        _options("hs_task_priority", "NONE LOW MEDIUM HIGH", group),
        _options("hs_task_type", types, group),
    ]


def _everywhere(group: str) -> list[Definition]:
    return [
        Definition("hs_object_id", "number", "number", group=group, read_only=True),
        *_strings("hs_object_source hs_object_source_label", group, read_only=True),
        Definition("hubspot_owner_id", "enumeration", "select", group=group, rule="owner"),
    ]


def own(kind: str, *, unique: bool) -> Definition:
    """The property by which our client knows its own records, as an administrator or the client adds it."""
    return Definition(OWN[kind], group=GROUPS[kind][-1], unique=unique)


def fresh(kind: str) -> dict[str, Definition]:
    """A new portal's properties of one kind of object, by name."""
    made = {"contacts": _contacts, "calls": _calls, "tasks": _tasks}[kind]()
    return {one.name: one for one in [*_everywhere(GROUPS[kind][0]), *made]}
