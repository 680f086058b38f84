"""Asks X about the app, its accounts and our clock, and tries the webhook's address as X does."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import requests

from webhook_app.domain.finding import Finding, Patient, doubt, ok, skipped, unknown, wrong
from webhook_app.domain.outbox import Verdict
from webhook_app.errors import DeliveryError
from webhook_app.platforms.json_body import parse
from webhook_app.platforms.twitter_address import Sign, examine_address
from webhook_app.platforms.twitter_answers import read_date
from webhook_app.platforms.twitter_connections import Connections
from webhook_app.platforms.twitter_delivery import TIMEOUT, Delivery

#: Of X's five minutes for the timestamp of a signed call, a good part.
APART = 60.0  # seconds
#: Accounts that are asked about at a time.
AT_A_TIME = 8
#: What `x-access-level` must say: nothing less lets mark_read through.
LEVEL = "read-write-directmessages"
RESOURCE = "/direct_messages/mark_read"
CONNECT = "readmark accounts connect, or TWITTER_ACCESS_TOKEN if the settings give it"
PERMIT = (
    "in X's developer console give the app Read, write, and DMs, then connect the account again:"
    " a token keeps what it was given with"
)
#: What helps against X's codes (`twitter_codes`); others say it themselves.
REMEDIES = {
    32: "check TWITTER_CONSUMER_KEY and its secret, then the account's token and its secret",
    215: "check TWITTER_CONSUMER_KEY and its secret, then the account's token and its secret",
    135: "set this machine's clock",
    89: f"the token is dead; connect the account again: {CONNECT}",
    99: f"the token is dead; connect the account again: {CONNECT}",
    64: "log in to X as this account, and come to terms",
    326: "log in to X as this account, and unlock it",
    416: "X has suspended the app; see X's developer console",
    453: "take an access tier that has direct messages, in X's developer console",
    **dict.fromkeys((87, 93, 220, 261), PERMIT),
}


class App(NamedTuple):
    """What X knows the app by, and where X is."""

    url: str
    #: Consumer key and secret, if both are set.
    keys: tuple[str, str] | None
    #: What makes the right answer to a check, if the secret is set.
    sign: Sign | None


def examine(
    app: App, patients: Sequence[Patient], addresses: Sequence[str], clock: Callable[[], int]
) -> Iterator[Finding]:
    """Every finding; `clock` in milliseconds. Each question takes ten seconds at most."""
    if app.sign is None and not patients and not addresses:
        yield skipped("twitter", "not configured")
        return
    yield _examine_clock(app.url, clock)
    for address in addresses:
        yield from examine_address(address, app.sign)
    if not addresses:
        yield skipped("twitter address", "not known", "readmark doctor --url ADDRESS checks one")
    if app.keys is None and patients:
        words = "TWITTER_CONSUMER_KEY and TWITTER_CONSUMER_SECRET are not both set: nothing is marked"
        yield wrong("twitter app", words, "set them, and start readmark again")
    elif app.keys is not None:
        look = partial(_examine_account, Delivery(app.url), app.keys)
        with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="examination") as pool:
            for findings in pool.map(lambda patient: list(look(patient)), patients):
                yield from findings


def _examine_clock(url: str, clock: Callable[[], int]) -> Finding:
    """Whether X answers, and what time it is there: to no tenth of a second, for its Date has none."""
    subject, session = "twitter clock", requests.Session()
    Connections(plain=False).open(session)
    began, now = time.monotonic(), clock()
    try:
        # Unsigned, so that it also tells when nothing signed gets through.
        path = "/1.1/application/rate_limit_status.json"
        answer = session.get(url.rstrip("/") + path, timeout=TIMEOUT, allow_redirects=False)
    except (requests.exceptions.RequestException, ValueError) as error:
        words = f"X does not answer at {url} ({type(error).__name__})"
        return unknown(subject, words, "look at this machine's network")
    there = read_date(answer.headers.get("date"))
    if there is None:
        return unknown(subject, f"what answers at {url} does not say what time it is")
    middle = now + (time.monotonic() - began) * 500
    apart = abs(there + 500 - middle) / 1000
    words = f"X answers, and our clock is {apart:.0f} s off its own"
    if apart < APART:
        return ok(subject, words)
    return wrong(subject, words, "set this machine's clock by NTP; X refuses what is signed 5 minutes off")


def _examine_account(door: Delivery, app: tuple[str, str], patient: Patient) -> Iterator[Finding]:
    subject = f"twitter/{patient.id}"
    keys = (*app, patient.credentials["access_token"], patient.credentials["access_token_secret"])
    try:
        answer = door.verify(keys)
    except DeliveryError as error:
        yield _refused(subject, "its token", error)
        return
    yield _judge_level(subject, answer.headers.get("x-access-level", ""))
    try:
        told = _budget(door.status(keys).content)
    except DeliveryError as error:
        yield _refused(subject, "its budget", error)
        return
    yield _judge_budget(subject, told, patient.spent())


def doubt_level(url: str, app: tuple[str, str], credentials: Mapping[str, str]) -> str:
    """What a new token may not do, in a sentence; empty if it may do all, or X does not say."""
    keys = (*app, credentials["access_token"], credentials["access_token_secret"])
    try:
        level = Delivery(url).verify(keys).headers.get("x-access-level", LEVEL)
    except DeliveryError:
        return ""
    return "" if level == LEVEL else f"{_short_of(level)}: {PERMIT}."


def _short_of(level: str) -> str:
    return f"its token is good for {level} only, not for direct messages"


def _refused(subject: str, what: str, error: DeliveryError) -> Finding:
    match = re.match(r"\d+", str(error))
    remedy = REMEDIES.get(int(match[0]), "") if match else ""
    words = f"X refuses {what}: {error}"
    if error.verdict is Verdict.WINDOW:
        return unknown(subject, f"X was asked too often: {error}", "ask again in a quarter of an hour")
    if error.verdict is Verdict.RETRY:
        return unknown(subject, f"X cannot say: {error}", "ask again")
    return wrong(subject, words, remedy)


def _judge_level(subject: str, level: str) -> Finding:
    """What the token may do, by the header that X adds to answers to signed calls."""
    if level == LEVEL:
        return ok(subject, "its token is good for reading, writing and direct messages")
    if not level:
        return unknown(
            subject, "X takes its token, and does not say what it may do", "mark something, and see"
        )
    return wrong(subject, _short_of(level), PERMIT)


def _budget(body: bytes) -> tuple[int, int] | None:
    """Limit of and calls left in the window of `mark_read`; None if X does not list it."""
    try:
        row = parse(body)["resources"]["direct_messages"][RESOURCE]
        return int(row["limit"]), int(row["remaining"])
    except (ValueError, KeyError, TypeError):
        return None


def _judge_budget(subject: str, told: tuple[int, int] | None, ours: int | None) -> Finding:
    """Whether others spend what we count; ours is read last and counted before the call, so never behind."""
    if told is None:
        return skipped(subject, "X does not tell what is left of its calls of mark_read")
    limit, left = told
    spent = limit - left
    words = f"X has counted {spent} of {limit} calls in this window"
    if ours is None:
        return skipped(subject, f"{words}; ours cannot be read")
    if spent <= ours:
        return ok(subject, f"{words}, we {ours}")
    remedy = "mark by readmark only, or lower TWITTER_MARK_READ_LIMIT by what they need"
    return doubt(subject, f"{words}, we {ours}: somebody else marks with the same app and account", remedy)
