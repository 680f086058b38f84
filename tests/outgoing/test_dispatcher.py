"""Marks that go out: at once or by the timer, again where that helps, never more than a window takes."""

import logging
import time
from contextlib import ExitStack
from threading import Event, Thread

import pytest

from tests.conftest import Clock
from tests.outgoing.marks import (
    APART,
    BOT,
    CHANNEL,
    LIMIT,
    PEER,
    SLACK_BOT,
    mark,
    marked,
    row,
    slack_mark,
    work,
)  # fmt: skip
from tests.platforms.payloads import encode, read_event, reads
from tests.storage.locks import execute, locked
from webhook_app.dispatcher import POLL, Dispatcher
from webhook_app.domain.inbound import Inbound, Unreadable
from webhook_app.domain.outbox import Status
from webhook_app.domain.position import Mark
from webhook_app.domain.rate import MARGIN
from webhook_app.sandbox.mark_faults import MarkFault
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.settings import Settings
from webhook_app.storage.glances import glance_at_quarantine


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


def test_nor_is_what_it_has_read_elsewhere_and_only_a_retry_understands(
    services: Services, dispatcher: Dispatcher, clock: Clock, sandbox: Sandbox
) -> None:
    out = mark(clock)
    services.outbound.accept([out])
    event = read_event(sender_id=BOT, peer=PEER, last_read_event_id=str(out.cursor))
    part = Unreadable("twitter", encode(reads(event)), {})
    services.store.record(Inbound("twitter", unreadable=[part]))
    ((row_id, *_),) = services.store.read(lambda connection: glance_at_quarantine(connection, 0, 1))
    services.retry(row_id, "tests")
    work(dispatcher)
    assert row(services, out).status is Status.DELIVERED
    assert not marked(sandbox)


def test_at_the_end_it_waits_for_rows_that_another_process_holds(
    services: Services, dispatcher: Dispatcher, clock: Clock, settings: Settings
) -> None:
    out = slack_mark(clock)
    services.outbound.accept([out])
    services.store.outbox.hasten(clock())
    url = settings.database_url
    with ExitStack() as theirs:
        theirs.enter_context(locked(url, "outbox", rows=True))
        end = Thread(target=dispatcher.run, args=(lambda: True,))
        end.start()
        end.join(0.2)
        assert end.is_alive()
        theirs.close()
        end.join(10)
    assert row(services, out).status is Status.DELIVERED


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


@pytest.mark.parametrize("ending", [False, True])
def test_a_database_that_fails_is_not_asked_again_at_once(
    services: Services,
    dispatcher: Dispatcher,
    clock: Clock,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    ending: bool,
) -> None:
    out = mark(clock)
    services.outbound.accept([out])
    execute(settings.database_url, "ALTER TABLE rate_windows RENAME TO elsewhere")
    mended, began = Event(), time.monotonic()

    def failures() -> int:
        return sum(record.message == "dispatcher waits" for record in caplog.records)

    def mend() -> None:
        while not failures():
            time.sleep(0.01)
        time.sleep(2.5)
        execute(settings.database_url, "ALTER TABLE elsewhere RENAME TO rate_windows")
        mended.set()

    with caplog.at_level(logging.WARNING):
        Thread(target=mend, daemon=True).start()
        dispatcher.run(lambda: ending or mended.is_set())
    assert failures() <= (time.monotonic() - began) / POLL + 2
    assert row(services, out).status is Status.DELIVERED


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
