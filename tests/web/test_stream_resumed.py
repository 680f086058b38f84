"""Viewers who come, come back or cannot keep up: what they are told of the past."""

import random
import time
from contextlib import ExitStack
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.conftest import NOW
from tests.host.hosting import until
from tests.storage.plans import NUMBERS, overheard
from tests.web.callers import (
    ALICE,
    BOB,
    BOT,
    mark,
    record,
    services_of,
)
from tests.web.watching import Reader, feed_of, readers, watching
from webhook_app.storage import Store
from webhook_app.storage.changes import clock
from webhook_app.web.events import Rendered, Tick
from webhook_app.web.feed import EVERY
from webhook_app.web.ring import KEPT


@pytest.mark.parametrize("seed", range(2))
def test_wherever_it_is_cut_nothing_is_lost(api: FlaskClient, store: Store, seed: int) -> None:
    chance, told, last_id = random.Random(seed), set[str](), "0"
    wanted = [str(1000 + n) for n in range(40)]
    for start in range(0, len(wanted), 8):
        received: list[bytes] = []
        with watching(api, last_id=last_id, copy=received) as whole:
            for reader in wanted[start : start + 8]:
                record(store, mark(reader))
            whole.until(partial(has_told_of, whole, wanted[start + 7]))
        sent = b"".join(received)
        # The connection broke somewhere.
        cut = Reader([sent[: chance.randrange(len(sent))]])
        cut.read()
        told |= readers(cut)
        last_id = cut.last_id or last_id
    with watching(api, last_id=last_id) as rest:
        rest.until(lambda: told | readers(rest) >= set(wanted))


def has_told_of(seen: Reader, reader: str) -> bool:
    """Whether a reader's position has come."""
    return reader in readers(seen)


def has_told_of_so_many(seen: Reader, many: int) -> bool:
    """Whether the positions of so many readers have come."""
    return len(readers(seen)) == many


def age(store: Store, seconds: int, many: int, step: int = 1) -> None:
    """Store positions that changed each `step` milliseconds, the last one so many seconds ago."""
    numbers = NUMBERS[store.database.dialect]
    rows = (
        f"SELECT 'twitter', CAST(n AS text), '{BOT}', n, {NOW}, :last - :step * (:rows - n), 0 FROM numbers"
    )
    values = {"rows": many, "step": step, "last": store.read(clock) - seconds * 1000}
    query = text(f"INSERT INTO read_positions {numbers} {rows}")
    store.write(lambda connection: connection.execute(query, values))


@pytest.mark.parametrize("query", ["", f"?peer={BOT}"])
def test_who_was_away_for_long_gets_all_pages(api: FlaskClient, store: Store, query: str) -> None:
    age(store, 3600, 2500, step=100)
    with watching(api, query, last_id="0") as seen:
        seen.until(lambda: len(readers(seen)) == 2500)
        record(store, mark(ALICE))
        seen.until(lambda: seen.knows(reader=ALICE))
        assert len(seen.of("position")) < 2600
    # Cut before: the id of a page is behind it.
    with watching(api, query, last_id=str(store.read(clock) - 3_600_000 - 1000)) as seen:
        seen.until(lambda: "2500" in readers(seen))
        assert "1" not in readers(seen)


def test_it_begins_where_it_is_asked_to(api: FlaskClient, store: Store) -> None:
    age(store, 100, 50)
    with watching(api) as seen:
        seen.until(lambda: seen.last_id)
        assert not readers(seen)
        since = "?updated_since=2020-01-01T00:00:00Z"
        with watching(api, since) as all_of_them:
            all_of_them.until(lambda: len(readers(all_of_them)) == 50)
        with watching(api, since, last_id=seen.last_id) as nothing:
            nothing.until(lambda: nothing.last_id)
            assert not readers(nothing)


def test_who_comes_back_together_shares_what_was_missed(api: FlaskClient, store: Store) -> None:
    age(store, 30, 2500)
    now = store.read(clock)
    with ExitStack() as stack, overheard(services_of(api.application).store) as said:
        for number in range(50):
            query = f"?reader={number}" if number % 2 else ""
            last_id = now - 31_000 - number
            seen = stack.enter_context(watching(api, query, last_id=str(last_id)))
            seen.until(partial(has_told_of_so_many, seen, 1 if query else 2500))
    # Each alone would walk through three pages; the feed itself looks twice a second.
    assert len([text for text, _ in said if "read_positions" in text and "ORDER BY" in text]) < 50


def test_who_takes_nothing_is_dropped_and_catches_up(app: Flask, api: FlaskClient, store: Store) -> None:
    feed = feed_of(app)
    with watching(api) as seen, watching(api) as slow:
        seen.until(lambda: seen.last_id)
        slow.until(lambda: slow.last_id)
        record(store, mark(ALICE))
        seen.until(lambda: seen.knows(reader=ALICE))
        # A minute passes.
        feed.ring.add(Tick(feed.looked_at + KEPT + 1, [Rendered("twitter", "", "", False, b"")]))
        record(store, mark(BOB))
        seen.until(lambda: seen.knows(reader=BOB))
        while slow.read():
            pass
        assert not slow.knows(reader=BOB)
        with watching(api, last_id=slow.last_id) as again:
            again.until(lambda: {ALICE, BOB} <= readers(again))


def test_nobody_looks_when_nobody_follows(plain_app: Flask, plain_api: FlaskClient) -> None:
    feed, store = feed_of(plain_app), services_of(plain_app).store
    for reader in (ALICE, BOB):
        with watching(plain_api) as seen:
            seen.until(lambda: seen.last_id)
            assert feed.running
            record(store, mark(reader))
            seen.until(partial(seen.knows, reader=reader))
        until(lambda: not feed.running)


def test_who_comes_as_the_last_one_leaves_makes_nobody_look_more_often(
    plain_app: Flask, plain_api: FlaskClient
) -> None:
    began = time.monotonic()
    with overheard(services_of(plain_app).store) as said:
        for number in range(6):
            with watching(plain_api) as seen:
                seen.until(lambda: seen.last_id)
                until(partial(has_passed, began + number * EVERY))
    looks = len([text for text, _ in said if "read_positions" in text and "ORDER BY" in text])
    assert looks < 30 + 2 * (time.monotonic() - began) / EVERY


def has_passed(moment: float) -> bool:
    """Whether it is later than that."""
    return time.monotonic() > moment


def test_pages_from_before_a_pause_are_not_followed_up(plain_app: Flask, plain_api: FlaskClient) -> None:
    """Nobody has looked at what changed since they were read."""
    store, told = services_of(plain_app).store, set[str]()
    for number in range(5):
        with watching(plain_api, last_id="0") as seen:
            seen.until(lambda: seen.last_id)
            told = readers(seen)
            assert len(seen.events) == len(told) == number
        until(lambda: not feed_of(plain_app).running)
        record(store, mark(str(number)))


def test_when_nothing_changes_nothing_is_told(plain_app: Flask, plain_api: FlaskClient) -> None:
    with watching(plain_api) as seen:
        seen.until(lambda: seen.last_id)
        record(services_of(plain_app).store, mark(ALICE))
        seen.until(lambda: seen.knows(reader=ALICE))
        told = seen.last_id
        # The next beat, which says how far it is.
        seen.until(lambda: seen.last_id != told)
        assert int(seen.last_id) >= int(told) + 10_000
    assert len(seen.of("position")) == 1
