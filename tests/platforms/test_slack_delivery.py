"""Slack called by its own SDK."""

import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest
from urllib3 import Timeout

from tests.platforms.far_end import Answer, FarEnd
from webhook_app.domain.outbox import State, Verdict
from webhook_app.domain.rate import CALL_TIMEOUT, Word
from webhook_app.errors import DeliveryError, InvalidValue
from webhook_app.platforms.slack import Slack
from webhook_app.platforms.slack_delivery import CONNECT, READ, Delivery
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.settings import Settings

OWNER = (
    b'{"ok":true,"url":"https://t.slack.com/","team":"My Team","user":"bot","team_id":"T1","user_id":"U1"}'
)
MARK = ("xoxb-1", "C012345678", "1593473566.000200")
OK = Answer(body=b'{"ok":true}')


def slack(far_end: FarEnd) -> Slack:
    """Slack at this end."""
    return Slack(Settings(slack_api_url=f"{far_end.url}/api/"))


def refused(far_end: FarEnd, answer: Answer) -> DeliveryError:
    """What becomes of this answer to a mark."""
    far_end.answers.append(answer)
    with pytest.raises(DeliveryError) as caught:
        Delivery(f"{far_end.url}/api/").mark(*MARK)
    return caught.value


def test_a_mark_leaves_as_conversations_mark(far_end: FarEnd) -> None:
    far_end.always = OK
    assert slack(far_end).deliver("T1.U1", {"token": "xoxb-1"}, "G012345678", 1593473566000200) == Word()
    (came,) = far_end.came
    assert came.path == "/api/conversations.mark"
    assert came.headers["authorization"] == "Bearer xoxb-1"
    assert came.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(came.body.decode()) == {"channel": ["G012345678"], "ts": ["1593473566.000200"]}


def test_threads_share_the_connections(far_end: FarEnd) -> None:
    far_end.always = OK
    delivery = Delivery(f"{far_end.url}/api/")
    with ThreadPoolExecutor(8) as pool:
        words = list(pool.map(lambda _: delivery.mark(*MARK), range(80)))
    assert words == [Word()] * 80
    assert len(far_end.connections) <= 8


def test_calls_go_through_the_proxy_of_the_environment(
    far_end: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    far_end.always = OK
    monkeypatch.setenv("HTTP_PROXY", far_end.url.replace("//", "//us%65r:word@"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    delivery = Delivery("http://slack.invalid/api/")
    for _ in range(3):
        delivery.mark(*MARK)
    Delivery(f"{far_end.url}/api/").mark(*MARK)
    through = "http://slack.invalid/api/conversations.mark"
    assert [came.path for came in far_end.came] == [through] * 3 + ["/api/conversations.mark"]
    assert far_end.came[0].headers["proxy-authorization"] == f"Basic {b64encode(b'user:word').decode()}"
    assert len(far_end.connections) == 2


def test_a_call_lasts_no_longer_than_a_claim() -> None:
    assert CONNECT + READ <= CALL_TIMEOUT / 1000


def test_an_answer_that_does_not_come_is_given_up(far_end: FarEnd) -> None:
    far_end.always = Answer(hang=True)
    with pytest.raises(DeliveryError) as caught:
        Delivery(f"{far_end.url}/api/", Timeout(connect=60, read=0.1)).mark(*MARK)
    assert (caught.value.verdict, caught.value.word) == (Verdict.RETRY, None)
    assert len(far_end.came) <= 1


@pytest.mark.parametrize(
    ("answer", "verdict", "state", "words"),
    [
        (Answer(body=b'{"ok":false,"error":"not_in_channel"}'), Verdict.PEER, None, "not_in_channel"),
        (Answer(body=b'{"ok":false,"error":"token_revoked"}'), Verdict.ACCOUNT, State.REVOKED,
         "token_revoked"),
        (Answer(503, b'{"ok":false,"error":"service_unavailable"}'), Verdict.RETRY, None,
         "service_unavailable"),
        (Answer(200, b"<html>Maintenance</html>"), Verdict.RETRY, None, "HTTP 200"),
        (Answer(200, b""), Verdict.RETRY, None, "HTTP 200"),
        (Answer(200, b"[]"), Verdict.RETRY, None, "HTTP 200"),
        (Answer(200, b"[1]"), Verdict.RETRY, None, "no answer (AttributeError)"),
        (Answer(404, b"<html>"), Verdict.RETRY, None, "HTTP 404"),
        # It is not followed: a POST would become a GET.
        (Answer(302, headers=(("Location", "/elsewhere"),)), Verdict.RETRY, None, "HTTP 302"),
    ],
)  # fmt: skip
def test_answers_are_sorted(
    answer: Answer, verdict: Verdict, state: State | None, words: str, far_end: FarEnd
) -> None:
    error = refused(far_end, answer)
    assert (error.verdict, error.state, str(error), error.word) == (verdict, state, words, None)
    assert len(far_end.came) == 1


def test_a_rate_limit_does_not_sleep_here(far_end: FarEnd) -> None:
    error = refused(far_end, Answer(429, b'{"ok":false,"error":"ratelimited"}', (("Retry-After", "3600"),)))
    assert (error.verdict, error.word) == (Verdict.WINDOW, Word(retry_in=3_600_000, refused=True))
    assert len(far_end.came) == 1


def test_what_is_down_for_a_while_says_for_how_long(far_end: FarEnd) -> None:
    error = refused(far_end, Answer(503, b"<html>", (("Retry-After", "120"),)))
    assert (error.verdict, error.word, error.wait) == (Verdict.RETRY, None, 120_000)


def test_auth_test_tells_whose_the_token_is(far_end: FarEnd) -> None:
    far_end.always = Answer(body=OWNER, headers=(("x-oauth-scopes", "im:write, channels:manage,"),))
    identity = slack(far_end).introduce({"token": "xoxb-1"})
    assert identity == ("T1.U1", "T1", "bot @ My Team", ("im:write", "channels:manage"))
    assert far_end.came[0].path == "/api/auth.test"


def test_a_name_is_kept_short_and_storable(far_end: FarEnd) -> None:
    odd = {"ok": True, "team": f"t\0{'x' * 300}", "user": "u\ud800", "team_id": "T1", "user_id": "U1"}
    far_end.always = Answer(body=json.dumps(odd).encode())
    name = slack(far_end).introduce({"token": "xoxb-1"}).name
    assert name.startswith("u\ufffd @ t\ufffdxxx")
    assert len(name) == 200


@pytest.mark.parametrize("ok", [b'"no"', b"1", b"[false]"])
def test_only_true_is_a_success(ok: bytes, far_end: FarEnd) -> None:
    assert refused(far_end, Answer(body=b'{"ok":%s}' % ok)).verdict is Verdict.RETRY


def test_scopes_may_not_be_told(far_end: FarEnd) -> None:
    far_end.always = Answer(body=OWNER)
    assert slack(far_end).introduce({"token": "xoxb-1"}).scopes is None


@pytest.mark.parametrize("error", [b"invalid_auth", b"account_inactive", b"token_revoked", b"token_expired"])
def test_a_dead_token_is_an_invalid_value(error: bytes, far_end: FarEnd) -> None:
    far_end.always = Answer(body=b'{"ok":false,"error":"%s"}' % error)
    with pytest.raises(InvalidValue, match=error.decode()) as caught:
        slack(far_end).introduce({"token": "xoxb-1"})
    assert caught.value.field == "token"


def test_an_app_level_token_is_not_even_tried(far_end: FarEnd) -> None:
    with pytest.raises(InvalidValue):
        slack(far_end).introduce({"token": "xapp-1-A1-1"})
    assert far_end.came == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, b"<html>"),
        Answer(drop=True),
        Answer(body=b'{"ok":true}'),
        Answer(body=b'{"ok":true,"team_id":5,"user_id":null}'),
        Answer(body=b'{"ok":false,"error":"ratelimited"}', status=429),
    ],
)
def test_slack_may_be_unable_to_tell(answer: Answer, far_end: FarEnd) -> None:
    far_end.always = answer
    with pytest.raises(DeliveryError):
        slack(far_end).introduce({"token": "xoxb-1"})


def test_the_sandbox_takes_marks_and_knows_the_token() -> None:
    bot = Account("1245-abc", "secret")
    with Sandbox(SandboxConfig("key", "secret", "bearer", (bot,), reads_per_second=0.001)) as sandbox:
        platform = Slack(Settings(slack_api_url=f"{sandbox.url}/api/"))
        identity = platform.introduce({"token": "xoxb-sandbox-bot"})
        assert (identity.id, identity.owner) == ("T0SANDBOX.U0BOT", "T0SANDBOX")
        assert "im:write" in (identity.scopes or ())
        word = platform.deliver(identity.id, {"token": "xoxb-sandbox-bot"}, "D0ALICE", 1593473566000200)
        assert word == Word()
        with pytest.raises(DeliveryError, match="channel_not_found"):
            platform.deliver(identity.id, {"token": "xoxb-sandbox-bot"}, "C0NOWHERE", 1593473566000200)
