"""Unread messages: at most 1000 ids a conversation and the rest counted once, in whatever order."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.law import BASE, PLATFORM, Cast, fresh
from tests.storage.plans import overheard
from webhook_app.domain.inbound import Inbound, Message
from webhook_app.domain.position import Key, Mark
from webhook_app.storage import Store, messages
from webhook_app.storage import tables as t
from webhook_app.storage.messages import LIMIT


def wrote(key: Key, *messages: int) -> Inbound:
    """The peer has written."""
    return Inbound(PLATFORM, messages=[Message(*key, message, BASE) for message in messages])


def has_read(key: Key, cursor: int) -> Inbound:
    """The reader has read up to there."""
    return Inbound(PLATFORM, marks=[Mark(*key, cursor, BASE)])


def a_key() -> Key:
    """A conversation of its own."""
    return (PLATFORM, fresh(), fresh())


def waiting(store: Store, key: Key) -> list[int]:
    """The ids kept that lie beyond the position: what a list of unread messages shows."""
    u, p = t.unread_messages, t.read_positions
    same = (u.c.platform == p.c.platform) & (u.c.reader == p.c.reader) & (u.c.peer == p.c.peer)
    query = u.outerjoin(p, same).select().with_only_columns(u.c.message).order_by(u.c.message)
    mine = (u.c.platform == key[0], u.c.reader == key[1], u.c.peer == key[2])
    beyond = (p.c.cursor.is_(None)) | (u.c.message > p.c.cursor)
    return list(store.read(lambda c: c.scalars(query.where(*mine, beyond)).all()))


def kept(store: Store, key: Key) -> list[int]:
    """The ids in the table, read ones not yet swept away included."""
    u = t.unread_messages.c
    query = t.unread_messages.select().with_only_columns(u.message).order_by(u.message)
    return list(store.read(lambda c: c.scalars(query.where(u.reader == key[1], u.peer == key[2])).all()))


def counted(store: Store, key: Key) -> int:
    """How many messages are counted and not kept."""
    o = t.unread_overflow.c
    query = t.unread_overflow.select().with_only_columns(o.count)
    return store.read(lambda c: c.scalar(query.where(o.reader == key[1], o.peer == key[2]))) or 0


def sweep(store: Store) -> None:
    """Housekeeping, to its end."""
    store.retain(BASE)
    place = store.walk_messages(None)
    while place is not None:
        place = store.walk_messages(place)


steps = st.lists(
    st.tuples(st.sampled_from(["wrote", "read"]), st.lists(st.integers(0, 6), min_size=1, max_size=3)),
    max_size=6,
)


@settings(deadline=None, max_examples=60)
@given(steps, st.integers(0, 6))
def test_reading_and_writing_in_any_order_leaves_the_same(
    shared: Store, steps: list[tuple[str, list[int]]], sweep_after: int
) -> None:
    key = a_key()
    for n, (what, numbers) in enumerate(steps):
        shared.record(wrote(key, *numbers) if what == "wrote" else has_read(key, max(numbers)))
        if n == sweep_after:
            sweep(shared)
    messages = {number for what, numbers in steps if what == "wrote" for number in numbers}
    read = max((number for what, numbers in steps if what == "read" for number in numbers), default=-1)
    beyond = sorted(message for message in messages if message > read)
    assert waiting(shared, key) == beyond
    sweep(shared)
    assert kept(shared, key) == beyond


@settings(deadline=None, max_examples=30)
@given(st.sets(st.integers(0, 9)), st.integers(0, 9))
def test_one_delivery_may_hold_both(shared: Store, messages: set[int], cursor: int) -> None:
    key = a_key()
    both = wrote(key, *messages)
    both.marks.extend(has_read(key, cursor).marks)
    shared.record(both)
    assert waiting(shared, key) == sorted(message for message in messages if message > cursor)


def test_messages_of_a_forgotten_person_do_not_come_back(shared: Store) -> None:
    key = a_key()
    shared.forget(PLATFORM, key[1], BASE + 1, "tests")
    shared.record(wrote(key, 5))
    assert kept(shared, key) == []


def test_at_most_a_thousand_are_kept_and_the_rest_is_counted(shared: Store) -> None:
    key, numbers = a_key(), range(1, LIMIT + 11)
    for start in range(0, len(numbers), 300):
        shared.record(wrote(key, *numbers[start : start + 300]))
    assert kept(shared, key) == list(numbers[:LIMIT])
    assert counted(shared, key) == 10


def test_one_delivery_too_large_is_kept_in_part(shared: Store) -> None:
    key = a_key()
    shared.record(wrote(key, *range(LIMIT + 10)))
    assert kept(shared, key) == list(range(LIMIT))
    assert counted(shared, key) == 10


def test_a_message_delivered_again_is_not_counted_again(shared: Store) -> None:
    key, numbers = a_key(), list(range(1, LIMIT + 11))
    shared.record(wrote(key, *numbers))
    Random(1).shuffle(numbers)
    for number in [*numbers[:5], LIMIT + 10, LIMIT + 1]:
        shared.record(wrote(key, number))
    shared.record(wrote(key, *numbers))
    assert (len(kept(shared, key)), counted(shared, key)) == (LIMIT, 10)


def test_a_counted_message_delivered_again_is_not_kept_besides(shared: Store) -> None:
    key = a_key()
    shared.record(wrote(key, *range(1, LIMIT + 11)))
    shared.record(has_read(key, 500))
    shared.record(wrote(key, LIMIT + 5))
    assert len(waiting(shared, key)) + counted(shared, key) == LIMIT + 10 - 500
    sweep(shared)
    shared.record(wrote(key, LIMIT + 5))
    assert len(waiting(shared, key)) + counted(shared, key) == LIMIT + 10 - 500


def test_new_messages_after_a_partial_reading_are_all_known(shared: Store) -> None:
    key = a_key()
    shared.record(wrote(key, *range(1, LIMIT + 11)))
    shared.record(has_read(key, 500))
    shared.record(wrote(key, LIMIT + 11))
    shared.record(wrote(key, LIMIT + 11, LIMIT + 12))
    assert len(waiting(shared, key)) + counted(shared, key) == LIMIT + 12 - 500


def test_reading_everything_starts_anew(shared: Store) -> None:
    key = a_key()
    shared.record(wrote(key, *range(1, LIMIT + 11)))
    shared.record(has_read(key, LIMIT + 10))
    shared.record(wrote(key, LIMIT + 11))
    assert waiting(shared, key) == [LIMIT + 11]
    sweep(shared)
    assert kept(shared, key) == [LIMIT + 11]
    assert counted(shared, key) == 0


def test_many_conversations_take_no_more_statements_than_one(
    shared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "LIMIT", 2)

    def said(conversations: int) -> list[int]:
        """How many statements store what is new, the same again, and what is only counted."""
        keys, lengths = [a_key() for _ in range(conversations)], []
        for message in (1, 1, 2, 3):
            told = [Message(*key, message, BASE) for key in keys]
            with overheard(shared) as statements:
                shared.record(Inbound(PLATFORM, messages=told))
            lengths.append(len(statements))
        assert [kept(shared, key) for key in keys] == [[1, 2]] * conversations
        assert [counted(shared, key) for key in keys] == [1] * conversations
        return lengths

    assert said(100) == said(1)


def test_two_processes_keep_a_message_once(shared: Store, second: Store) -> None:
    key = a_key()
    for store in (shared, second, shared):
        store.record(wrote(key, 5, 6))
    assert kept(second, key) == [5, 6]


def test_others_are_not_swept_away(shared: Store) -> None:
    one, other = Cast(), Cast()
    shared.record(wrote(one.keys[0], 5))
    shared.record(has_read(one.keys[1], 9))
    shared.record(has_read(other.keys[0], 9))
    sweep(shared)
    assert kept(shared, one.keys[0]) == [5]
