"""Unread ids go soon after their reader has passed them, and nothing else does."""

from sqlalchemy import text

from tests.storage.law import BASE, PLATFORM
from tests.storage.plans import overheard
from tests.storage.test_unread import a_key, has_read, kept, wrote
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Key, Mark
from webhook_app.storage import Store
from webhook_app.storage.passed import MOST, PIECE, drop_passed, look_for_passed, small_batches


def grow_old(store: Store, seconds: int = 20) -> None:
    """Let time pass since the positions have changed."""
    past = text("UPDATE read_positions SET updated_at = updated_at - :ms")
    store.write(lambda connection: connection.execute(past, {"ms": seconds * 1000}))


def written(store: Store) -> list[str]:
    """What following the positions sends to the database besides questions."""
    with overheard(store) as said:
        store.follow_positions(None)
    return [statement for statement, _ in said if statement.startswith(("DELETE", "BEGIN IMMEDIATE"))]


def test_what_has_been_read_goes_and_the_rest_stays(store: Store) -> None:
    one, other, third = a_key(), a_key(), a_key()
    for key in (one, other, third):
        store.record(wrote(key, 1, 2, 3))
    store.record(has_read(one, 2))
    store.record(has_read(third, 9))
    grow_old(store)
    store.follow_positions(None)
    assert [kept(store, key) for key in (one, other, third)] == [[3], [1, 2, 3], []]


def test_a_position_is_followed_once_nobody_can_still_be_committing_it(store: Store) -> None:
    key = a_key()
    store.record(wrote(key, 1))
    store.record(has_read(key, 1))
    place, more = store.follow_positions(None)
    assert (kept(store, key), more) == ([1], False)
    grow_old(store, 5)
    assert kept(store, key) == [1]
    # The place where the first look ended is before the position still.
    place = (place[0] - 20_000, *place[1:])
    grow_old(store)
    store.follow_positions(place)
    assert kept(store, key) == []


def test_where_nothing_has_been_read_nothing_is_written(store: Store) -> None:
    store.record(wrote(a_key(), 1, 2))
    store.record(has_read(a_key(), 5))
    grow_old(store)
    assert written(store) == []


def test_whoever_begins_does_not_look_far_back(store: Store) -> None:
    key = a_key()
    store.record(wrote(key, 1))
    store.record(has_read(key, 1))
    grow_old(store, 400)
    assert written(store) == []


def test_it_goes_on_where_it_ended(store: Store) -> None:
    keys: list[Key] = sorted(a_key() for _ in range(PIECE + 5))
    for key in (keys[0], keys[-1]):
        store.record(wrote(key, 1))
    store.record(Inbound(PLATFORM, marks=[Mark(*key, 1, BASE) for key in keys]))
    same = text("UPDATE read_positions SET updated_at = (SELECT min(updated_at) FROM read_positions) - 20000")
    store.write(lambda connection: connection.execute(same))
    place, more = store.follow_positions(None)
    assert more
    assert [kept(store, key) for key in (keys[0], keys[-1])] == [[], [1]]
    _, more = store.follow_positions(place)
    assert not more
    assert kept(store, keys[-1]) == []


def test_a_position_that_was_put_back_meanwhile_keeps_its_messages(store: Store) -> None:
    key = a_key()
    store.record(wrote(key, 1, 2, 3))
    store.record(has_read(key, 3))
    grow_old(store)
    look = store.read(lambda connection: look_for_passed(connection, None))
    assert look.passed == [(key, 3)]
    store.set_position(key, 1, BASE + 1, "tests")
    store.write(lambda connection: drop_passed(connection, [key]))
    assert kept(store, key) == [2, 3]


def test_transactions_are_small() -> None:
    keys = [(PLATFORM, str(n), "1") for n in range(5)]
    passed = list(zip(reversed(keys), (MOST, 1, MOST // 2, MOST // 2, 7), strict=True))
    assert list(small_batches(passed)) == [keys[:2], keys[2:4], keys[4:]]
    assert list(small_batches([])) == []
