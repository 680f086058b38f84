"""A webhook's address is tried as X tries it: what X would give up, or a stranger could use, is found."""

import threading

import flask
import pytest

from tests.cli.examined import NOWHERE
from tests.cli.serving import serving
from tests.sandbox.consumer import Consumer, Received, Reply, signature
from webhook_app.domain.finding import Finding
from webhook_app.platforms.twitter_address import PATIENCE, Patience, examine_address

SECRET = "consumer-secret"


def sign(token: str) -> str:
    """The right answer."""
    return signature(SECRET, token.encode())


def found(address: str, patience: Patience = PATIENCE) -> dict[str, Finding]:
    """Findings by subject, of which each has one."""
    findings = list(examine_address(address, sign, patience))
    assert len({one.subject for one in findings}) == len(findings)
    return {one.subject.removeprefix("twitter "): one for one in findings}


@pytest.mark.parametrize(
    ("reply", "words", "remedy"),
    [
        (Reply(302, headers=(("Location", "https://elsewhere"),)), "redirects to https://elsewhere", "stop"),
        (Reply(302, headers=(("Location", "http://[:x"),)), "redirects to http://[:x", "stop"),
        (Reply(304, headers=(("Location", "x"),)), "answers 304", "let GET and POST"),
        (Reply(503), "answers 503", "TWITTER_CONSUMER_SECRET"),
        (Reply(403), "answers 403", "let GET and POST"),
        (Reply(body=b"<html>", content_type="text/html; charset=utf-8"), "answers in text/html", "place"),
        (Reply(body=b"["), "answers with a wrong token", "same TWITTER_CONSUMER_SECRET"),
        (Reply(body=b'{"response_token": "sha256=x"}'), "answers with a wrong token", "same"),
        (Reply(body=b'{"response_token": "\\u00e9"}'), "answers with a wrong token", "same"),
    ],
)
def test_an_answer_that_x_would_not_take_is_wrong(reply: Reply, words: str, remedy: str) -> None:
    with Consumer(SECRET, crc_reply=reply) as consumer:
        one = found(consumer.url)["address"]
    assert one.judgement == "wrong"
    assert words in one.words
    assert remedy in one.remedy


class Late(Consumer):
    """A consumer that thinks before it answers."""

    seconds = 0.4

    def answer_challenge(self, received: Received) -> Reply:
        """The right answer, late."""
        threading.Event().wait(self.seconds)
        return super().answer_challenge(received)


@pytest.mark.parametrize(
    ("patience", "judgement", "words"),
    [
        (Patience(slow=0.2), "doubt", "answers the check rightly in "),
        (Patience(slow=0.1, late=0.2), "wrong", "; X waits 0.2 s"),
        (Patience(read=0.2), "wrong", "does not answer in time; X waits 3 s"),
    ],
)
def test_an_answer_that_comes_late_is_found(patience: Patience, judgement: str, words: str) -> None:
    with Late(SECRET) as consumer:
        one = found(consumer.url, patience)["address"]
    assert one.judgement == judgement
    assert words in one.words


def test_what_a_framework_does_by_itself_is_found() -> None:
    app = flask.Flask(__name__)

    @app.get("/webhooks/twitter/")
    def sign_anything() -> dict[str, str]:
        return {"response_token": sign(flask.request.args["crc_token"])}

    with serving(app) as url:
        there = found(f"{url}/webhooks/twitter/")
        redirected = found(f"{url}/webhooks/twitter")
    assert there["address"].judgement == "ok"
    assert there["slash"].judgement == "doubt"
    assert there["forgery"].judgement == "wrong"
    assert "redirects to" in redirected["address"].words


def test_a_certificate_that_nobody_vouches_for_is_wrong() -> None:
    app = flask.Flask(__name__)
    with serving(app, tls="adhoc") as url:
        one = found(url)["address"]
    assert one.judgement == "wrong"
    assert "does not convince by TLS" in one.words


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://your.host/webhooks/twitter", "is not https"),
        ("https://your.host:8443/webhooks/twitter", "names a port"),
        ("https://your.host:x/webhooks/twitter", "is not an address"),
        (f"{NOWHERE}/webhooks/twitter", "cannot be reached"),
    ],
)
def test_an_address_that_leads_nowhere_is_wrong(address: str, words: str) -> None:
    findings = found(address)
    assert list(findings) == ["address"]
    assert findings["address"].judgement == "wrong"
    assert words in findings["address"].words


def test_without_the_secret_no_answer_is_right_or_wrong() -> None:
    with Consumer(SECRET) as consumer:
        (one,) = examine_address(consumer.url, None)
        assert (one.judgement, consumer.challenges) == ("skipped", [])
