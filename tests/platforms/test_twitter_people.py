"""The `users` of a delivery: names where they are well-formed, never a reason to lose an event."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.platforms.payloads import (
    BOT,
    CUSTOMER,
    READ_AT,
    READS,
    activity,
    activity_user,
    encode,
    message_event,
    read_event,
    reads,
    user,
)
from webhook_app.domain.inbound import Inbound, Person
from webhook_app.platforms.twitter_events import read

ANN = Person("twitter", CUSTOMER, "Ann", "ann_handle", "https://pictures.example/ann.jpg", int(READ_AT))


def receive(document: Any) -> Inbound:
    """A document, as a verified delivery."""
    return read(encode(document), NOW)


@pytest.mark.parametrize(
    "document",
    [
        reads(read_event(), users={CUSTOMER: user()}),
        {"data": activity("dm.read", {READS: [read_event()], "users": {CUSTOMER: activity_user()}})},
    ],
)
def test_it_takes_names_in_both_shapes(document: dict[str, Any]) -> None:
    assert receive(document).people == [ANN]


def test_it_takes_the_names_of_writers_too() -> None:
    users = {CUSTOMER: user(), BOT: user("Bot")}
    inbound = receive({"direct_message_events": [message_event()], "users": users})
    assert sorted(person.name for person in inbound.people) == ["Ann", "Bot"]


def test_it_takes_only_who_appears_in_the_events() -> None:
    # In many databases a stranger's name would be personal data kept for nothing.
    assert receive(reads(read_event(), users={"77": user("Stranger")})).people == []


def test_a_name_is_as_new_as_the_newest_event() -> None:
    late = read_event(created_timestamp=str(int(READ_AT) + 5))
    inbound = receive(reads(late, read_event(), users={CUSTOMER: user()}))
    assert [person.seen_at for person in inbound.people] == [int(READ_AT) + 5]


@pytest.mark.parametrize(
    "users",
    [None, [], "x", 5, True, ["x"] * 10, {}, {CUSTOMER: None}, {CUSTOMER: []}, {CUSTOMER: "Ann"}, {"": {}}],
)
def test_users_of_any_shape_cost_no_event(users: Any) -> None:
    inbound = receive(reads(read_event(), users=users))
    assert (inbound.accepted, inbound.quarantined, inbound.people) == (1, 0, [])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("A\0nn", "A�nn"),
        ("A\ud800nn", "A�nn"),
        ("\udc00", "�"),
        ("😀", "😀"),
        ("é" * 300, "é" * 200),
        (None, ""),
        (5, ""),
        (["Ann"], ""),
        ({"a": 1}, ""),
    ],
)
def test_odd_names_are_cleaned(name: Any, shown: str) -> None:
    inbound = receive(reads(read_event(), users={CUSTOMER: user(name)}))
    assert inbound.accepted == 1
    (person,) = inbound.people
    assert person.name == shown
    person.name.encode()


@pytest.mark.parametrize("picture", ["null", None, 5, "", "javascript:alert(1)", "data:image/png,x", "//x"])
def test_a_picture_is_a_web_address_or_none(picture: Any) -> None:
    odd = user(profile_image_url_https=picture, profile_image_url=picture)
    assert [person.picture for person in receive(reads(read_event(), users={CUSTOMER: odd})).people] == [""]


def test_ten_thousand_people_cost_no_event() -> None:
    users = {str(n): user(f"Person {n}") for n in range(10_000)}
    inbound = receive(reads(read_event(), users={**users, CUSTOMER: user()}))
    assert inbound.people == [ANN]


def test_a_full_body_of_elements_with_users_takes_no_long_time() -> None:
    """X gives a delivery ten seconds; 1 MiB is the most that is read."""
    elements = [
        {"event_type": "dm.read", "payload": {READS: [read_event(sender_id=str(n))], "users": {"1": {}}}}
        for n in range(4000)
    ]
    body = encode({"data": elements})
    began = time.process_time()
    assert read(body, NOW).accepted == 4000
    assert time.process_time() - began < 0.5


NAMES = st.text(st.characters(), max_size=20) | st.text(st.sampled_from("a\0\ud800\udc00é"), max_size=300)


@given(NAMES, NAMES, NAMES)
def test_what_is_kept_of_a_person_fits_every_database(name: str, handle: str, picture: str) -> None:
    odd = user(name, screen_name=handle, profile_image_url_https="https://" + picture)
    (person,) = receive(reads(read_event(), users={CUSTOMER: odd})).people
    for text, most in ((person.name, 200), (person.handle, 100), (person.picture, 500)):
        assert "\0" not in text
        text.encode()
        assert len(text) <= most
