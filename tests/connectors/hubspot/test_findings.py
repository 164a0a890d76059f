"""What `connection check` says of a portal: one row for each fault, and the next step."""

import pytest
from hubspot_portal import Portal
from switchboard import START, Bridge

from connectors.kit import ConnectorError, Rejected, Unauthorized
from connectors.kit.testing import Fault, Reply

READ, WRITE = "crm.objects.contacts.read", "crm.objects.contacts.write"
OWNERS, SCHEMAS = "crm.objects.owners.read", "crm.schemas.contacts.write"
ALL = frozenset({READ, WRITE, OWNERS, SCHEMAS})


def a_portal(keys="unique", scopes=ALL, **changes):
    portal = Portal(clock=lambda: START.timestamp(), keys=keys)
    portal.scopes = scopes
    for name, value in changes.items():
        setattr(portal, name, value)
    return portal


def written(portal):
    """The requests that changed something, or tried to."""
    return [one.path for one in portal.log if one.method != "GET" and "/oauth/" not in one.path]


@pytest.mark.parametrize(
    ("scopes", "sentence"),
    [
        (ALL - {READ}, f"lacks the scope {READ}: in HubSpot, under Development, Keys"),
        (ALL - {WRITE}, f"lacks the scope {WRITE}: in HubSpot, under Development, Keys"),
        (ALL - {READ, WRITE}, f"lacks the scope {READ} and {WRITE}"),
    ],
)
def test_a_scope_that_every_call_needs_is_named_before_anything_is_written(scopes, sentence):
    portal = a_portal(scopes=scopes)
    with pytest.raises(Unauthorized, match=sentence):
        Bridge(portal).connector.check()

    assert written(portal) == []


def test_a_token_that_hubspot_does_not_know_is_to_be_copied_again():
    with pytest.raises(Unauthorized, match="Copy the service key again"):
        Bridge(a_portal(), token="pat-na1-revoked").connector.check()


def test_where_a_token_cannot_be_asked_about_its_contacts_are_asked_for():
    portal = a_portal(introspects=False)
    Bridge(portal).connector.check()

    assert portal.requests("GET", "contacts") != []
    portal.scopes = frozenset()
    with pytest.raises(Unauthorized, match=READ):
        Bridge(portal).connector.check()


def test_an_answer_that_lists_no_scopes_accuses_nobody():
    def silent(request):
        return Fault(Reply(200, {"hubId": 1})) if "/oauth/" in request.url else None

    Bridge(a_portal(), silent).connector.check()


def test_a_portal_in_order_has_no_findings():
    portal = a_portal()
    connector = Bridge(portal, default_owner="ann@example.com", create_contacts="always").connector

    assert connector.findings(False) == connector.findings(True) == []
    assert written(portal) == []


FAULTS = [
    pytest.param(
        a_portal(keys="none"), {}, False, "property-missing-calls", "wa_call_key", "--fix", id="no property of calls"
    ),
    pytest.param(
        a_portal(keys="none"), {}, False, "property-missing-tasks", "wa_task_key", "--fix", id="no property of tasks"
    ),
    pytest.param(
        a_portal(keys="none"),
        {"create_contacts": "always"},
        False,
        "property-missing-contacts",
        "wa_caller_id",
        "--fix",
        id="no property of contacts",
    ),
    pytest.param(
        a_portal(keys="plain"), {}, False, "property-not-unique-calls", "unique values", "Delete it", id="plain"
    ),
    pytest.param(
        a_portal(keys="plain"), {}, True, "property-not-unique-tasks", "unique values", "Delete it", id="still plain"
    ),
    pytest.param(
        a_portal(keys="none", scopes=ALL - {SCHEMAS}), {}, True, "scope-missing-calls", SCHEMAS, "Service keys",
        id="no scope to make properties",
    ),
    pytest.param(
        a_portal(keys="none", unique_activities=False), {}, True, "keys-refused-calls", "the fallback is in use",
        "Nothing has to be done", id="no unique properties for calls",
    ),
    pytest.param(
        a_portal(keys="none", unique_activities=False), {}, True, "keys-refused-tasks", "the fallback is in use",
        "Nothing has to be done", id="no unique properties for tasks",
    ),
    pytest.param(
        a_portal(), {"default_owner": "nobody@example.com"}, False, "owner-unknown", "nobody@example.com",
        "Users & Teams", id="unknown address",
    ),
    pytest.param(
        a_portal(), {"default_owner": "777"}, False, "owner-unknown", "777", "not the id of a user", id="unknown id"
    ),
    pytest.param(
        a_portal(), {"default_owner": "cleo@example.com"}, False, "owner-deactivated", "cleo@example.com", "Activate",
        id="deactivated address",
    ),
    pytest.param(
        a_portal(), {"default_owner": "509"}, False, "owner-deactivated", "509", "Activate", id="deactivated id"
    ),
    pytest.param(
        a_portal(scopes=ALL - {OWNERS}), {"default_owner": "501"}, False, "scope-missing-owners", OWNERS,
        "Service keys", id="no scope to look owners up",
    ),
    pytest.param(
        a_portal(), {"extra_properties": ["tasks.tean=7"]}, False, "extra-property-unknown-tasks-tean", "tean",
        "internal name", id="an extra property that is not there",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("portal", "settings", "fix", "name", "said", "advised"), FAULTS)
def test_each_fault_has_its_sentence_and_its_next_step(portal, settings, fix, name, said, advised):
    found = {finding.id: finding for finding in Bridge(portal, **settings).connector.findings(fix)}

    assert said in found[name].text
    assert advised in found[name].next


def test_extra_properties_that_are_there_are_no_finding():
    extra = ["hs_call_external_account_id=A", "tasks.hs_queue_membership_ids=7", "contacts.nowhere=never sent"]

    assert Bridge(a_portal(), extra_properties=extra).connector.findings(False) == []


def test_only_what_the_settings_need_is_asked_for():
    portal = a_portal(keys="none", scopes=ALL - {OWNERS})
    found = Bridge(portal, missed_task=False, task_on_dropped=False).connector.findings(False)

    assert [finding.id for finding in found] == ["property-missing-calls"]


def test_nothing_is_written_without_fix():
    portal = a_portal(keys="none")
    Bridge(portal, create_contacts="always").connector.findings(False)

    assert written(portal) == []


def test_fix_makes_the_properties_and_calls_have_keys_from_then_on():
    portal = a_portal(keys="none")
    connector = Bridge(portal, create_contacts="always").connector

    assert connector.findings(True) == connector.findings(False) == []
    assert portal.properties["calls"]["wa_call_key"].unique
    assert portal.properties["tasks"]["wa_task_key"].unique
    assert portal.properties["contacts"]["wa_caller_id"].unique
    assert portal.refused == []


def test_a_property_that_somebody_made_meanwhile_is_fine():
    portal = a_portal()
    held = portal.properties["calls"].pop("wa_call_key")

    def made_meanwhile(request):
        if request.method == "POST":
            portal.properties["calls"]["wa_call_key"] = held

    assert Bridge(portal, made_meanwhile).connector.findings(True) == []


@pytest.mark.parametrize("ask", [lambda connector: connector.check(), lambda connector: connector.findings(True)])
def test_what_has_another_cause_is_raised(ask):
    def broken(request):
        raise Rejected("Something else.")

    with pytest.raises(ConnectorError, match="Something else"):
        ask(Bridge(a_portal(keys="none"), broken).connector)
