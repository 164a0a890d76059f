"""The contract: every connector keeps every rule, and each one broken on purpose is refused by its own."""

import json
from contextlib import suppress
from functools import partial
from threading import Thread
from time import sleep as snooze

import application
import pytest
from bitrix24_portal import Portal
from hubspot_portal import Portal as HubspotPortal

from connectors.kit import CallStatus, Registry
from connectors.kit.testing import RULES, Broken, Fault, Notebook, Recorded, Reply, Stand, Subject, broken, sample_call
from connectors.kit.testing.broken import TOKEN, Ledger


class Receiver:
    """The receiver of webhooks, which knows a repeated message by its id."""

    def __init__(self):
        self.messages = {}

    def answer(self, request):
        self.messages[request.headers["webhook-id"]] = request.body
        return Reply(204)

    def held(self):
        return list(self.messages)


class Discord:
    """A channel, and its webhook, which can be looked at without a message."""

    def __init__(self):
        self.messages = []

    def answer(self, request):
        if request.method == "GET":
            return Reply(200, {"type": 1})
        message = json.loads(request.body)
        self.messages.append(f"{message['avatar_url']} {message['content']}")
        return Reply(204)

    def held(self):
        return self.messages


TOKEN_OF_HUBSPOT = "pat-eu1-canary-4f6e-bf70-924b57d47db7"


def a_portal_that_knows_the_caller():
    portal = Portal()
    portal.records.add("CONTACT", NAME="Zoë", ASSIGNED_BY_ID="99", phones=["+15551230042"])
    return portal


SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SUBJECTS = {
    "apprise": Subject(
        Registry().load("apprise"),
        settings={"url": "https://discord.com/api/webhooks/123456789012345678/c4nary-t0ken"},
        system=Discord,
        secrets=("c4nary-t0ken",),
    ),
    "hubspot": Subject(
        Registry().load("hubspot"),
        settings={"token": TOKEN_OF_HUBSPOT, "create_contacts": "always", "ring_task": True},
        system=HubspotPortal,
    ),
    "hubspot without keys": Subject(
        Registry().load("hubspot"),
        settings={"token": TOKEN_OF_HUBSPOT, "ring_task": True},
        system=partial(HubspotPortal, keys="none"),
    ),
    "bitrix24": Subject(
        Registry().load("bitrix24"),
        settings={"webhook_url": "https://acme.bitrix24.test/rest/1/c4nary5ecret/", "operators": ["5"]},
        system=a_portal_that_knows_the_caller,
        secrets=("c4nary5ecret",),
    ),
    "bitrix24_app": application.SUBJECT,
    "webhook": Subject(
        Registry().load("webhook"),
        settings={"url": "https://hooks.test/in/pa7h", "secret": SECRET},
        system=Receiver,
        secrets=("pa7h", SECRET.removeprefix("whsec_")),
    ),
}

REFUSED_BY = {
    broken.DrawsNoForm: "settings_draw_a_form",
    broken.Undeclared: "says_what_it_is",
    broken.ShowsToken: "shows_no_secret",
    broken.LeaksToken: "errors_hold_no_secret",
    broken.LogsToken: "logs_hold_no_secret",
    broken.Swallows401: "refused_credentials_are_unauthorized",
    broken.ForgetsThePause: "a_rate_limit_comes_with_its_pause",
    broken.RetriesRefusals: "a_refusal_is_rejected",
    broken.GivesUpOn500: "a_failing_system_may_have_written",
    broken.TrustsTimeouts: "a_lost_answer_may_have_been_a_success",
    broken.RetriesByItself: "leaves_trying_again_to_the_bridge",
    broken.Sleeps: "never_sleeps",
    broken.DuplicatesWhenUnsure: "repeats_safely_when_unsure",
    broken.IgnoresKnown: "honours_what_is_known",
    broken.KeepsState: "keeps_nothing_between_calls",
}


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("rule", RULES)
def test_each_of_our_connectors_keeps_each_rule(rule, name):
    rule(SUBJECTS[name])


def test_every_registered_connector_is_on_trial():
    assert set(Registry().names()) == {name.partition(" ")[0] for name in SUBJECTS}


def refusals(connector):
    return refusals_of(Subject(connector, settings={"token": TOKEN}, system=Ledger))


def refusals_of(subject):
    refused = []
    for rule in RULES:
        try:
            rule(subject)
        except Broken:
            refused.append(rule.__name__)
    return refused


@pytest.mark.parametrize(("connector", "rule"), REFUSED_BY.items())
def test_a_connector_broken_on_purpose_is_refused_by_the_rule_it_breaks_and_no_other(connector, rule):
    assert refusals(connector) == [rule]


def test_a_healthy_connector_is_refused_by_none():
    assert refusals(broken.Healthy) == []


def test_every_rule_has_a_connector_that_breaks_it():
    assert sorted(REFUSED_BY.values()) == sorted(rule.__name__ for rule in RULES)


def test_taking_a_popup_away_is_on_trial_like_telling_of_a_call():
    class Withdraws(broken.Healthy):
        def withdraw(self, call, known):
            self.api.delete(f"records/{known.receipt.record_id}")

    class WithdrawsInSilence(Withdraws):
        def withdraw(self, call, known):
            with suppress(broken.Unauthorized):
                super().withdraw(call, known)

    assert refusals(Withdraws) == []
    assert refusals(WithdrawsInSilence) == ["refused_credentials_are_unauthorized"]


def test_a_sleep_imported_by_name_is_noticed_too():
    class SleepsUnderAnotherName(broken.Healthy):
        def deliver(self, call, known):
            snooze(0.0001)
            return super().deliver(call, known)

    assert refusals(SleepsUnderAnotherName) == ["never_sleeps"]


def test_a_subject_may_be_connected_to_a_replay():
    exchange = {"method": "GET", "path": "/me", "status": 200, "body": {}, "source": "made up"}

    with Recorded([exchange]) as ledger:
        Subject(broken.Healthy, {"token": TOKEN}, Ledger).connected(ledger).check()


@pytest.mark.parametrize("status", CallStatus)
def test_a_sample_call_speaks_of_its_own_status(status):
    call = sample_call(status)

    assert call.status is status
    assert call.summary.startswith(f"{call.label}: ")
    assert (call.outcome_at is None) == (status is CallStatus.RINGING)


def test_a_system_whose_first_delivery_writes_nothing_asks_for_another_status():
    class Silent(broken.Healthy):
        def deliver(self, call, known):
            return None

    subject = Subject(Silent, settings={"token": TOKEN}, system=Ledger)
    with pytest.raises(Broken, match="say in the subject which status does"):
        {rule.__name__: rule for rule in RULES}["repeats_safely_when_unsure"](subject)


def test_a_fault_may_strike_one_request_only():
    stand = Stand(Ledger(), Fault(Reply(500)), at=1)
    connector = Subject(broken.Healthy, {"token": TOKEN}, Ledger).connected(stand)

    connector.check()
    with pytest.raises(broken.Retryable):
        connector.deliver(sample_call(), broken.Known())
    connector.deliver(sample_call(), broken.Known())

    assert len(stand.seen) == 3


def test_a_connector_that_remembers_is_tried_with_what_the_subject_says():
    class Remembers(broken.Healthy):
        remembers = True

        def __init__(self, settings, http, memory):
            super().__init__(settings, http)
            self.memory = memory

        def deliver(self, call, known):
            if self.memory.read() != {"token": "c4nary-memory"}:
                raise broken.Rejected("It is not what was to be remembered.")
            return super().deliver(call, known)

    class Tells(Remembers):
        def check(self):
            try:
                super().check()
            except broken.Rejected as error:
                raise broken.Rejected(f"{error.reason} {self.memory.read()}") from error

    def subject(connector):
        return Subject(connector, {"token": TOKEN}, Ledger, remembered={"token": "c4nary-memory"})

    assert refusals_of(subject(Remembers)) == []
    assert refusals_of(subject(Tells)) == ["errors_hold_no_secret"]


def test_of_many_threads_that_share_a_notebook_one_renews():
    notebook, asked, got = Notebook(), [], []

    def renew(_):
        asked.append(1)
        return {"token": f"token-{len(asked)}"}

    threads = [Thread(target=lambda: got.append(notebook.renew({}, renew))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert got == [{"token": "token-1"}] * 8
    assert notebook.read() == {"token": "token-1"}
