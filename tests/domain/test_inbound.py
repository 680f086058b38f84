"""A delivery in our words knows its counters and whether there is anything to store."""

from typing import Any

import pytest

from webhook_app.domain.inbound import Inbound, Message, Notice, Person, Unreadable
from webhook_app.domain.outbox import Outgoing
from webhook_app.domain.position import Mark


def test_received_is_the_sum_of_the_other_three() -> None:
    inbound = Inbound("twitter", accepted=1, quarantined=20, ignored=300)
    assert inbound.counters == {"received": 321, "accepted": 1, "quarantined": 20, "ignored": 300}


def test_nothing_but_counters_is_nothing_to_store() -> None:
    assert Inbound("twitter", ignored=1).empty


@pytest.mark.parametrize(
    "parts",
    [
        {"marks": [Mark("twitter", "1", "2", 3, 4)]},
        {"messages": [Message("twitter", "1", "2", 3, 4)]},
        {"people": [Person("twitter", "1", "", "", "", 0)]},
        {"notices": [Notice("twitter", "revocation", "1", 0, "")]},
        {"unreadable": [Unreadable("twitter", b"", {})]},
        # A retried row whose events are all ignored is settled all the same.
        {"settles": (1,)},
        {"outgoing": [Outgoing("twitter", "1", "2", 3, 4)]},
        {"echoes": [Mark("twitter", "1", "2", 3, 4)]},
    ],
)
def test_any_part_is_something_to_store(parts: dict[str, Any]) -> None:
    assert not Inbound("twitter", **parts).empty


def test_two_deliveries_share_nothing() -> None:
    one, other = Inbound("twitter"), Inbound("twitter")
    one.marks.append(Mark("twitter", "1", "2", 3, 4))
    one.kinds["a"] += 1
    assert other.empty
    assert not other.kinds
