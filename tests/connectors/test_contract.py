"""The contract: every connector keeps every rule, and each one broken on purpose is refused by its own."""

from time import sleep as snooze

import pytest

from connectors.kit import Registry
from connectors.kit.testing import RULES, Broken, Fault, Reply, Stand, Subject, broken, sample_call
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


SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SUBJECTS = {
    "webhook": Subject(
        Registry().load("webhook"),
        settings={"url": "https://hooks.test/in/pa7h", "secret": SECRET},
        system=Receiver,
        secrets=("pa7h", SECRET.removeprefix("whsec_")),
    )
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
    assert set(Registry().names()) == set(SUBJECTS)


def refusals(connector):
    subject = Subject(connector, settings={"token": TOKEN}, system=Ledger)
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


def test_a_sleep_imported_by_name_is_noticed_too():
    class SleepsUnderAnotherName(broken.Healthy):
        def deliver(self, call, known):
            snooze(0.0001)
            return super().deliver(call, known)

    assert refusals(SleepsUnderAnotherName) == ["never_sleeps"]


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
