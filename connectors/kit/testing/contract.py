"""The contract that every connector is tested against, ours and anyone's.

    @pytest.mark.parametrize("rule", RULES)
    def test_the_contract(rule):
        rule(Subject(Zendesk, settings={…, "api_token": "c4nary"}, system=ZendeskStandIn))

A rule is a function of the subject. It raises Broken, which is an AssertionError; its name says what is promised.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from typing import get_args

from pydantic import SecretStr, ValidationError

from connectors.kit.call import CallStatus, Known, Policy, Receipt
from connectors.kit.connector import OnUnsure
from connectors.kit.errors import ConnectorError, RateLimited, Rejected, Retryable, Unauthorized
from connectors.kit.settings import ConnectorSettings, fields
from connectors.kit.testing.senses import listening, naps_in, state_of
from connectors.kit.testing.stand import Fault, Reply, Stand
from connectors.kit.testing.subject import (
    FAULTS,
    PAUSE,
    RATE_LIMIT,
    Question,
    Subject,
    everything_that_fails,
    questions,
    sample_call,
)


class Broken(AssertionError):
    """The connector does not keep this rule."""


def settings_draw_a_form(subject: Subject) -> None:
    try:
        fields(subject.connector.Settings)
    except TypeError as error:
        raise Broken(str(error)) from error


def says_what_it_is(subject: Subject) -> None:
    connector = subject.connector
    _require(bool(getattr(connector, "title", "")), "It has no title.")
    _require(connector.Settings.__mro__.count(ConnectorSettings), "Settings is not a ConnectorSettings.")
    _require(connector.policy in set(Policy), "policy is not a Policy.")
    _require(getattr(connector, "on_unsure", None) in get_args(OnUnsure), "on_unsure is not look, repeat or leave.")
    _require(connector.requests > 0, "requests is not a number above 0.")


def shows_no_secret(subject: Subject) -> None:
    settings = subject.configured()
    connector = subject.connected(Stand(subject.system()))
    said = [repr(settings), str(settings), repr(connector), str(connector)]
    for name, value in settings:
        if isinstance(value, SecretStr):
            try:
                type(settings).model_validate({**subject.settings, name: [value.get_secret_value()]})
            except ValidationError as error:
                said.append(str(error))
    _require_no_secret(subject, "Its settings or the connector", *said)


def errors_hold_no_secret(subject: Subject) -> None:
    for asked, fault in everything_that_fails(subject):
        error = asked.error_under(fault)
        if error is None:
            continue
        _require_no_secret(subject, f"An error of {asked.name}()", *traceback.format_exception(error), repr(error))
        if isinstance(error, ConnectorError):
            _require("://" not in error.reason, f"A reason of {asked.name}() holds an address.")


def logs_hold_no_secret(subject: Subject) -> None:
    with listening() as said:
        for asked in questions(subject):
            asked.error_under(None)
        for asked, fault in everything_that_fails(subject):
            asked.error_under(fault)
    _require_no_secret(subject, "The log", *said)


def refused_credentials_are_unauthorized(subject: Subject) -> None:
    for asked in questions(subject):
        for status in (401, 403):
            _require_error(asked, Fault(Reply(status, {})), f"a {status}", Unauthorized)


def a_rate_limit_comes_with_its_pause(subject: Subject) -> None:
    for asked in questions(subject):
        error = _require_error(asked, RATE_LIMIT, "a 429", RateLimited)
        pause = getattr(error, "retry_after", None)
        _require(pause == PAUSE, f"{asked.name}() says a pause of {pause} s where {PAUSE} were asked for.")


def a_refusal_is_rejected(subject: Subject) -> None:
    for asked in questions(subject):
        _require_error(asked, Fault(Reply(400, {})), "a 400", Rejected)


def a_failing_system_may_have_written(subject: Subject) -> None:
    for asked in questions(subject):
        error = _require_error(asked, Fault(Reply(500, {})), "a 500", Retryable)
        _require(getattr(error, "sent", False), f"{asked.name}() takes a 500 for a request that was not sent.")


def a_lost_answer_may_have_been_a_success(subject: Subject) -> None:
    for asked in questions(subject):
        for fault in (Fault(), Fault(dropped=True)):
            error = _require_error(asked, fault, "a lost answer", Retryable)
            _require(getattr(error, "sent", False), f"{asked.name}() takes a lost answer for a request not sent.")


def leaves_trying_again_to_the_bridge(subject: Subject) -> None:
    for asked, fault in everything_that_fails(subject):
        stand = Stand(subject.system(), fault)
        asked.error_on(stand)
        _require(len(stand.seen) == 1, f"{asked.name}() made {len(stand.seen)} requests when the first one failed.")


def never_sleeps(subject: Subject) -> None:
    with naps_in(subject.connector.__module__) as naps:
        for asked in questions(subject):
            for fault in (None, *FAULTS):
                asked.error_under(fault)
    _require(not naps, f"It slept {naps[:3]} s; whoever rings is waiting.")


def repeats_safely_when_unsure(subject: Subject) -> None:
    call = sample_call(subject.status)
    once = Stand(subject.system())
    subject.connected(once).deliver(call, Known())
    wanted = Counter(once.system.held())
    _require(bool(wanted), f"A call that is {call.status} leaves nothing; say in the subject which status does.")

    lost: list[tuple[Fault | None, int]] = [(None, 0)]  # we died, and what had been made is not known
    lost += [(Fault(applied=applied), at) for at in range(len(once.seen)) for applied in (False, True)]
    for fault, at in lost:
        system = subject.system()
        receipt = None
        try:
            subject.connected(Stand(system, fault, at=at)).deliver(call, Known())
        except ConnectorError as error:
            receipt = error.receipt
        subject.connected(Stand(system)).deliver(call, Known(receipt=receipt, unsure=True))
        held = Counter(system.held())
        _require(held <= wanted, f"After a lost answer, repeating left {dict(held)} instead of {dict(wanted)}.")
        _require(
            held == wanted or subject.connector.on_unsure == "leave",
            f"After a lost answer, repeating left only {dict(held)} of {dict(wanted)}.",
        )


def honours_what_is_known(subject: Subject) -> None:
    system = subject.system()
    connector = subject.connected(Stand(system))
    receipt: Receipt | None = None
    told: CallStatus | None = None
    for status in (CallStatus.RINGING, CallStatus.MISSED, CallStatus.MISSED):
        known = Known(receipt=receipt, told=told)
        receipt = connector.deliver(sample_call(status), known) or receipt
        told = status
    twice = [key for key, times in Counter(system.held()).items() if times > 1]
    _require(not twice, "It made a second record although it was told of the first.")


def keeps_nothing_between_calls(subject: Subject) -> None:
    connector = subject.connected(Stand(subject.system()))
    before = state_of(connector)
    for status in (CallStatus.RINGING, subject.status):
        connector.deliver(sample_call(status), Known())
    connector.check()
    after = state_of(connector)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    _require(not changed, f"It keeps {', '.join(changed)} for later; many threads share one connector.")


RULES: tuple[Callable[[Subject], None], ...] = (
    settings_draw_a_form,
    says_what_it_is,
    shows_no_secret,
    errors_hold_no_secret,
    logs_hold_no_secret,
    refused_credentials_are_unauthorized,
    a_rate_limit_comes_with_its_pause,
    a_refusal_is_rejected,
    a_failing_system_may_have_written,
    a_lost_answer_may_have_been_a_success,
    leaves_trying_again_to_the_bridge,
    never_sleeps,
    repeats_safely_when_unsure,
    honours_what_is_known,
    keeps_nothing_between_calls,
)


def _require(kept: object, sentence: str) -> None:
    if not kept:
        raise Broken(sentence)


def _require_no_secret(subject: Subject, where: str, *texts: str) -> None:
    said = "\n".join(texts)
    _require(not any(canary in said for canary in subject.canaries()), f"{where} shows a secret.")


def _require_error(asked: Question, fault: Fault, cause: str, kind: type[ConnectorError]) -> ConnectorError:
    error = asked.error_under(fault)
    if isinstance(error, kind) and (kind is not Retryable or not isinstance(error, RateLimited)):
        return error
    became = "nothing" if error is None else type(error).__name__
    raise Broken(f"In {asked.name}(), {cause} becomes {became} instead of {kind.__name__}.") from error
