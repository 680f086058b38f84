"""`positions set` and `forget`: what an operator corrected or forgot does not come back."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.storage.law import BASE, PLATFORM, Cast, Ledger, at_once, groups
from tests.storage.outgoing import accept, deliver, open_accounts
from tests.storage.traces import rows_naming
from webhook_app.domain.counts import DELIVERIES_OF
from webhook_app.domain.inbound import Inbound, Message, Notice, Person, Unreadable
from webhook_app.domain.timing import SentAt
from webhook_app.errors import NotFound
from webhook_app.storage import Store
from webhook_app.storage.audit import list_audit
from webhook_app.storage.tokens import Token, add_token

arrivals = st.tuples(st.just("arrive"), groups)
#: Which reader and peer, to where, and how much time has passed since the last correction.
corrections = st.tuples(
    st.just("set"), st.tuples(st.integers(0, 3), st.sampled_from([0, 9, 10, 2**63 - 1]), st.integers(0, 4))
)
#: Whom (two readers, two peers), and how much time has passed.
oblivions = st.tuples(st.just("forget"), st.tuples(st.integers(0, 3), st.integers(0, 4)))


@settings(deadline=None, max_examples=60)
@given(st.lists(arrivals | corrections | oblivions, max_size=6), st.booleans())
# Two marks of one key in one delivery, the greater one older than a correction.
@example([("set", (0, 9, 5)), ("arrive", [[(0, 0, 100, 4), (0, 0, 10, 6)]])], False)
@example([("forget", (0, 5)), ("arrive", [[(0, 0, 100, 4), (0, 0, 10, 6)]])], False)
@example([("arrive", [[(0, 0, 100, 4)]]), ("set", (0, 9, 5)), ("arrive", [[(0, 0, 100, 5)]])], False)
def test_corrections_hold_at_any_place_whatever_the_grouping(
    shared: Store, second: Store, steps: list[tuple[str, object]], threads: bool
) -> None:
    cast, ledger, now = Cast(), Ledger(), BASE
    for kind, detail in steps:
        match kind, detail:
            case "arrive", list(found):
                deliveries = cast.deliveries(found)
                at_once([shared, second] if threads else [shared], deliveries)
                ledger.take(mark for inbound in deliveries for mark in inbound.marks)
            case "set", (int(which), int(cursor), int(passed)):
                now += passed
                second.set_position(cast.keys[which], cursor, now, "tests")
                ledger.correct(cast.keys[which], cursor, now)
            case "forget", (int(which), int(passed)):
                now += passed
                person = [*cast.readers, *cast.peers][which]
                second.forget(PLATFORM, person, now, "tests")
                ledger.forget(person, now)
    assert cast.stored(shared) == ledger.state


def test_a_position_can_be_set_that_nobody_has(shared: Store) -> None:
    key = Cast().keys[0]
    shared.set_position(key, 5, BASE, "tests")
    position, past = shared.position(key)
    assert (position.cursor, position.read_at, position.not_before) == (5, BASE, BASE)
    assert past == [(5, BASE)]


def test_setting_back_takes_the_history_above_away(shared: Store) -> None:
    cast = Cast()
    shared.record(cast.deliveries([[(0, 0, cursor, 0) for cursor in (5, 9, 10)]])[0])
    shared.set_position(cast.keys[0], 9, BASE + 1, "tests")
    position, past = shared.position(cast.keys[0])
    assert position.cursor == 9
    assert past == [(5, BASE), (9, BASE)]


def test_it_is_written_down_who_set_a_position(shared: Store) -> None:
    key = Cast().keys[0]
    shared.set_position(key, 5, BASE, "an operator")
    (entry,) = shared.read(lambda c: list_audit(c, None, 1))
    assert entry[2:] == ("an operator", "set position", "/".join(key), "5")


def naming(person: str, other: str, at: int) -> Inbound:
    """A delivery that says everything there is to say about two people."""
    return Inbound(
        PLATFORM,
        marks=Cast([person, other], [other, person]).deliveries([[(0, 0, 1, at), (1, 1, 2, at)]])[0].marks,
        messages=[
            Message(PLATFORM, person, other, 7, BASE + at),
            Message(PLATFORM, other, person, 7, BASE + at),
        ],
        people=[Person(PLATFORM, person, "Ann", "", "", BASE + at)],
        notices=[Notice(PLATFORM, "revocation", person, BASE + at, "")],
    )


def test_forgetting_leaves_no_trace(shared: Store) -> None:
    person, other = "880000000001", "880000000002"
    shared.record(naming(person, other, 0))
    bodies = [f'{{"a": "{person}"}}', '{"a": "\\u003880000000001"}', f'"{person}', '{"a": 1}']
    parts = [Unreadable(PLATFORM, body.encode(), {}) for body in bodies]
    shared.record(Inbound(PLATFORM, unreadable=parts))
    bound = Token("t-forget", "bound", frozenset({"read"}), (PLATFORM, person), BASE, None)
    shared.write(lambda c: add_token(c, bound, "secret-of-the-bound"))
    open_accounts(shared, (PLATFORM, person), (PLATFORM, other), now=BASE)
    accept(shared, 1, BASE, account=(PLATFORM, person), peer=other)
    accept(shared, 2, BASE, account=(PLATFORM, other), peer=person)
    deliver(shared, BASE)
    shared.counts.add(f"{DELIVERIES_OF}|{PLATFORM}|{person}", BASE)
    shared.flush_counts(BASE)
    shared.make_figures(BASE, 90, "tests", 1000)
    tables = {"history", "people", "unread_messages", "notices", "quarantine", "tokens"}
    tables |= {"cells", "counts", "accounts", "outbox", "rate_windows", "audit"}
    assert set(rows_naming(shared, person)) > tables
    gone = shared.forget(PLATFORM, person, BASE + 1, "tests")
    assert rows_naming(shared, person) == []
    assert gone == {
        "history": 2, "read_positions": 2, "unread_messages": 2, "unread_overflow": 0,
        "people": 1, "quarantine": 3, "tokens": 1, "outbox": 2, "accounts": 1, "figures": 2,
    }  # fmt: skip


def test_forgetting_leaves_no_trace_of_corrections_either(shared: Store) -> None:
    person = "person-once-corrected"
    shared.set_position((PLATFORM, person, "peer"), 5, BASE, "tests")
    shared.forget(PLATFORM, person, BASE + 1, "tests")
    assert rows_naming(shared, person) == []


def test_what_happened_before_does_not_come_back(shared: Store) -> None:
    person, other = Cast().readers
    shared.forget(PLATFORM, person, BASE + 5, "tests")
    before = naming(person, other, 4)
    before.notices.clear()
    shared.record(before)
    assert [name for name in rows_naming(shared, person) if name == "people"] == []
    for key in ((PLATFORM, person, other), (PLATFORM, other, person)):
        with pytest.raises(NotFound):
            shared.position(key)


def test_what_happens_afterwards_is_news(shared: Store) -> None:
    person, other = Cast().readers
    shared.forget(PLATFORM, person, BASE + 5, "tests")
    shared.record(naming(person, other, 5))
    assert shared.position((PLATFORM, person, other))[0].cursor == 1
    assert shared.position((PLATFORM, other, person))[0].peer_name == "Ann"


def test_others_are_not_forgotten(shared: Store) -> None:
    (person, other), friend = Cast().readers, Cast().readers[0]
    shared.record(naming(person, other, 0))
    shared.record(naming(other, friend, 0))
    shared.forget(PLATFORM, person, BASE + 1, "tests")
    assert shared.position((PLATFORM, other, friend))[0].cursor == 1


def test_forgetting_searches_every_page_of_the_quarantine(shared: Store) -> None:
    # Others, whose ids are small numbers, are forgotten already.
    parts = [Unreadable(PLATFORM, f'{{"n{"n" * n}": "880000000003"}}'.encode(), {}) for n in range(120)]
    shared.record(Inbound(PLATFORM, unreadable=parts))
    assert shared.forget(PLATFORM, "880000000003", BASE, "tests")["quarantine"] == 120


def test_forgetting_somebody_does_not_cost_another_with_a_longer_id(shared: Store) -> None:
    part = Unreadable(PLATFORM, b'{"direct_message_mark_read_events": [{"sender_id": "912345"}]}', {})
    shared.record(Inbound(PLATFORM, unreadable=[part]))
    assert shared.forget(PLATFORM, "1234", BASE, "tests")["quarantine"] == 0


def test_what_is_dated_ahead_of_our_clock_does_not_come_back(shared: Store) -> None:
    cast = Cast()
    ahead = cast.deliveries([[(0, 0, 500, 10)]])[0]
    shared.record(ahead)
    shared.set_position(cast.keys[0], 100, BASE, "tests")
    shared.record(ahead)
    assert shared.position(cast.keys[0])[0].cursor == 100
    shared.forget(PLATFORM, cast.readers[0], BASE, "tests")
    shared.record(ahead)
    with pytest.raises(NotFound):
        shared.position(cast.keys[0])


def test_a_name_that_is_dated_ahead_of_our_clock_does_not_come_back(shared: Store) -> None:
    person = "person-named-ahead"
    ahead = Inbound(PLATFORM, people=[Person(PLATFORM, person, "Ann", "", "", BASE + 10)])
    shared.record(ahead)
    shared.forget(PLATFORM, person, BASE, "tests")
    shared.record(ahead)
    assert rows_naming(shared, person) == []


@pytest.mark.parametrize("person", ["reader-of-ahead", "writer-of-ahead"])
def test_messages_that_are_dated_ahead_of_our_clock_do_not_come_back(store: Store, person: str) -> None:
    store.configure({}, {PLATFORM: SentAt(unit=1, epoch=0)})
    both = ("reader-of-ahead", "writer-of-ahead")
    ahead = Inbound(PLATFORM, messages=[Message(PLATFORM, *both, BASE + n, BASE + n) for n in range(1010)])
    store.record(ahead)
    store.forget(PLATFORM, person, BASE, "tests")
    store.record(ahead)
    assert rows_naming(store, person) == []


def test_neither_notices_nor_quarantine_bring_a_forgotten_person_back(shared: Store) -> None:
    person = "777000777"
    delivery = Inbound(
        PLATFORM,
        notices=[Notice(PLATFORM, "revocation", person, BASE, "")],
        unreadable=[Unreadable(PLATFORM, f'{{"sender_id": "000{person}"}}'.encode(), {})],
    )
    shared.record(delivery)
    shared.forget(PLATFORM, person, BASE + 1, "tests")
    shared.record(delivery)
    assert rows_naming(shared, person) == []


def test_a_peer_is_forgotten_with_what_was_read_last_and_not_only_furthest(shared: Store) -> None:
    cast = Cast()
    shared.record(cast.deliveries([[(0, 0, 9, 0), (0, 0, 5, 7)]])[0])
    shared.forget(PLATFORM, cast.peers[0], BASE, "tests")
    shared.record(cast.deliveries([[(0, 0, 5, 7)]])[0])
    with pytest.raises(NotFound):
        shared.position(cast.keys[0])
