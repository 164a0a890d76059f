"""The stand-in of a Bitrix24 portal is as strict as the documentation: what it let pass, no proof would see."""

from __future__ import annotations

import pytest
import requests
from bitrix24_portal import live
from bitrix24_portal.records import normalised

WEBHOOK = "https://acme.bitrix24.test/rest/1/c4nary5ecret"
REST3 = "https://acme.bitrix24.test/rest/api/1/c4nary5ecret/tasks.task.add"
PHONE = "+15551230042"
NOON = "2026-11-19T12:00:00+03:00"
TOKEN_URL = "https://oauth.bitrix.info/oauth/token/"


def sent(portal, url, json=None, verb="POST", **more):
    return portal.answer(requests.Request(verb, url, json=json, **more).prepare())


def ask(portal, method, **params):
    return sent(portal, f"{WEBHOOK}/{method}", params)


def result(reply):
    assert reply.status == 200, reply
    return reply.body["result"]


def refusal(reply):
    return reply.status, reply.body["error"], reply.body["error_description"]


def activity(**changes):
    about = {
        "OWNER_TYPE_ID": 3, "OWNER_ID": 651, "TYPE_ID": 2, "DIRECTION": 1, "SUBJECT": "Missed call", "COMPLETED": "N",
        "COMMUNICATIONS": [{"TYPE": "PHONE", "VALUE": PHONE, "ENTITY_TYPE_ID": 3, "ENTITY_ID": 651}],
        "START_TIME": NOON, "RESPONSIBLE_ID": 99, "ORIGINATOR_ID": "ours", "ORIGIN_ID": "C1",
    }  # fmt: skip
    return {name: value for name, value in {**about, **changes}.items() if value is not None}


class App:
    def __init__(self, portal):
        self.portal, self.tokens = portal, portal.oauth.authorise()

    def ask(self, method, **params):
        url = f"https://acme.bitrix24.test/rest/{method}"
        return sent(self.portal, url, {**params, "auth": self.tokens.access})

    def register(self, **changes):
        call = {"USER_ID": 5, "PHONE_NUMBER": PHONE, "TYPE": 2, "SHOW": 0, "EXTERNAL_CALL_ID": "C1", **changes}
        return self.ask("telephony.externalCall.register", **call)


def test_a_request_may_be_json_a_form_or_a_query_and_a_name_may_be_spelt_in_any_case(portal):
    asked = f"{WEBHOOK}/CRM.Duplicate.FindByComm.json"
    query = {"type": "PHONE", "values[]": PHONE}

    assert result(sent(portal, asked, {"type": "PHONE", "values": [PHONE]})) == {"CONTACT": [651]}
    assert result(sent(portal, asked, data=query)) == {"CONTACT": [651]}
    assert result(sent(portal, asked, verb="GET", params=query)) == {"CONTACT": [651]}
    ignored = sent(portal, asked, {"type": "PHONE", "values": [PHONE]}, verb="GET")
    assert refusal(ignored) == (400, "", "Communication type is not defined.")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{WEBHOOK.replace('https', 'http')}/profile", (400, "INVALID_REQUEST", "Https required")),
        (f"{WEBHOOK[:-1]}/profile", (401, "INVALID_CREDENTIALS", "Invalid request credentials")),
        (f"{WEBHOOK}/crm.lead.invent", (404, "ERROR_METHOD_NOT_FOUND", "Method not found!")),
        ("https://acme.bitrix24.test/rest/profile", (401, "NO_AUTH_FOUND", "Wrong authorization data")),
    ],
)
def test_an_address_that_is_wrong_is_refused_as_what_it_is(portal, url, expected):
    assert refusal(sent(portal, url, {})) == expected
    assert [(one.status, one.code, one.description) for one in portal.refused] == [expected]


def test_a_portal_that_moved_redirects_and_one_without_rest_says_so(portal):
    portal.has_rest = False
    assert refusal(ask(portal, "profile"))[:2] == (403, "ACCESS_DENIED")

    portal.renamed_to = "new.bitrix24.test"
    moved = ask(portal, "profile")
    assert (moved.status, moved.headers["Location"][:25]) == (302, "https://new.bitrix24.test")


def test_a_scope_that_is_missing_is_named_by_its_code(portal):
    portal.webhooks = dict.fromkeys(portal.webhooks, frozenset({"crm"}))

    assert refusal(ask(portal, "im.notify.system.add", USER_ID=5, MESSAGE="x"))[:2] == (403, "insufficient_scope")
    assert refusal(ask(portal, "user.get"))[:2] == (403, "insufficient_scope")
    assert result(ask(portal, "scope")) == ["crm"]


def test_a_webhook_may_neither_register_nor_finish_a_call(portal):
    for method in ("register", "finish"):
        asked = ask(portal, f"telephony.externalCall.{method}", USER_ID=5, PHONE_NUMBER=PHONE, TYPE=2, CALL_ID="x")
        assert refusal(asked)[:2] == (403, "WRONG_AUTH_TYPE")


def test_the_bucket_runs_over_and_leaks_by_the_clock(portal, clock):
    assert [ask(portal, "profile").status for _ in range(51)] == [200] * 50 + [503]
    assert [entry.reply.body["error"] for entry in portal.overruns] == ["QUERY_LIMIT_EXCEEDED"]

    clock.now += 1.0
    assert [ask(portal, "profile").status for _ in range(3)] == [200, 200, 503]
    assert portal.refused == []


def test_a_method_that_took_too_long_is_blocked_and_no_other(portal, clock):
    portal.operating.costs["profile"] = 481.0
    took = ask(portal, "profile")
    assert took.body["time"]["operating"] == 481.0

    assert refusal(ask(portal, "profile"))[:2] == (429, "OPERATION_TIME_LIMIT")
    assert ask(portal, "scope").status == 200
    clock.now = took.body["time"]["operating_reset_at"] + 1.0
    assert ask(portal, "profile").status == 200


def test_a_batch_is_a_200_whatever_fails_in_it(portal):
    commands = {
        "found": "crm.duplicate.findbycomm?type=PHONE&values[]=%2B15551230042",
        "got": "crm.contact.get?id=$result[found][CONTACT][0]",
        "lost": "crm.contact.get?id=7",
        "nested": "batch?cmd[a]=profile",
    }
    said = result(ask(portal, "batch", cmd=commands))

    assert said["result"]["got"]["NAME"] == "Ann"
    assert said["result_error"]["lost"] == {"error": "", "error_description": "Not found"}
    assert said["result_error"]["nested"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
    halted = result(ask(portal, "batch", halt=1, cmd={"lost": "crm.contact.get?id=7", "after": "profile"}))
    assert halted["result"] == []


def test_a_batch_takes_fifty_commands_and_lists_what_is_numbered(portal):
    said = result(ask(portal, "batch", cmd=["profile"] * 51))

    assert len(said["result"]) == 50
    assert said["result_error"]["50"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"


def test_users_are_found_by_id_and_the_dismissed_can_be_left_out(portal):
    assert [one["ID"] for one in result(ask(portal, "user.get", FILTER={"ID": [5, 8, 77]}))] == ["5", "8"]
    assert [one["ID"] for one in result(ask(portal, "user.get", FILTER={"ID": [5, 8], "ACTIVE": True}))] == ["5"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("8 (999) 123-45-67", "+7 999 1234567", True),
        ("+78120000000#12", "+78120000000", True),
        ("0049 151 000", "+49 151 000", True),
        ("9991234567", "+79991234567", False),
        ("+8613912345678", "7613912345678", False),
    ],
)
def test_numbers_are_compared_as_the_index_writes_them(one, other, same):
    assert (normalised(one) == normalised(other)) is same


def test_a_list_compares_a_phone_as_it_was_typed(portal):
    portal.records.add("CONTACT", NAME="Bo", phones=["8 (999) 123-45-67"])

    assert result(ask(portal, "crm.contact.list", filter={"PHONE": "+79991234567"})) == []
    assert result(ask(portal, "crm.duplicate.findbycomm", type="PHONE", values=["+79991234567"])) == {"CONTACT": [652]}
    assert "PHONE" not in result(ask(portal, "crm.contact.list"))[0]


def test_a_filter_by_what_nobody_can_filter_by_finds_everything_and_is_noted(portal):
    assert len(result(ask(portal, "crm.contact.list", filter={"INVENTED": "x"}))) == 1
    assert portal.ignored == [("filter", "INVENTED")]


def test_a_search_for_entities_tells_whose_they_are(portal):
    [found] = result(ask(portal, "telephony.externalCall.searchCrmEntities", PHONE_NUMBER=PHONE))

    assert (found["CRM_ENTITY_TYPE"], found["CRM_ENTITY_ID"], found["NAME"]) == ("CONTACT", 651, "Ann Weber")
    assert found["ASSIGNED_BY"]["USER_PHONE_INNER"] == "101"
    assert result(ask(portal, "telephony.externalCall.searchCrmEntities", PHONE_NUMBER="+15550000000")) == []
    empty = ask(portal, "telephony.externalCall.searchCrmEntities")
    assert refusal(empty) == (400, "ERROR_CORE", "PHONE_NUMBER is empty")


def test_nothing_stops_a_second_lead_of_the_same_origin(portal):
    lead = {
        "NAME": "Zoë",
        "ORIGINATOR_ID": "ours",
        "ORIGIN_ID": "C1",
        "PHONE": [{"VALUE": "+1555", "VALUE_TYPE": "WORK"}],
    }
    first, second = (result(ask(portal, "crm.lead.add", fields=lead)) for _ in range(2))

    assert first != second
    assert portal.held() == ["lead C1", "lead C1"]
    found = result(ask(portal, "crm.lead.list", filter={"ORIGIN_ID": "C1"}, select=["ID"]))
    assert found == [{"ID": str(first)}, {"ID": str(second)}]


def test_a_phone_that_is_no_list_is_dropped_and_noted(portal):
    lead_id = result(ask(portal, "crm.lead.add", fields={"NAME": "Zoë", "PHONE": "+1555"}))

    assert portal.records.find("LEAD", lead_id)["PHONE"] == []
    assert portal.ignored == [("crm.lead.add", "PHONE")]


def test_a_simple_crm_makes_a_client_of_a_lead_that_has_a_name(portal):
    portal.records.simple = True
    fields = {"NAME": "Zoë", "PHONE": [{"VALUE": "+15559990000", "VALUE_TYPE": "WORK"}]}
    named = result(ask(portal, "crm.lead.add", fields=fields))
    nameless = result(ask(portal, "crm.lead.add", fields={"TITLE": "Zoë"}))

    assert result(ask(portal, "crm.settings.mode.get")) == 2
    assert result(ask(portal, "crm.lead.get", id=named))["STATUS_ID"] == "CONVERTED"
    assert result(ask(portal, "crm.lead.get", id=nameless))["STATUS_ID"] == "NEW"
    found = result(ask(portal, "crm.duplicate.findbycomm", type="PHONE", values=["+15559990000"]))
    assert found == {"LEAD": [named], "CONTACT": [652]}
    [known] = result(ask(portal, "telephony.externalCall.searchCrmEntities", PHONE_NUMBER="+15559990000"))
    assert known["CRM_ENTITY_TYPE"] == "CONTACT"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SUBJECT": " "}, "The field SUBJECT is not defined or empty"),
        ({"RESPONSIBLE_ID": 8}, "The field RESPONSIBLE_ID is not defined or invalid"),
        ({"RESPONSIBLE_ID": None}, "The field RESPONSIBLE_ID is not defined or invalid"),
        ({"TYPE_ID": 3}, "The field TYPE_ID is not defined or invalid"),
        ({"TYPE_ID": 6}, "The custom activity without provider is not supported in current context"),
        ({"COMMUNICATIONS": None}, "The field COMMUNICATIONS is not defined or invalid"),
        ({"COMMUNICATIONS": [{"VALUE": PHONE}]}, "The field COMMUNICATIONS is not defined or invalid"),
        (
            {"COMMUNICATIONS": activity()["COMMUNICATIONS"] * 2},
            "The only one communication is allowed for activity of specified type",
        ),
        (
            {"OWNER_ID": 7},
            "Could not build binding. Please ensure that owner fields and communications are correct",
        ),
        ({"START_TIME": "2026-11-19T12:00:00"}, "The field START_TIME is not defined or invalid"),
        ({"COMPLETED": "true"}, "The field COMPLETED is not defined or invalid"),
        ({"ORIGIN_ID": "VI_externalCall.1"}, "The field ORIGIN_ID is not defined or invalid"),
    ],
)
def test_an_activity_that_is_wrong_is_refused_with_a_blank_code(portal, changes, said):
    assert refusal(ask(portal, "crm.activity.add", fields=activity(**changes))) == (400, "", said)
    assert portal.held() == []


def test_an_activity_is_found_by_its_origin_once_the_index_knows_it(portal, clock):
    portal.lags["crm.activity.list"] = 5.0
    activity_id = result(ask(portal, "crm.activity.add", fields=activity()))
    search = {"filter": {"ORIGINATOR_ID": "ours", "ORIGIN_ID": "C1"}, "select": ["ID"], "start": -1}

    assert result(ask(portal, "crm.activity.list", **search)) == []
    clock.now += 5.0
    assert result(ask(portal, "crm.activity.list", **search)) == [{"ID": str(activity_id)}]
    assert result(ask(portal, "crm.activity.update", id=activity_id, fields={"COMPLETED": "Y"})) is True
    assert result(ask(portal, "crm.activity.get", id=activity_id))["COMPLETED"] == "Y"
    assert result(ask(portal, "crm.activity.delete", id=activity_id)) is True
    gone = ask(portal, "crm.activity.update", id=activity_id, fields={})
    assert refusal(gone) == (400, "", "Not found")


def test_a_record_that_nobody_may_touch_denies_its_notes(portal):
    portal.records.shut.add(("CONTACT", 651))

    assert refusal(ask(portal, "crm.activity.add", fields=activity())) == (400, "", "Access denied.")
    assert refusal(ask(portal, "crm.contact.get", id=651)) == (400, "", "Access denied.")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deadline": None}, "100"),
        ({"deadline": "tomorrow"}, "WRONG_DATETIME_FORMAT"),
        ({"ownerId": 7}, "OWNER_NOT_FOUND"),
        ({"responsibleId": 8}, "ACCESS_DENIED"),
        ({}, None),
    ],
)
def test_a_to_do_needs_an_owner_a_deadline_and_somebody_who_is_there(portal, changes, code):
    about = {"ownerTypeId": 3, "ownerId": 651, "deadline": NOON, "title": "Call back", "responsibleId": 99, **changes}
    reply = ask(portal, "crm.activity.todo.add", **about)

    assert (reply.body.get("error"), reply.status) == (code, 400 if code else 200)
    assert len(portal.activities.todos()) == (code is None)


def test_a_comment_needs_an_owner_a_text_and_fields_in_lower_case(portal):
    about = {"ENTITY_TYPE": "contact", "ENTITY_ID": 651, "COMMENT": "Missed call\nRef: C1"}

    assert refusal(ask(portal, "crm.timeline.comment.add", FIELDS=about))[:2] == (400, "100")
    assert refusal(ask(portal, "crm.timeline.comment.add", fields={**about, "COMMENT": " "}))[1] == "INVALID_ARG_VALUE"
    assert refusal(ask(portal, "crm.timeline.comment.add", fields={**about, "ENTITY_ID": 7}))[1] == "OWNER_NOT_FOUND"
    first, second = (result(ask(portal, "crm.timeline.comment.add", fields=about)) for _ in range(2))
    owner = {"ENTITY_TYPE": "contact", "ENTITY_ID": 651}
    listed = result(ask(portal, "crm.timeline.comment.list", filter=owner, order={"ID": "DESC"}))
    assert [one["ID"] for one in listed] == [str(second), str(first)]
    assert refusal(ask(portal, "crm.timeline.comment.list", filter={"ENTITY_ID": 651}))[1] == "100"


def rung(portal, user_id, client="ours", tag=None):
    tags = {"TAG": tag or f"C1|{user_id}", "SUB_TAG": "C1", "CLIENT_ID": client}
    return result(ask(portal, "im.notify.system.add", USER_ID=user_id, MESSAGE="It rings", **tags))


def test_a_notification_is_withdrawn_from_everybody_by_its_tag_and_its_client_alone(portal):
    by_id = rung(portal, 5)
    rung(portal, 6)

    assert result(ask(portal, "im.notify.delete", ID=by_id, CLIENT_ID="ours")) is False
    assert refusal(ask(portal, "im.notify.delete", SUB_TAG="C1"))[:2] == (403, "ACCESS_DENIED")
    assert refusal(ask(portal, "im.notify.delete", CLIENT_ID="ours"))[:2] == (400, "PARAMS_ERROR")
    assert result(ask(portal, "im.notify.delete", SUB_TAG="C1", CLIENT_ID="theirs")) is False
    assert len(portal.messages.bell) == 2
    assert result(ask(portal, "im.notify.delete", SUB_TAG="C1", CLIENT_ID="ours")) is True
    assert portal.messages.bell == {}


def test_an_equal_tag_replaces_whoever_had_it_unless_the_portal_is_an_old_one(portal):
    rung(portal, 5, tag="C1")
    rung(portal, 6, tag="C1")
    assert [one["user_id"] for one in portal.messages.bell.values()] == [6]

    portal.messages.tags_replace = False
    rung(portal, 5, tag="C1")
    assert len(portal.messages.bell) == 2


def test_a_notification_for_somebody_who_is_gone_is_false_and_counts_as_refused(portal):
    assert rung(portal, 8) is False
    assert [one.status for one in portal.refused] == [200]
    assert refusal(ask(portal, "im.notify.system.add", MESSAGE="x"))[1] == "USER_ID_EMPTY"
    assert refusal(ask(portal, "im.notify.system.add", USER_ID=5, MESSAGE=" "))[1] == "MESSAGE_EMPTY"


def test_a_chat_is_for_its_members(portal):
    line = result(ask(portal, "im.message.add", DIALOG_ID="chat17", MESSAGE="It rings"))
    portal.messages.chats["chat18"] = {5}

    assert refusal(ask(portal, "im.message.add", DIALOG_ID="chat18", MESSAGE="x"))[1] == "ACCESS_ERROR"
    assert refusal(ask(portal, "im.message.add", DIALOG_ID="chat99", MESSAGE="x"))[1] == "CHAT_ID"
    assert result(ask(portal, "im.message.update", MESSAGE_ID=line, MESSAGE="It rang")) is True
    assert refusal(ask(portal, "im.message.update", MESSAGE_ID=1, MESSAGE="x"))[1] == "MESSAGE_ID_ERROR"


def test_a_classic_task_may_be_made_twice_and_is_found_by_what_the_list_filters_by(portal):
    task = {"TITLE": "Call back", "RESPONSIBLE_ID": 99, "UF_CRM_TASK": ["C_651"], "TAGS": ["C1"], "XML_ID": "C1"}
    ids = [result(ask(portal, "tasks.task.add", fields=task))["task"]["id"] for _ in range(2)]

    found = result(ask(portal, "tasks.task.list", filter={"TAG": "C1"}))["tasks"]
    assert [one["id"] for one in found] == ids
    assert result(ask(portal, "tasks.task.list", filter={"TAG": "C2"}))["tasks"] == []
    assert len(result(ask(portal, "tasks.task.list", filter={"XML_ID": "C2"}))["tasks"]) == 2
    assert refusal(ask(portal, "tasks.task.add"))[1] == "100"
    assert refusal(ask(portal, "tasks.task.add", fields={}))[1:] == ("ERROR_CORE", "Task title is not specified<br>")
    assert refusal(ask(portal, "tasks.task.add", fields={**task, "RESPONSIBLE_ID": 8}))[1] == "ERROR_CORE"


def task3(portal, key="C1-task", **changes):
    fields = {"title": "Call back", "creatorId": 1, "responsibleId": 99, "crmItemIds": ["C_651"], **changes}
    return sent(portal, REST3, {"fields": fields}, headers={"Idempotency-Key": key})


def test_a_task_under_a_key_is_made_once_in_a_day(portal, clock):
    first, again = task3(portal), task3(portal)

    assert first.body["result"] == again.body["result"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(portal.tasks.rows) == 1
    other = task3(portal, title="Another")
    assert (other.status, other.body["error"]["code"][-28:]) == (422, "IDEMPOTENCYKEYREUSEDEXCEPTION"[-28:])
    clock.now += 86401
    task3(portal)
    assert len(portal.tasks.rows) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": "schlüssel"}, "INVALIDIDEMPOTENCYKEYEXCEPTION"),
        ({"invented": 1}, "UNKNOWNDTOPROPERTYEXCEPTION"),
        ({"responsibleId": None}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ({"responsibleId": 8}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ({"deadline": "soon"}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
    ],
)
def test_a_task_of_rest_3_that_is_wrong_is_refused_and_nothing_is_kept(portal, changes, code):
    reply = task3(portal, **changes)

    assert (reply.status, reply.body["error"]["code"]) == (400, f"BITRIX_REST_V3_EXCEPTION_{code}")
    assert task3(portal).status == 200


def test_a_portal_without_rest_3_says_that_there_is_no_such_method(portal):
    portal.tasks.has_rest3 = False

    assert refusal(task3(portal))[:2] == (404, "ERROR_METHOD_NOT_FOUND")
    assert portal.refused == []  # asking is how one finds out


def test_a_call_is_registered_once_until_it_is_finished(portal):
    app = App(portal)
    call_id = result(app.register())["CALL_ID"]

    assert result(app.register())["CALL_ID"] == call_id
    assert result(app.register(EXTERNAL_CALL_ID="C2"))["CALL_ID"] != call_id
    assert result(app.register(USER_ID=6))["CALL_ID"] != call_id
    finish = {"CALL_ID": call_id, "USER_ID": 5, "STATUS_CODE": "304"}
    row = result(app.ask("telephony.externalCall.finish", **finish))
    assert (row["CALL_FAILED_CODE"], row["CALL_STATUS"], row["EXTERNAL_CALL_ID"]) == ("304", "0", "C1")
    twice = app.ask("telephony.externalCall.finish", **finish)
    assert refusal(twice) == (400, "", "Call is not found (call should be registered prior to finishing")
    found = result(app.ask("voximplant.statistic.get", FILTER={"EXTERNAL_CALL_ID": "C1"}))
    assert [one["CALL_ID"] for one in found] == [call_id]
    assert result(app.register())["CALL_ID"] != call_id  # nothing stops a second call of the same name


def test_a_call_without_a_name_of_ours_is_taken_for_the_last_one_of_that_number(portal, clock):
    app = App(portal)
    first = result(app.register(EXTERNAL_CALL_ID=""))["CALL_ID"]
    clock.now += 1799
    assert result(app.register(EXTERNAL_CALL_ID=""))["CALL_ID"] == first
    clock.now += 2
    app.tokens = portal.oauth.authorise()
    assert result(app.register(EXTERNAL_CALL_ID=""))["CALL_ID"] != first


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"USER_ID": None}, "USER_ID or USER_PHONE_INNER should be set"),
        ({"USER_ID": 8}, "User is not found or is not active"),
        ({"TYPE": 9}, "Unknown TYPE"),
        ({"PHONE_NUMBER": "hidden"}, "Unsupported phone number format"),
        ({"CALL_START_DATE": "now"}, "CALL_START_DATE should be in the ISO-8601 format"),
    ],
)
def test_a_call_that_is_wrong_is_not_registered(portal, changes, said):
    assert refusal(App(portal).register(**changes)) == (400, "ERROR_CORE", said)
    assert portal.telephony.live == {}


def test_a_card_that_is_not_hidden_before_the_end_stays(portal):
    app = App(portal)
    call_id = result(app.register(SHOW=1))["CALL_ID"]
    assert result(app.ask("telephony.externalCall.show", CALL_ID=call_id, USER_ID=[6, 99])) is True
    assert result(app.ask("telephony.externalCall.hide", CALL_ID=call_id, USER_ID=6)) is True
    app.ask("telephony.externalCall.finish", CALL_ID=call_id, USER_ID=5)

    assert portal.telephony.cards == {(call_id, 99)}
    assert result(app.ask("telephony.externalCall.hide", CALL_ID=call_id, USER_ID=99)) is False
    number = app.ask("telephony.externalCall.finish", CALL_ID=7, USER_ID=5)
    assert refusal(number) == (400, "INVALID_ARGUMENT", "CALL_ID must be a string")


def test_a_refresh_token_works_once_and_an_old_access_token_says_that_it_expired(portal, clock):
    app = App(portal)
    clock.now += 3601
    assert refusal(app.ask("profile"))[:2] == (401, "expired_token")
    keys = {"grant_type": "refresh_token", "client_id": "local.c4nary.client", "client_secret": "c4nary-client-secret"}
    refresh = {**keys, "refresh_token": app.tokens.refresh}
    fresh = sent(portal, TOKEN_URL, verb="GET", params=refresh)

    assert fresh.status == 200
    assert portal.refused == []
    assert refusal(sent(portal, TOKEN_URL, verb="GET", params=refresh))[:2] == (400, "invalid_grant")
    assert refusal(sent(portal, TOKEN_URL, verb="GET", params={**refresh, "client_id": "x"}))[:2] == (
        401,
        "invalid_client",
    )
    used = sent(portal, "https://acme.bitrix24.test/rest/profile", {"auth": fresh.body["access_token"]})
    assert result(used)["ID"] == "1"


def test_what_is_alive_in_a_text_is_seen_and_links_to_the_portal_are_ours():
    ours = "[URL=https://acme.bitrix24.test/crm/contact/details/651/]Zoë (b)[/URL] rings"
    theirs = "[user=all] [URL=https://evil.test/]x[/URL] www.evil.test #BR#\n>> quoted\n--------"

    assert live(ours, "acme.bitrix24.test") == []
    for fragment in ("[user=all]", "[URL=https://evil.test/]", "www.evil.test", "#BR#", ">>", "--------"):
        assert any(fragment in found for found in live(theirs, "acme.bitrix24.test")), fragment
