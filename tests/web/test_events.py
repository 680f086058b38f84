"""Events are what marshmallow would print, and filters leave what they are to leave."""

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.api import Position
from schemas.outbound_api import Mark, RateLimit
from tests.web.test_auth import desk_of
from tests.web.watching import Reader
from webhook_app.domain.outbox import OutboxRow, Status
from webhook_app.domain.position import ReadPosition
from webhook_app.outbound import RateLimitRow
from webhook_app.platforms.outgoing import show_mark
from webhook_app.storage.changes import Wanted
from webhook_app.web.api.positions import show_position
from webhook_app.web.events import PIECE, Rendered, Tick, mark_event, position_event, rate_limit_event

times = st.integers(0, 4_000_000_000_000)
#: As great as they get where a cursor is a time in microseconds.
cursors = st.integers(0, 10**16 - 1)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
platforms = st.sampled_from(["twitter", "slack"])
positions = st.builds(
    ReadPosition, platforms, words, words, cursors, times, times, st.just(0), words, words
)  # fmt: skip
marks = st.builds(
    OutboxRow, platforms, words, words, cursors, st.none() | cursors, st.sampled_from(list(Status)),
    st.none() | times, st.integers(0, 99), words, times, times, st.none() | times,
)  # fmt: skip
rate_limits = st.builds(
    RateLimitRow, platforms, words, words, *[st.integers(0, 5000)] * 3, st.none() | times, st.none() | times,
    st.none() | words,
)  # fmt: skip
one_fixture = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def data_of(event: Rendered) -> Any:
    """The JSON of an event."""
    reader = Reader([event.text])
    reader.read()
    (found,) = reader.events
    return found.data


@one_fixture
@given(position=positions, mark=marks, rate_limit=rate_limits)
def test_an_event_says_what_the_api_says(
    plain_app: Flask, position: ReadPosition, mark: OutboxRow, rate_limit: RateLimitRow
) -> None:
    there = plain_app.extensions["webhook_app"].platforms[mark.platform]
    with desk_of(plain_app).app_context():
        printed = Position().dump(show_position(position))
        assert data_of(position_event(position)) == json.loads(json.dumps(printed))
        printed = Mark().dump(show_mark(there, mark))
        assert data_of(mark_event(mark, there)) == json.loads(json.dumps(printed))
        printed = RateLimit().dump(rate_limit._asdict())
        assert data_of(rate_limit_event(rate_limit)) == json.loads(json.dumps(printed))


names = st.sampled_from(["ann", "bob", "bot"])
rendered = st.builds(
    lambda platform, who, peer, private, size: Rendered(
        platform, who, peer, private or peer is None,
        b'event: mark\ndata: {"of": "%b"}\n\n' % b",".join([who.encode()] * size),
    ),
    platforms, names, st.none() | names, st.booleans(), st.integers(1, PIECE // 8),
)  # fmt: skip
wanted = st.builds(
    Wanted,
    st.sampled_from([("slack", "twitter"), ("twitter",), ("slack",)]),
    st.none() | names,
    st.none() | names,
    st.none() | names,
)


def is_wanted(event: Rendered, ask: Wanted) -> bool:
    """The rule in other words."""
    if event.platform not in ask.platforms:
        return False
    if event.private and ask.own not in (None, event.who):
        return False
    asked = [name for name in (ask.reader, ask.peer) if name is not None]
    if event.peer is None:
        return not asked or event.who in asked
    return (ask.reader is None or event.who == ask.reader) and (ask.peer is None or event.peer == ask.peer)


@given(events=st.lists(rendered, max_size=12), ask=st.none() | wanted)
def test_a_filter_leaves_what_is_wanted_and_the_id(events: list[Rendered], ask: Wanted | None) -> None:
    tick = Tick(1234, events)
    left = sorted(one.text for one in events if ask is None or is_wanted(one, ask))
    for _ in range(2):  # as it is cut, and as it is kept
        text = b"".join(tick.pieces(ask))
        assert sorted(text.replace(b"id: 1234\n", b"").split(b"\n\n")[:-1]) == [t[:-2] for t in left]
        assert text.count(b"id: 1234\n") == bool(left)
    assert all(len(piece) <= PIECE or piece.count(b"data: ") == 1 for piece in tick.pieces(ask))


@given(events=st.lists(rendered, min_size=1, max_size=5), cut=st.integers(0, 10**6))
def test_the_id_is_known_only_with_all_of_a_tick(events: list[Rendered], cut: int) -> None:
    text = b"".join(Tick(1234, events).pieces(None))
    reader = Reader([text[: cut % (len(text) + 1)]])
    reader.read()
    assert bool(reader.last_id) == (len(reader.events) == len(events))


@pytest.mark.parametrize("ask", [None, Wanted(("twitter",), "ann", None)])
def test_a_tick_without_events_is_empty(ask: Wanted | None) -> None:
    assert Tick(1234, []).pieces(ask) == ()
