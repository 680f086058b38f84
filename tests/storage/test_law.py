"""The law of positions, held by both databases: any order, repetition, grouping and concurrency."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.law import BASE, PLATFORM, Cast, Ledger, Shape, at_once, groups
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.storage import Store

some = settings(deadline=None, max_examples=40)


def expected(cast: Cast, groups: list[list[Shape]]) -> Ledger:
    """What the law makes of the marks."""
    ledger = Ledger()
    ledger.take(cast.mark(shape) for group in groups for shape in group)
    return ledger


@some
@given(groups, st.randoms())
def test_order_repetition_and_grouping_change_nothing(
    shared: Store, second: Store, groups: list[list[Shape]], random: Random
) -> None:
    cast = Cast()
    deliveries = cast.deliveries(groups)
    repeated = deliveries + random.sample(deliveries, len(deliveries) // 2)
    random.shuffle(repeated)
    for inbound in repeated:
        random.choice([shared, second]).record(inbound)
    assert cast.stored(shared) == expected(cast, groups).state


@some
@given(groups)
def test_concurrency_changes_nothing(shared: Store, second: Store, groups: list[list[Shape]]) -> None:
    cast = Cast()
    at_once([shared, second], cast.deliveries(groups + groups[::-1]))
    assert cast.stored(second) == expected(cast, groups).state


@some
@given(groups)
def test_one_delivery_or_many_is_the_same(shared: Store, groups: list[list[Shape]]) -> None:
    whole, parts = Cast(), Cast()
    shared.record(whole.deliveries([[shape for group in groups for shape in group]])[0])
    for group in groups:
        for shape in group:
            shared.record(parts.deliveries([[shape]])[0])
    assert whole.stored(shared) == expected(whole, groups).state
    assert parts.stored(shared) == expected(parts, groups).state


def test_many_marks_in_one_delivery_are_all_kept(shared: Store) -> None:
    # More than one statement takes on either database, and in no order.
    cast = Cast()
    shapes = [(n % 2, n // 2 % 2, n, n % 7) for n in range(1000)]
    Random(1).shuffle(shapes)
    shared.record(cast.deliveries([shapes])[0])
    assert cast.stored(shared) == expected(cast, [shapes]).state


def test_equal_cursors_keep_the_earliest_time(shared: Store) -> None:
    cast = Cast()
    for at in (5, 3, 4):
        shared.record(cast.deliveries([[(0, 0, 7, at)]])[0])
    position, past = shared.position(cast.keys[0])
    assert (position.cursor, position.read_at) == (7, BASE + 3)
    assert past == [(7, BASE + 3)]


def test_late_arrivals_stand_in_the_history_only(shared: Store) -> None:
    cast = Cast()
    for cursor in (100, 9, 10):
        shared.record(cast.deliveries([[(0, 0, cursor, cursor // 10)]])[0])
    position, past = shared.position(cast.keys[0])
    assert position.cursor == 100
    assert past == [(9, BASE), (10, BASE + 1), (100, BASE + 10)]


def test_a_repetition_does_not_look_like_a_change(shared: Store) -> None:
    cast = Cast()
    once = cast.deliveries([[(0, 0, 9, 5)]])[0]
    shared.record(once)
    before = shared.position(cast.keys[0])
    shared.record(once)
    shared.record(cast.deliveries([[(0, 0, 9, 6), (0, 0, 0, 1)]])[0])
    assert shared.position(cast.keys[0])[0] == before[0]


def test_a_change_looks_like_one(shared: Store) -> None:
    cast = Cast()
    shared.record(cast.deliveries([[(0, 0, 9, 5)]])[0])
    before = shared.position(cast.keys[0])[0].updated_at
    shared.record(cast.deliveries([[(0, 0, 9, 4)]])[0])
    assert shared.position(cast.keys[0])[0].updated_at >= before
    assert shared.position(cast.keys[0])[0].read_at == BASE + 4


def test_odd_ids_are_different_people(shared: Store) -> None:
    ids = ["Ä", "ä", "a", "A", "a ", "'", '"', "\\", "%", "[1]", "{}", "1", "01", "\t", "😀"]
    marks = [Mark(PLATFORM, f"odd {who}", "odd", n, BASE) for n, who in enumerate(ids)]
    shared.record(Inbound(PLATFORM, marks=marks))
    for n, who in enumerate(ids):
        assert shared.position((PLATFORM, f"odd {who}", "odd"))[0].cursor == n


def test_platforms_share_nothing(shared: Store) -> None:
    marks = [Mark(name, "same", "same", n, BASE) for n, name in enumerate(["one", "two"])]
    shared.record(Inbound(PLATFORM, marks=marks))
    assert [shared.position((name, "same", "same"))[0].cursor for name in ("one", "two")] == [0, 1]
