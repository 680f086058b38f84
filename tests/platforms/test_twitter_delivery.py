"""X called by tweepy."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.platforms.far_end import Answer, FarEnd
from webhook_app.domain.outbox import State, Verdict
from webhook_app.domain.rate import CALL_TIMEOUT, Word
from webhook_app.errors import DeliveryError, InvalidValue
from webhook_app.platforms.native import Request
from webhook_app.platforms.twitter import Twitter
from webhook_app.platforms.twitter_delivery import TIMEOUT, Delivery
from webhook_app.platforms.twitter_oauth import signer
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.settings import Settings

KEYS = ("consumer-key", "consumer-secret", "1245-abc", "secret")
MARK = (KEYS, "1693649419", "1247310121283321862")
CREDENTIALS = {"access_token": "1245-abc", "access_token_secret": "secret"}


def twitter(url: str) -> Twitter:
    """X at this URL."""
    return Twitter(
        Settings(twitter_consumer_key=KEYS[0], twitter_consumer_secret=KEYS[1], twitter_api_url=url)
    )


def refused(far_end: FarEnd, answer: Answer) -> DeliveryError:
    """What becomes of this answer to a mark."""
    far_end.answers.append(answer)
    with pytest.raises(DeliveryError) as caught:
        Delivery(far_end.url).mark(*MARK)
    return caught.value


def test_a_mark_is_signed_and_in_the_query(far_end: FarEnd) -> None:
    assert twitter(far_end.url).deliver("1245", CREDENTIALS, "1693649419", 1247310121283321862) == Word()
    (came,) = far_end.came
    url = urlsplit(came.path)
    assert url.path == "/1.1/direct_messages/mark_read.json"
    assert dict(parse_qsl(url.query)) == {
        "last_read_event_id": "1247310121283321862",
        "recipient_id": "1693649419",
    }
    assert came.body == b""
    # By tweepy's own clock.
    now = int(came.headers["authorization"].partition('oauth_timestamp="')[2][:10]) * 1000
    headers = {"Authorization": came.headers["authorization"]}
    asked = Request("POST", far_end.url + url.path, url.path, url.query, headers, b"")
    assert signer(asked, (KEYS[0], KEYS[1]), {"1245-abc": "secret"}.get, now) == "1245-abc"


def test_threads_share_the_connections_and_not_the_keys(far_end: FarEnd) -> None:
    delivery = Delivery(far_end.url)
    users = [str(user) for user in range(1, 81)]
    with ThreadPoolExecutor(8) as pool:
        words = list(pool.map(lambda user: delivery.mark((*KEYS[:2], f"{user}-abc", "s"), user, "5"), users))
    assert words == [Word()] * 80
    assert len(far_end.connections) <= 8
    for came in far_end.came:
        assert f'oauth_token="{came.path.rpartition("=")[2]}-abc"' in came.headers["authorization"]


def test_a_call_lasts_no_longer_than_a_claim() -> None:
    assert sum(TIMEOUT) <= CALL_TIMEOUT / 1000


def test_an_answer_that_does_not_come_is_given_up(far_end: FarEnd) -> None:
    far_end.always = Answer(hang=True)
    with pytest.raises(DeliveryError) as caught:
        Delivery(far_end.url, (60, 0.1)).mark(*MARK)
    assert (caught.value.verdict, caught.value.word) == (Verdict.RETRY, None)
    assert len(far_end.came) <= 1


@pytest.mark.parametrize(
    ("answer", "verdict", "state", "words"),
    [
        (Answer(403, b'{"errors":[{"code":150,"message":"No."}]}'), Verdict.PEER, None, "150 No."),
        (Answer(401, b'{"errors":[{"code":89,"message":"Expired."}]}'), Verdict.ACCOUNT, State.REVOKED,
         "89 Expired."),
        (Answer(403, b'{"errors":[{"code":453,"message":"Pay."}]}'), Verdict.PLATFORM, State.SUSPENDED,
         "453 Pay."),
        (Answer(503, b'{"errors":[{"code":130,"message":"Over."}]}'), Verdict.RETRY, None, "130 Over."),
        # All that tweepy stumbles over.
        (Answer(400, b"[1]"), Verdict.RETRY, None, "HTTP 400"),
        (Answer(400, b'{"errors": null}'), Verdict.RETRY, None, "HTTP 400"),
        (Answer(400, b'{"errors": [5]}'), Verdict.RETRY, None, "HTTP 400"),
        (Answer(403, b'{"errors":[{"code":150,"message":"No."}]}', (("x-rate-limit-reset", "soon"),)),
         Verdict.PEER, None, "150 No."),
        (Answer(403, b"<html>"), Verdict.RETRY, None, "HTTP 403"),
        (Answer(404), Verdict.RETRY, None, "HTTP 404"),
        # A page in between that means well, and one that leads elsewhere.
        (Answer(200, b"<html>Log in to the network"), Verdict.RETRY, None, "HTTP 200"),
        (Answer(302, headers=(("Location", "/elsewhere"),)), Verdict.RETRY, None, "HTTP 302"),
    ],
)  # fmt: skip
def test_answers_are_sorted(
    answer: Answer, verdict: Verdict, state: State | None, words: str, far_end: FarEnd
) -> None:
    error = refused(far_end, answer)
    assert (error.verdict, error.state, str(error), error.word) == (verdict, state, words, None)
    assert len(far_end.came) == 1


def test_a_success_may_tell_the_window(far_end: FarEnd) -> None:
    headers = (("x-rate-limit-limit", "1000"), ("x-rate-limit-remaining", "998"),
               ("x-rate-limit-reset", "1795220100"), ("Date", "Sat, 21 Nov 2026 00:00:00 GMT"))  # fmt: skip
    far_end.always = Answer(204, headers=headers)
    assert Delivery(far_end.url).mark(*MARK) == Word(1000, 998, 900_000)


def test_a_rate_limit_without_headers_does_not_spin(far_end: FarEnd) -> None:
    far_end.always = Answer(429, headers=(("x-rate-limit-remaining", "0"),))
    error = refused(far_end, far_end.always)
    assert (error.verdict, error.word) == (Verdict.WINDOW, Word(remaining=0, refused=True))
    assert len(far_end.came) == 1


@pytest.mark.parametrize(("told", "wait"), [("120", 120_000), ("0", 0), ("soon", None), ("86401", None)])
def test_what_is_down_for_a_while_says_for_how_long(told: str, wait: int | None, far_end: FarEnd) -> None:
    error = refused(far_end, Answer(503, b"<html>", (("Retry-After", told),)))
    assert (error.verdict, error.word, error.wait) == (Verdict.RETRY, None, wait)


def test_a_base_url_may_have_a_path(far_end: FarEnd) -> None:
    Delivery(f"{far_end.url}/proxy/").mark(*MARK)
    assert far_end.came[0].path.startswith("/proxy/1.1/direct_messages/")


def test_without_a_consumer_key_it_waits() -> None:
    with pytest.raises(DeliveryError, match="TWITTER_CONSUMER_KEY") as caught:
        Twitter(Settings()).deliver("1245", CREDENTIALS, "42", 5)
    assert (caught.value.verdict, caught.value.word) == (Verdict.RETRY, None)


@pytest.mark.parametrize(
    "token", ["1245", "-abc", "ann-abc", "1245-", "9" * 20 + "-a", "9" * 19 + "-a", "1245-a b"]
)
def test_an_access_token_begins_with_its_user(token: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Twitter(Settings()).introduce({**CREDENTIALS, "access_token": token})
    assert caught.value.field == "access_token"


def test_it_knows_the_user_of_an_access_token() -> None:
    assert Twitter(Settings()).introduce(CREDENTIALS) == ("1245", "1245", "", None)


def test_both_parts_of_the_environments_token_are_needed() -> None:
    token, secret = CREDENTIALS.values()
    whole = Settings(twitter_access_token=token, twitter_access_token_secret=secret)
    assert Twitter(whole).configured() == CREDENTIALS
    assert Twitter(Settings(twitter_access_token=token)).configured() is None


def test_the_sandbox_takes_marks_and_refuses_wrong_keys() -> None:
    bot = Account("1245-abc", "secret")
    with Sandbox(SandboxConfig(KEYS[0], KEYS[1], "bearer", (bot,), reads_per_second=0.001)) as sandbox:
        platform = twitter(sandbox.url)
        assert platform.deliver("1245", CREDENTIALS, "42", 1247310121283321862) == Word()
        with pytest.raises(DeliveryError) as caught:
            platform.deliver("1245", {**CREDENTIALS, "access_token_secret": "x"}, "42", 1247310121283321862)
    assert caught.value.verdict is Verdict.ACCOUNT
    assert str(caught.value).startswith("32 ")
