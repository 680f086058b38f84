"""Marks from acceptance to the platform: a dispatcher before a sandbox that refuses, fails and counts."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import CONSUMER_SECRET, Clock
from webhook_app.dispatcher import Dispatcher
from webhook_app.domain.inbound import Inbound, Notice
from webhook_app.domain.outbox import REFUSED_FOR, Outgoing, State, Status
from webhook_app.domain.position import Mark
from webhook_app.domain.rate import CALL_TIMEOUT, MARGIN
from webhook_app.errors import CallRefused, InvalidValue, NotFound, OutboxFull
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.mark_faults import MarkFault
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.settings import Limit, Settings

BOT, PEER = "2244994945", "3805104374"
SLACK_BOT, CHANNEL = "T0SANDBOX.U0BOT", "C0GENERAL"
APART = 5000  # milliseconds
LIMIT = Limit(10, 60)
LONGEST = 10.0  # seconds


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at the present: calls are signed by the machine's, within five minutes."""
    return Clock(time.time_ns() // 1_000_000)


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    """Both platforms, by the test's own clock."""
    account = Account(f"{BOT}-token", "token-secret")
    config = SandboxConfig(
        "consumer-key", CONSUMER_SECRET, "bearer", (account,), mark_read_limit=(LIMIT.calls, LIMIT.seconds)
    )
    with Sandbox(config, clock=lambda: clock() / 1000, say=lambda _: None) as sandbox:
        yield sandbox


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    """One bot on each platform, in the environment."""
    return replace(
        settings,
        twitter_consumer_key="consumer-key",
        twitter_access_token=f"{BOT}-token",
        twitter_access_token_secret="token-secret",
        slack_token="xoxb-sandbox-bot",
        twitter_api_url=sandbox.url,
        slack_api_url=f"{sandbox.url}/api/",
        twitter_mark_read_limit=LIMIT,
        outbox_limit=20,
    )


@pytest.fixture
def services(settings: Settings, clock: Clock) -> Iterator[Services]:
    """What a process works with."""
    services = Services(settings, clock=clock)
    yield services
    services.close()


@pytest.fixture
def dispatcher(services: Services) -> Dispatcher:
    """Somebody to pass marks on; the accounts of the environment are known."""
    dispatcher = Dispatcher(services)
    dispatcher.step()
    return dispatcher


def mark(clock: Clock, peer: str = PEER, *, seconds_ago: int = 60) -> Outgoing:
    """The bot has read what somebody wrote a while ago."""
    return Outgoing("twitter", BOT, peer, (clock.now - seconds_ago * 1000 - 1288834974657) << 22, clock.now)


def slack_mark(clock: Clock, channel: str = CHANNEL, *, seconds_ago: int = 60) -> Outgoing:
    """The same in a channel."""
    return Outgoing("slack", SLACK_BOT, channel, (clock.now - seconds_ago * 1000) * 1000, clock.now)


def work(dispatcher: Dispatcher) -> None:
    """Step until nothing is due any more and every call has ended."""
    deadline = time.monotonic() + LONGEST
    while dispatcher.step() or dispatcher.busy:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def marked(sandbox: Sandbox) -> list[tuple[str, int]]:
    """What the platform has taken."""
    items = sandbox.world.state.marks.accepted_json()["items"]
    return [(item["recipient_id"], int(item["last_read_event_id"])) for item in items]


def row(services: Services, out: Outgoing) -> Any:
    """The mark as it is kept."""
    return services.store.outbox.rows([out[:3]])[out[:3]]


def test_it_passes_the_first_mark_on_at_once(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    out = mark(clock)
    services.outbound.accept([out])
    work(dispatcher)
    assert marked(sandbox) == [(PEER, out.cursor)]
    assert row(services, out).status is Status.DELIVERED
    position, _ = services.store.position(("twitter", BOT, PEER))
    assert position.cursor == out.cursor


def test_what_follows_is_one_call_after_the_timer(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    first = mark(clock)
    services.outbound.accept([first])
    work(dispatcher)
    for seconds_ago in (50, 40, 30):
        clock.advance(1)
        last = mark(clock, seconds_ago=seconds_ago)
        services.outbound.accept([last])
        work(dispatcher)
    assert marked(sandbox) == [(PEER, first.cursor)]
    clock.now = first.at + APART
    work(dispatcher)
    assert marked(sandbox) == [(PEER, first.cursor), (PEER, last.cursor)]


def test_a_channel_waits_for_its_timer(services: Services, dispatcher: Dispatcher, clock: Clock) -> None:
    out = slack_mark(clock)
    services.outbound.accept([out])
    work(dispatcher)
    assert row(services, out).status is Status.WAITING
    clock.now = out.at + APART
    work(dispatcher)
    assert row(services, out).status is Status.DELIVERED


def test_a_mark_behind_what_is_known_is_not_sent(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    services.outbound.accept([mark(clock)])
    work(dispatcher)
    clock.advance(60)
    services.outbound.accept([mark(clock, seconds_ago=600)])
    work(dispatcher)
    assert len(marked(sandbox)) == 1


def test_what_the_account_has_read_elsewhere_is_not_sent(
    services: Services, dispatcher: Dispatcher, clock: Clock
) -> None:
    out = slack_mark(clock)
    services.outbound.accept([out])
    echo = Mark("slack", SLACK_BOT, CHANNEL, out.cursor, clock.now)
    inbound = Inbound("slack", marks=[echo])
    inbound.echoes = services.outbound.echoes(inbound)
    services.store.record(inbound)
    clock.advance(60)
    work(dispatcher)
    assert row(services, out).status is Status.DELIVERED
    assert services.store.outbox.window("slack", "T0SANDBOX", "conversations.mark").used == 0


# What goes wrong, and whether the platform has counted the call all the same.
PASSING = [
    MarkFault("twitter", status=503, html=True, count=1),
    MarkFault("twitter", code=130, count=1),
    MarkFault("twitter", reset=True, count=1),
]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_what_passes_is_tried_again(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox, fault: MarkFault
) -> None:
    sandbox.world.state.mark_faults.add(fault)
    out = mark(clock)
    services.outbound.accept([out])
    work(dispatcher)
    kept = row(services, out)
    assert (kept.status, kept.attempts) == (Status.WAITING, 1)
    assert kept.problem
    clock.now = kept.due_at
    work(dispatcher)
    kept = row(services, out)
    assert (kept.status, kept.attempts, kept.problem) == (Status.DELIVERED, 0, "")
    assert (PEER, out.cursor) in marked(sandbox)


def test_a_window_is_never_overspent(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    outs = [mark(clock, str(10**6 + n)) for n in range(15)]
    services.outbound.accept(outs)
    work(dispatcher)
    clock.advance(APART / 1000)
    work(dispatcher)
    assert len(marked(sandbox)) == LIMIT.calls
    (limit,) = (row for row in services.outbound.rate_limits() if row.platform == "twitter")
    assert (limit.used, limit.remaining) == (10, 0)
    assert limit.since
    assert limit.reset_at == limit.since + LIMIT.seconds * 1000 + MARGIN
    clock.now = limit.reset_at
    work(dispatcher)
    assert len(marked(sandbox)) == 15
    assert sandbox.world.state.marks.accepted_json()["violations"] == 0


@pytest.mark.parametrize("silent", [True, False])
def test_a_refusal_for_the_rate_shuts_the_window_and_keeps_the_mark(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox, silent: bool
) -> None:
    sandbox.world.state.mark_faults.add(MarkFault("twitter", code=88, without_headers=silent, count=1))
    out, later = mark(clock), mark(clock, "17")
    services.outbound.accept([out])
    work(dispatcher)
    services.outbound.accept([later])
    work(dispatcher)
    assert row(services, out).attempts == 0
    assert not marked(sandbox)
    (limit,) = (row for row in services.outbound.rate_limits() if row.platform == "twitter")
    assert limit.blocked == "rate limited"
    assert limit.reset_at
    clock.now = limit.reset_at + APART
    work(dispatcher)
    assert {peer for peer, _ in marked(sandbox)} == {PEER, "17"}


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
