"""The read event: four strings of digits, and messages that name the field."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.twitter import READ_EVENT, ValidationError


def event(**changes: Any) -> dict[str, Any]:
    """A read event; `recipient_id` lies inside `target`."""
    recipient = changes.pop("recipient_id", "20")
    whole = {
        "created_timestamp": "1586216882004",
        "sender_id": "10",
        "target": {"recipient_id": recipient},
        "last_read_event_id": "1247310121283321862",
    }
    return {**whole, **changes}


def errors(value: Any) -> dict[str, Any]:
    """What marshmallow says against a value."""
    with pytest.raises(ValidationError) as caught:
        READ_EVENT.load(value)
    messages: dict[str, Any] = caught.value.messages_dict
    return messages


FIELDS = ["created_timestamp", "sender_id", "recipient_id", "last_read_event_id"]
IDS = FIELDS[1:]


def test_it_loads_integers() -> None:
    assert READ_EVENT.load(event()) == {
        "created_timestamp": 1586216882004,
        "sender_id": 10,
        "target": {"recipient_id": 20},
        "last_read_event_id": 1247310121283321862,
    }


def test_unknown_keys_pass() -> None:
    odd = event(id="5", nested={"a": []})
    odd["target"]["name"] = None
    assert READ_EVENT.load(odd) == READ_EVENT.load(event())


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "value",
    [
        1247310121283321862,  # a number where X sends a string: half of it may be lost already
        None,
        True,
        [],
        {},
        "",
        "-1",
        "+1",
        "1.0",
        "1e3",
        " 1",
        "1\n",
        "1_000",
        "0x1",
        "١٢",  # digits, but not ASCII's
        "²",
        "1" * 30,
        "\0",
    ],
)
def test_it_refuses_what_is_no_string_of_digits(field: str, value: Any) -> None:
    found = errors(event(**{field: value}))
    if field == "recipient_id":
        found = found["target"]
    assert list(found) == [field]
    assert found[field]


@pytest.mark.parametrize("field", IDS)
def test_ids_end_below_two_to_the_63(field: str) -> None:
    assert READ_EVENT.load(event(**{field: str(2**63 - 1)}))
    errors(event(**{field: str(2**63)}))
    errors(event(**{field: "9" * 19}))
    errors(event(**{field: "0" * 20}))


def test_a_time_has_at_most_16_digits() -> None:
    assert READ_EVENT.load(event(created_timestamp="9" * 16))["created_timestamp"] == 10**16 - 1
    assert errors(event(created_timestamp="9" * 17)) == {
        "created_timestamp": ["Not a string of 1 to 16 digits."]
    }


def test_leading_zeros_do_not_make_another_id() -> None:
    assert READ_EVENT.load(event(sender_id="007"))["sender_id"] == 7


@pytest.mark.parametrize("missing", ["created_timestamp", "sender_id", "target", "last_read_event_id"])
def test_it_names_the_missing_field(missing: str) -> None:
    incomplete = event()
    del incomplete[missing]
    assert list(errors(incomplete)) == [missing]


@pytest.mark.parametrize("target", [None, "20", 20, [], ["20"], {}])
def test_the_target_is_an_object_with_a_recipient(target: Any) -> None:
    assert list(errors(event(target=target))) == ["target"]


def test_it_names_all_faults_at_once() -> None:
    assert sorted(errors({"sender_id": 1})) == [
        "created_timestamp", "last_read_event_id", "sender_id", "target",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [None, 1, "x", [], [event()], True])
def test_an_event_is_an_object(value: Any) -> None:
    assert list(errors(value)) == ["_schema"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*FIELDS, "target"], JSON)) | JSON)
def test_it_never_fails_otherwise(value: Any) -> None:
    with suppress(ValidationError):
        READ_EVENT.load(value)
