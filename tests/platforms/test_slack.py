"""Slack's cursors: a `ts` as microseconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_app.errors import InvalidValue, NotFound
from webhook_app.platforms.slack import Slack
from webhook_app.settings import Settings

slack = Slack(Settings())


@pytest.mark.parametrize(
    ("ts", "cursor"),
    [
        ("1593473566.000200", 1593473566_000200),
        # The fraction is padded on the right: .2 is not .000002.
        ("1593473566.2", 1593473566_200000),
        ("1593473566.0002", 1593473566_000200),
        ("1593473566", 1593473566_000000),
        ("0", 0),
        ("0.000001", 1),
        ("9999999999.999999", 9999999999_999999),
        ("0000000001.5", 1_500000),
    ],
)
def test_it_reads_a_ts(ts: str, cursor: int) -> None:
    assert slack.cursor(ts) == cursor


@pytest.mark.parametrize(
    "ts",
    ["", ".", "1.", ".1", "1.0000000", "12345678901", "-1", "+1", "1,5", "1.5.2", "1e9", " 1", "1\n", "1.5\n",
     "\u0661", "1.\u0662", "0x1", "1_0", "NaN", "\0"],
)  # fmt: skip
def test_it_refuses_what_is_no_ts(ts: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        slack.cursor(ts)
    assert caught.value.field == "cursor"


cursors = st.integers(0, 10**16 - 1)


@given(cursors)
def test_show_and_cursor_undo_each_other(cursor: int) -> None:
    assert slack.cursor(slack.show(cursor)) == cursor


@given(st.from_regex(r"\A(0|[1-9][0-9]{0,9})\.[0-9]{6}\Z"))
def test_a_whole_ts_is_shown_as_it_came(ts: str) -> None:
    assert slack.show(slack.cursor(ts)) == ts


@given(cursors, cursors)
def test_cursors_order_like_time(one: int, other: int) -> None:
    def split(cursor: int) -> list[int]:
        return [int(part) for part in slack.show(cursor).split(".")]

    assert (one < other) == (split(one) < split(other))


def test_a_ts_tells_when_the_message_was_sent() -> None:
    assert slack.moment(slack.cursor("1593473566.000200")) == 1593473566_000
    assert slack.moment(slack.cursor("1593473566.9")) == 1593473566_900


@pytest.mark.parametrize("text", ["C024BE91L", "U1", "T0AB.U0CD"])
def test_it_knows_its_ids(text: str) -> None:
    assert slack.reader(text) == text


@pytest.mark.parametrize("text", ["", "c024", "C 1", "T1.U1.X", ".U1", "T1.", "C" * 22, "C1\n", "Ç1", "C1\0"])
def test_it_refuses_other_ids(text: str) -> None:
    with pytest.raises(InvalidValue):
        slack.reader(text)


def test_it_sends_no_read_events() -> None:
    with pytest.raises(NotFound):
        slack.challenge([("crc_token", "foo")])
    with pytest.raises(NotFound):
        slack.receive({}, b"{}", 0)
    with pytest.raises(NotFound):
        slack.read(b"{}", 0)
