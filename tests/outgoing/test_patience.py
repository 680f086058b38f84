"""What a dispatcher does while platforms, clocks and machines misbehave."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.conftest import Clock
from tests.outgoing.marks import PEER, mark, marked, row, slack_mark, work
from webhook_app.dispatcher import IN_HAND, Dispatcher
from webhook_app.domain.outbox import Status
from webhook_app.domain.rate import CALL_TIMEOUT, MARGIN
from webhook_app.sandbox.mark_faults import MarkFault
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.settings import Settings


def test_a_platform_that_does_not_answer_keeps_no_hands_from_the_other(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    sandbox.world.state.mark_faults.add(MarkFault("slack", hang=3.0, count=IN_HAND))
    services.outbound.accept([slack_mark(clock, f"C{n:06}") for n in range(IN_HAND)])
    clock.advance(60)
    dispatcher.step()
    outs = [mark(clock, str(10**6 + n)) for n in range(IN_HAND)]
    services.outbound.accept(outs)
    while len(marked(sandbox)) < IN_HAND:
        dispatcher.step()
        dispatcher.rest()
    # Those of the other are under way all the while.
    assert dispatcher.busy
    work(dispatcher)


def test_a_call_without_an_answer_is_not_followed_while_it_may_arrive(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    sandbox.world.state.mark_faults.add(MarkFault("twitter", reset=True, count=1))
    out = mark(clock)
    services.outbound.accept([out])
    work(dispatcher)
    services.outbound.accept([mark(clock, seconds_ago=30)])
    services.store.outbox.retry(out[:3], clock.now, "an impatient operator")
    clock.now = out.at + CALL_TIMEOUT - 1
    before = marked(sandbox)
    work(dispatcher)
    assert marked(sandbox) == before
    clock.advance(1)
    work(dispatcher)
    assert row(services, out).status is Status.DELIVERED


class Standing:
    """A clock of a machine that stands still for a while whenever somebody looks at it."""

    def __init__(self, now: int) -> None:
        self._moments: Iterator[int] = count(now, MARGIN + 1)

    def __call__(self) -> int:
        return next(self._moments)


def test_what_was_claimed_long_ago_is_not_sent(settings: Settings, clock: Clock, sandbox: Sandbox) -> None:
    services = Services(settings, clock=Standing(clock.now))
    try:
        services.accounts.keep()
        dispatcher, out = Dispatcher(services), mark(clock)
        services.outbound.accept([out])
        work(dispatcher)
        kept = row(services, out)
        assert (kept.status, kept.problem) == (Status.WAITING, "not sent in time")
        assert not marked(sandbox)
    finally:
        services.close()


@pytest.mark.parametrize("hours", [1, 24 * 30])
def test_a_clock_that_is_put_right_stops_nobody(
    settings: Settings, clock: Clock, sandbox: Sandbox, hours: int
) -> None:
    fast = Clock(clock.now + hours * 3_600_000)
    services = Services(settings, clock=fast)
    try:
        services.accounts.keep()
        dispatcher = Dispatcher(services)
        early = [mark(clock), slack_mark(clock)]
        services.outbound.accept([out._replace(at=fast.now) for out in early])
        fast.advance(60)
        work(dispatcher)
        assert {row(services, out).status for out in early} == {Status.DELIVERED}
        fast.now = clock.now
        later = [mark(clock, seconds_ago=1), slack_mark(clock, seconds_ago=1), mark(clock, "17")]
        services.outbound.accept(later)
        for seconds in (70, 70):
            fast.advance(seconds)
            work(dispatcher)
        assert {row(services, out).status for out in later} == {Status.DELIVERED}
        assert (PEER, later[0].cursor) in marked(sandbox)
    finally:
        services.close()
