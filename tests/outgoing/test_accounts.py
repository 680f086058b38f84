"""Accounts and peers that a platform refuses, that are removed, or that have too much waiting."""

import pytest

from tests.conftest import Clock
from tests.outgoing.marks import (
    APART,
    BOT,
    PEER,
    SLACK_BOT,
    mark,
    marked,
    row,
    slack_mark,
    work,
)  # fmt: skip
from webhook_app.dispatcher import Dispatcher
from webhook_app.domain.inbound import Inbound, Notice
from webhook_app.domain.outbox import REFUSED_FOR, State, Status
from webhook_app.domain.rate import CALL_TIMEOUT
from webhook_app.errors import CallRefused, InvalidValue, NotFound, OutboxFull
from webhook_app.sandbox.mark_faults import MarkFault
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services


def test_a_dead_token_stops_the_account_until_it_is_resumed(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    sandbox.world.state.mark_faults.add(MarkFault("twitter", code=89, count=1))
    out = mark(clock)
    services.outbound.accept([out])
    work(dispatcher)
    services.known.forget()
    account = services.outbound.account("twitter", BOT)
    assert account.state is not State.ACTIVE
    assert account.reason.startswith("89")
    clock.advance(100)
    work(dispatcher)
    assert row(services, out).status is Status.STOPPED
    services.outbound.resume("twitter", BOT, "tests")
    work(dispatcher)
    assert row(services, out).status is Status.DELIVERED


def test_a_refused_peer_is_refused_for_ten_minutes_and_then_probed(
    services: Services, dispatcher: Dispatcher, clock: Clock
) -> None:
    out = slack_mark(clock, "C0NOBODY")
    services.outbound.accept([out])
    clock.advance(APART / 1000)
    work(dispatcher)
    assert (row(services, out).status, row(services, out).problem) == (Status.FAILED, "channel_not_found")
    services.known.forget()
    with pytest.raises(CallRefused) as refusal:
        services.outbound.accept([slack_mark(clock, "C0NOBODY")])
    assert refusal.value.code == "channel_not_found"
    clock.advance(REFUSED_FOR / 1000)
    services.outbound.accept([slack_mark(clock, "C0NOBODY")])
    assert row(services, out).status is Status.WAITING


def test_a_claim_whose_process_died_is_taken_by_another(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    out = mark(clock)
    services.outbound.accept([out])
    (claim,) = services.store.outbox.claim(clock.now, 8)
    assert claim.cursor == out.cursor
    work(dispatcher)
    assert not marked(sandbox)
    clock.advance(CALL_TIMEOUT / 1000)
    work(dispatcher)
    assert marked(sandbox) == [(PEER, out.cursor)]


def test_a_withdrawn_access_stops_what_waits(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    out = mark(clock)
    services.outbound.pause("twitter", BOT, "holidays", "tests")
    services.outbound.accept([out])
    services.store.record(
        Inbound("twitter", notices=[Notice("twitter", "revocation", BOT, clock.now + 1, "")])
    )
    work(dispatcher)
    assert row(services, out).status is Status.STOPPED
    assert not marked(sandbox)


def test_what_waits_is_sent_when_the_process_ends(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    out = slack_mark(clock)
    services.outbound.accept([out])
    dispatcher.run(lambda: True)
    assert row(services, out).status is Status.DELIVERED


def test_an_account_that_is_removed_sends_first_what_waits(
    services: Services, dispatcher: Dispatcher, clock: Clock
) -> None:
    out = slack_mark(clock)
    services.outbound.accept([out])
    services.outbound.on_accepted = lambda: work(dispatcher)
    services.outbound.remove_account("slack", SLACK_BOT, False, "tests")
    assert row(services, out).status is Status.DELIVERED
    with pytest.raises(NotFound):
        services.outbound.accept([slack_mark(clock, seconds_ago=30)])


def test_an_account_may_have_only_so_many_waiting(
    services: Services, dispatcher: Dispatcher, clock: Clock
) -> None:
    services.outbound.accept([slack_mark(clock, f"C{n:06}") for n in range(20)])
    with pytest.raises(OutboxFull):
        services.outbound.accept([slack_mark(clock, "C0MORE")])
    services.outbound.accept([mark(clock)])


def test_a_caller_may_refuse_to_wait_for_a_window(
    services: Services, dispatcher: Dispatcher, clock: Clock
) -> None:
    services.outbound.accept([mark(clock, str(10**6 + n)) for n in range(8)], fail_if_limited=True)
    with pytest.raises(OutboxFull) as full:
        services.outbound.accept([mark(clock, str(n)) for n in range(3)], fail_if_limited=True)
    assert full.value.retry_in > 0
    services.outbound.accept([mark(clock, str(n)) for n in range(2)], fail_if_limited=True)


def test_an_account_must_be_named_unless_there_is_one(services: Services, dispatcher: Dispatcher) -> None:
    assert services.outbound.account("twitter").id == BOT
    with pytest.raises(NotFound):
        services.outbound.account("twitter", "17")
    with pytest.raises(NotFound):
        services.outbound.account("pigeon")
    services.outbound.add_account("slack", {"token": "xoxp-sandbox-user"}, "tests")
    with pytest.raises(InvalidValue):
        services.outbound.account("slack")
