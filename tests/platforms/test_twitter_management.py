"""What X keeps for us is asked for safely: whatever answers, in time, bounded, and with these credentials."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.far_end import Answer, FarEnd
from tests.platforms.slow_end import Pieces, SlowEnd
from webhook_app.errors import ManagementError, NotConfigured
from webhook_app.platforms.twitter import Twitter
from webhook_app.platforms.twitter_management import TwitterManagement
from webhook_app.platforms.twitter_sdk import LONGEST
from webhook_app.settings import Settings

BEARER, TOKEN = "bearer-of-the-tests", {"access_token": "1245-token", "access_token_secret": "token-secret"}
SECRETS = (BEARER, "consumer-secret", *TOKEN.values())


def manage(url: str, seconds: float = 5.0) -> TwitterManagement:
    """X behind this address."""
    return TwitterManagement(url, BEARER, ("consumer-key", "consumer-secret"), (seconds, seconds))


def page(*rows: Any, **meta: Any) -> Answer:
    """A list as v2 answers it."""
    return Answer(200, json.dumps({"data": rows, "meta": {"result_count": len(rows), **meta}}).encode())


def activity(number: int, webhook: str = "7", user: str | None = "1245", kind: str = "dm.read") -> Any:
    """A subscription of X Activity."""
    filter_ = {"user_id": user} if user else {"keyword": "cats"}
    return {"subscription_id": str(number), "event_type": kind, "filter": filter_, "webhook_id": webhook}


@pytest.mark.parametrize("said", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "soon", ""])
def test_a_date_that_nobody_can_write_is_none(said: str, far_end: FarEnd) -> None:
    row = {"id": "7", "url": "https://readmark.example/", "valid": True, "created_at": said}
    far_end.always = page(row)
    (found,) = manage(far_end.url).webhooks()
    assert found.created_at == 0


CALLS: list[Callable[[TwitterManagement], Any]] = [
    lambda x: x.webhooks(),
    lambda x: x.register("https://readmark.example/"),
    lambda x: x.validate("7"),
    lambda x: x.delete("7"),
    lambda x: x.subscriptions("7"),
    lambda x: x.subscribe("7", "1245", TOKEN, ["account_activity"]),
    lambda x: x.subscribe("7", "1245", TOKEN, ["dm.read"]),
    lambda x: x.unsubscribe("7", "1245", ["account_activity"]),
    lambda x: x.replay("7", 0, 60_000),
]
TROUBLES = [
    (Answer(302, b"", (("Location", "http://127.0.0.1:9/2/webhooks"),)), "sends us elsewhere"),
    (Answer(200, b"<html>hello</html>"), "does not speak as X does: see"),
    (Answer(200, b'{"data": 5}'), "does not speak as X does: see"),
    (Answer(304), "does not speak as X does: see"),
    (Answer(302, b"", (("Location", "http://\xff"),)), "does not speak as X does: see"),
    (Answer(drop=True), "X did not answer (ConnectionError)"),
    (Answer(200, b"{}", cut=True), "X did not answer (ChunkedEncodingError)"),
]


@pytest.mark.parametrize(("answer", "said"), TROUBLES, ids=[row[1] for row in TROUBLES])
def test_whatever_answers_each_call_ends_in_a_sentence(far_end: FarEnd, answer: Answer, said: str) -> None:
    far_end.always = answer
    for call in CALLS:
        far_end.came.clear()
        with pytest.raises(ManagementError, match=said.replace("(", r"\(").replace(")", r"\)")) as caught:
            call(manage(far_end.url))
        assert not [secret for secret in SECRETS if secret in str(caught.value)]
        assert len(far_end.came) == 1


def test_a_call_does_not_wait_for_ever(far_end: FarEnd) -> None:
    far_end.always = Answer(hang=True)
    with pytest.raises(ManagementError, match="X did not answer") as caught:
        manage(far_end.url, 0.2).webhooks()
    assert caught.value.temporary


def test_an_answer_may_be_as_long_as_a_page_of_subscriptions_and_no_longer() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    with SlowEnd() as slow_end:
        for length in (LONGEST - 1000, LONGEST + 1000):
            slow_end.answers.append(Pieces([head % length, page().body.ljust(length)]))
        assert manage(slow_end.url).webhooks() == []
        with pytest.raises(ManagementError, match="X did not answer"):
            manage(slow_end.url).webhooks()


def test_what_the_user_has_in_netrc_is_not_sent(
    far_end: FarEnd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    far_end.always = page()
    assert manage(far_end.url).webhooks() == []
    assert far_end.came[0].headers["authorization"] == f"Bearer {BEARER}"
    assert far_end.came[0].headers["accept-encoding"] == "identity"


def test_who_asks_is_the_app_and_to_subscribe_the_account(far_end: FarEnd) -> None:
    far_end.answers += [page(), Answer(200, b'{"data":{"subscription":{"subscription_id":"5"}}}')]
    (new,) = manage(far_end.url).subscribe("7", "1245", TOKEN, ["dm.read"])
    assert new == ("5", "1245", "dm.read", "7")
    first, second = far_end.came
    assert (first.method, first.headers["authorization"]) == ("GET", f"Bearer {BEARER}")
    assert second.headers["authorization"].startswith("OAuth ")
    assert 'oauth_token="1245-token"' in second.headers["authorization"]
    assert json.loads(second.body) == {
        "event_type": "dm.read", "filter": {"user_id": "1245"}, "webhook_id": "7",
    }  # fmt: skip


def test_all_pages_of_subscriptions_are_read_and_a_loop_of_them_ends(far_end: FarEnd) -> None:
    many = [activity(number) for number in range(1000)]
    gone = Answer(410, b'{"errors":[{"code":251,"message":"Retired."}]}')
    # Account Activity has ended; others' subscriptions and those of keywords are none of this webhook's.
    far_end.answers += [
        gone,
        page(*many, next_token="b"),
        page(activity(1000), activity(1, "8"), activity(2, user=None)),
    ]
    assert len(manage(far_end.url).subscriptions("7")) == 1001
    assert "pagination_token=b" in far_end.came[-1].path
    far_end.answers.append(gone)
    far_end.always = page(next_token="again")
    with pytest.raises(ManagementError):
        manage(far_end.url).subscriptions("7")


def test_a_replay_is_asked_for_in_minutes_of_utc(far_end: FarEnd) -> None:
    far_end.always = Answer(200, b'{"data":{"job_id":"11","created_at":"2026-11-21T00:00:00.000Z"}}')
    assert manage(far_end.url).replay("7", 1_795_219_200_000, 1_795_222_800_000) == "11"
    asked = {"webhook_id": "7", "from_date": "202611210000", "to_date": "202611210100"}
    assert json.loads(far_end.came[0].body) == asked


def test_what_is_not_configured_is_named(far_end: FarEnd) -> None:
    with pytest.raises(NotConfigured, match="TWITTER_BEARER_TOKEN is not set"):
        Twitter(Settings()).management()
    # Its message would go into a header, and into an exception with it.
    with pytest.raises(NotConfigured, match="TWITTER_BEARER_TOKEN is not a bearer token"):
        Twitter(Settings(twitter_bearer_token="bearer\u2028token")).management()
    alone = TwitterManagement(far_end.url, BEARER, None)
    with pytest.raises(NotConfigured, match="TWITTER_CONSUMER_KEY"):
        alone.subscribe("7", "1245", TOKEN, ["account_activity"])
    assert far_end.came == []
