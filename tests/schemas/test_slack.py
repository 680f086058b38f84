"""The arguments of Slack's mark calls, and the answer of `auth.test`."""

from typing import Any

import pytest

from schemas.slack import MARK_CALL, TOKEN_OWNER, ValidationError, microseconds

GOOD = {"channel": "C012345678", "ts": "1593473566.000200"}


def test_it_loads_channel_and_microseconds() -> None:
    loaded = MARK_CALL.load({**GOOD, "token": "xoxb-1", "unheard_of": "1"})
    assert loaded == {"channel": "C012345678", "ts": 1593473566000200}


@pytest.mark.parametrize(
    "channel", ["C00", "D" + "Z" * 20, "G1234567890", "C0AB12CD3"]
)  # fmt: skip
def test_it_knows_a_channel(channel: str) -> None:
    assert MARK_CALL.load({**GOOD, "channel": channel})["channel"] == channel


@pytest.mark.parametrize(
    "channel",
    [None, "", "C0", "C" + "Z" * 21, "U012345678", "c012345678", "C01234567\n", "C0123456é", "general", 5],
)  # fmt: skip
def test_it_names_the_channel_that_is_none(channel: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        MARK_CALL.load({**GOOD, "channel": channel})
    assert list(caught.value.messages_dict) == ["channel"]


@pytest.mark.parametrize(
    "ts", [None, "", "1.", "now", "12345678901", "1.1234567", "-1", "\u0661", 1, 1.5, ["1"]]
)
def test_it_names_the_ts_that_is_none(ts: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        MARK_CALL.load({**GOOD, "ts": ts})
    assert list(caught.value.messages_dict) == ["ts"]


def test_both_are_required() -> None:
    with pytest.raises(ValidationError) as caught:
        MARK_CALL.load({})
    assert set(caught.value.messages_dict) == {"channel", "ts"}


def test_a_fraction_is_padded_on_the_right() -> None:
    assert microseconds("1.5") == 1_500_000
    assert microseconds("1.000005") == 1_000_005
    assert microseconds("1.5.5") is None


def test_an_owner_has_a_team_and_a_user() -> None:
    loaded = TOKEN_OWNER.load({"ok": True, "team_id": "T1", "user_id": "U1", "url": "https://x.slack.com/"})
    assert loaded == {"team_id": "T1", "user_id": "U1", "team": "", "user": ""}
    for said in ({}, {"team_id": "T1"}, {"user_id": "U1"}, {"team_id": None, "user_id": "U1"}):
        with pytest.raises(ValidationError):
            TOKEN_OWNER.load(said)
