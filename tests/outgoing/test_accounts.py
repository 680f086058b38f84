"""Accounts and peers that a platform refuses, that are removed, or that have too much waiting."""

import logging
import time
from contextlib import closing
from dataclasses import replace

import pytest

from tests.conftest import Clock
from tests.outgoing.marks import (
    APART,
    BOT,
    LIMIT,
    PEER,
    USER,
    add_user,
    mark,
    marked,
    row,
    slack_mark,
    work,
)  # fmt: skip
from tests.storage.outgoing import take
from webhook_app.accounts import LAST_CALLS
from webhook_app.dispatcher import Dispatcher
from webhook_app.domain.inbound import Inbound, Notice
from webhook_app.domain.outbox import REFUSED_FOR, State, Status
from webhook_app.domain.rate import CALL_TIMEOUT
from webhook_app.errors import CallRefused, InvalidValue, NotFound, OutboxFull
from webhook_app.sandbox.mark_faults import MarkFault
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.settings import Settings


def test_a_dead_token_stops_the_account_until_it_is_resumed(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    sandbox.world.state.mark_faults.add(MarkFault("twitter", code=89, count=1))
    out = mark(clock)
    services.outbound.accept([out])
    work(dispatcher)
    services.known.forget()
    account = services.accounts.one("twitter", BOT)
    assert account.state is not State.ACTIVE
    assert account.reason.startswith("89")
    clock.advance(100)
    work(dispatcher)
    assert row(services, out).status is Status.STOPPED
    services.accounts.resume("twitter", BOT, "tests")
    work(dispatcher)
    assert row(services, out).status is Status.DELIVERED


@pytest.mark.parametrize(
    ("code", "level"), [(89, logging.WARNING), (453, logging.WARNING), (130, logging.INFO)]
)
def test_the_log_warns_of_what_stops_an_account_or_the_platform(
    services: Services,
    dispatcher: Dispatcher,
    clock: Clock,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    code: int,
    level: int,
) -> None:
    sandbox.world.state.mark_faults.add(MarkFault("twitter", code=code, count=1))
    services.outbound.accept([mark(clock)])
    with caplog.at_level(logging.INFO):
        work(dispatcher)
    assert [one.levelno for one in caplog.records if one.message == "mark not taken"] == [level]


def test_what_is_said_of_credentials_that_were_replaced_meanwhile_stops_nothing(
    settings: Settings, clock: Clock
) -> None:
    # None that a process would introduce by itself.
    bare = replace(settings, twitter_access_token=None, twitter_access_token_secret=None, slack_token=None)
    old, new = (
        {"access_token": f"{BOT}-{name}", "access_token_secret": "token-secret"} for name in ("old", "token")
    )
    with closing(Services(bare, clock=clock)) as services, closing(Services(bare, clock=clock)) as beside:
        dispatcher = Dispatcher(services)
        services.accounts.add("twitter", old, "tests")
        assert services.known.credentials(services.accounts.one("twitter", BOT)) == old
        clock.advance(1)
        beside.accounts.add("twitter", new, "tests")
        clock.advance(1)
        out = mark(clock)
        services.outbound.accept([out])
        work(dispatcher)
        assert row(services, out).problem == "sent with older credentials"
        clock.advance(60)
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
    (claim,) = take(services.store, clock.now, 8)
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
    services.accounts.pause("twitter", BOT, "holidays", "tests")
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
    add_user(services)
    out = slack_mark(clock, account=USER)
    services.outbound.accept([out])
    services.on_waiting = lambda: work(dispatcher)
    assert services.accounts.remove("slack", USER, False, "tests") == 0
    assert row(services, out).status is Status.DELIVERED
    with pytest.raises(NotFound):
        services.outbound.accept([slack_mark(clock, account=USER, seconds_ago=30)])


def test_one_that_cannot_send_is_removed_at_once_and_tells_what_is_lost(
    services: Services, dispatcher: Dispatcher, clock: Clock
) -> None:
    add_user(services)
    services.outbound.accept([slack_mark(clock, channel, account=USER) for channel in ("C1", "C2")])
    services.accounts.pause("slack", USER, "holidays", "tests")
    before = time.monotonic()
    assert services.accounts.remove("slack", USER, False, "tests") == 2
    assert time.monotonic() < before + LAST_CALLS


def test_an_account_may_have_only_so_many_waiting(
    services: Services, dispatcher: Dispatcher, clock: Clock
) -> None:
    services.outbound.accept([slack_mark(clock, f"C{n:06}") for n in range(20)])
    with pytest.raises(OutboxFull):
        services.outbound.accept([slack_mark(clock, "C0MORE")])
    services.outbound.accept([mark(clock)])
    # What waits already takes no more room.
    services.outbound.accept([slack_mark(clock, "C000001", seconds_ago=n) for n in range(50, 0, -1)])


def test_a_caller_may_refuse_to_wait_for_a_window(
    services: Services, dispatcher: Dispatcher, clock: Clock
) -> None:
    services.outbound.accept([mark(clock, str(10**6 + n)) for n in range(8)], fail_if_limited=True)
    with pytest.raises(OutboxFull) as full:
        services.outbound.accept([mark(clock, str(n)) for n in range(3)], fail_if_limited=True)
    assert full.value.retry_in > 0
    services.outbound.accept([mark(clock, str(n)) for n in range(2)], fail_if_limited=True)


def test_the_window_may_be_that_of_several_accounts(
    services: Services, dispatcher: Dispatcher, clock: Clock
) -> None:
    add_user(services)
    services.outbound.accept([slack_mark(clock, f"C{n:06}") for n in range(LIMIT.calls - 2)])
    services.outbound.accept([slack_mark(clock, "C1", account=USER)], fail_if_limited=True)
    both = [slack_mark(clock, "C2", account=USER), slack_mark(clock, "C2")]
    with pytest.raises(OutboxFull):
        services.outbound.accept(both, fail_if_limited=True)


def test_what_needs_no_call_is_never_refused_for_the_window(
    services: Services, dispatcher: Dispatcher, clock: Clock
) -> None:
    first = [mark(clock, str(10**6 + n)) for n in range(10)]
    services.outbound.accept(first)
    work(dispatcher)
    with pytest.raises(OutboxFull) as full:
        services.outbound.accept([mark(clock)], fail_if_limited=True)
    assert full.value.retry_in > LIMIT.seconds * 500
    services.outbound.accept([first[3]], fail_if_limited=True)
    # It waits already.
    services.outbound.accept([mark(clock)])
    services.outbound.accept([mark(clock, seconds_ago=10)], fail_if_limited=True)


def test_an_account_must_be_named_unless_there_is_one(services: Services, dispatcher: Dispatcher) -> None:
    assert services.accounts.one("twitter").id == BOT
    with pytest.raises(NotFound):
        services.accounts.one("twitter", "17")
    with pytest.raises(NotFound):
        services.accounts.one("pigeon")
    services.accounts.add("slack", {"token": "xoxp-sandbox-user"}, "tests")
    with pytest.raises(InvalidValue):
        services.accounts.one("slack")
