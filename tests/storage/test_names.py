"""The names of people: of what was delivered in any order, the newest counts."""

from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.storage.law import BASE, PLATFORM, at_once, fresh
from webhook_app.domain.inbound import Inbound, Person
from webhook_app.storage import Store
from webhook_app.storage import tables as t

#: (seen_at, name). Nobody returns to an earlier name here: a name that has not changed is not written again,
#: which would cost every delivery a write, so a late delivery of the time between may stand until the next.
histories = st.sets(st.integers(0, 9), min_size=1).map(lambda moments: {at: f"Name {at}" for at in moments})


def called(who: str, at: int, name: str) -> Inbound:
    """A delivery that names a person."""
    return Inbound(PLATFORM, people=[Person(PLATFORM, who, name, name.lower(), f"https://{name}", BASE + at)])


def known_as(store: Store, who: str) -> tuple[str, str, str]:
    """Name, handle and picture, as stored."""
    p = t.people.c
    query = t.people.select().with_only_columns(p.name, p.handle, p.picture).where(p.id == who)
    return tuple(store.read(lambda c: c.execute(query).one()))


@settings(deadline=None, max_examples=60)
@given(histories.flatmap(lambda names: st.permutations(list(names.items()))), st.booleans())
@example([(1, "Ann"), (2, "Bea"), (1, "Ann")], False)
def test_the_newest_name_wins_in_any_order(
    shared: Store, second: Store, names: Sequence[tuple[int, str]], threads: bool
) -> None:
    who = fresh()
    deliveries = [called(who, at, name) for at, name in names]
    if threads:
        at_once([shared, second], deliveries)
    for inbound in deliveries if not threads else []:
        shared.record(inbound)
    name = max(names)[1]
    assert known_as(shared, who) == (name, name.lower(), f"https://{name}")


def test_of_many_names_in_one_delivery_the_newest_wins(shared: Store) -> None:
    who = fresh()
    people = [called(who, at, name).people[0] for at, name in [(1, "Ann"), (3, "Cleo"), (2, "Bea")]]
    shared.record(Inbound(PLATFORM, people=people))
    assert known_as(shared, who)[0] == "Cleo"


def test_names_that_quote_and_emoji_survive(shared: Store) -> None:
    for name in ("O'Neil", '"; DROP', "😀", "Ä\u0301", "%s %(x)s ? $1 :x", "\\u0000", "�"):
        who = fresh()
        shared.record(called(who, 0, name))
        assert known_as(shared, who)[0] == name
