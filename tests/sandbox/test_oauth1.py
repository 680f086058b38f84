"""Signatures of OAuth 1.0a, as X checks them at ``mark_read.json``."""

from typing import Any

import pytest
import tweepy

from tests.sandbox.callers import FORM, MARK_READ, call, error, mark, tweepy_api
from tests.sandbox.conftest import ALICE, BOB, CHARLIE, Clock, Drive, Driver
from webhook_app.sandbox.config import Account

EVENT = 1247310121283321862


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, 215),
        ("", 215),
        ("Basic YTpi", 215),
        ("Bearer bearer-token", 215),
        ("OAuth", 215),
        ("OAuth ", 215),
        ("OAuth nonsense", 215),
        ('OAuth realm="x"', 32),
    ],
)
def test_it_refuses_callers_without_a_signature(driver: Driver, header: str | None, code: int) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = driver.call("POST", MARK_READ, data=mark(7, CHARLIE), headers=headers)
    assert error(answer) == (401, code)
    assert driver.get("/windows")["items"] == []


@pytest.mark.parametrize(
    ("oauth", "code"),
    [
        ({"client_secret": "another"}, 32),
        ({"resource_owner_secret": "another"}, 32),
        ({"client_key": "another"}, 32),
        ({"signature_method": "PLAINTEXT"}, 32),
        ({"signature_method": "HMAC-SHA256"}, 32),
        ({"account": Account(ALICE.access_token, BOB.access_token_secret)}, 32),
        ({"resource_owner_key": "1245855954975051776-else"}, 89),
        ({"resource_owner_key": "7-nobody"}, 89),
        ({"resource_owner_key": None}, 89),
        ({"timestamp": str(1_795_219_200 + 301)}, 135),
        ({"timestamp": str(1_795_219_200 - 301)}, 135),
        ({"timestamp": "now"}, 135),
        ({"timestamp": "9" * 13}, 135),
    ],
)
def test_it_refuses_signatures(drive: Drive, oauth: dict[str, Any], code: int) -> None:
    driver = drive(Clock(1_795_219_200))
    ingredients: dict[str, Any] = {"timestamp": "1795219200", **oauth}
    assert error(call(driver, form=mark(7, CHARLIE), **ingredients)) == (401, code)
    assert driver.get("/windows")["items"] == []


@pytest.mark.parametrize(
    "oauth",
    [
        {"timestamp": str(1_795_219_200 + 300)},
        {"timestamp": str(1_795_219_200 - 300)},
        # What oauthlib's own checks refuse.
        {"nonce": "1"},
        {"nonce": "a-b_c.d~" * 20},
        {"nonce": "+/= &"},
    ],
)
def test_it_accepts_clocks_somewhat_off_and_any_nonce(drive: Drive, oauth: dict[str, Any]) -> None:
    driver = drive(Clock(1_795_219_200))
    ingredients: dict[str, Any] = {"timestamp": "1795219200", **oauth}
    assert call(driver, form=mark(7, CHARLIE), **ingredients).status_code == 204


def test_it_can_stand_in_another_year(drive: Drive) -> None:
    driver = drive(Clock(1_600_000_000), signature_skew=float("inf"))
    assert call(driver, form=mark(7, CHARLIE)).status_code == 204


def test_query_and_form_are_signed_and_json_is_not(driver: Driver) -> None:
    signed = call(driver, query={"recipient_id": CHARLIE}, form={"last_read_event_id": "7"})
    oauth = {"Authorization": str(signed.request.headers["Authorization"])}
    form = {"Content-Type": FORM, **oauth}
    path = f"{MARK_READ}?recipient_id={CHARLIE}"
    again = driver.call("POST", path, data="last_read_event_id=7", headers=form)
    altered = driver.call("POST", path, data="last_read_event_id=8", headers=form)
    moved = driver.call("POST", f"{MARK_READ}?recipient_id=42", data="last_read_event_id=7", headers=form)
    broken = driver.call("POST", path + "&x=<", data="last_read_event_id=7", headers=form)
    answers = (signed, again, altered, moved, broken)
    assert [answer.status_code for answer in answers] == [204, 204, 401, 401, 401]
    signed = call(driver, json=mark(7, CHARLIE))
    oauth = {"Authorization": str(signed.request.headers["Authorization"])}
    altered = driver.call("POST", MARK_READ, json=mark(8, CHARLIE), headers=oauth)
    assert [signed.status_code, altered.status_code] == [204, 204]


def test_a_revoked_token_is_no_token_until_it_is_authorised_again(driver: Driver) -> None:
    api = tweepy_api(driver)
    driver.do("/revoke", user=ALICE.user_id)
    with pytest.raises(tweepy.Unauthorized) as refused:
        api.mark_direct_message_read(EVENT, CHARLIE)
    assert refused.value.api_codes == [89]
    driver.do("/authorize", user=ALICE.user_id, expect=200)
    api.mark_direct_message_read(EVENT, CHARLIE)
