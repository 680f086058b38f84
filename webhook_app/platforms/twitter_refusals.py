"""What X says when it does not manage, in plain words: what it means, and what to do.

Reasons are of docs.x.com, x-api/webhooks/introduction and x-api/account-activity/quickstart; problems of v2
are of x-api/fundamentals/response-codes-and-errors.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from webhook_app.errors import ManagementError
from webhook_app.platforms.json_body import clean, line, parse
from webhook_app.platforms.twitter_answers import MOST_WORDS, read_word

REASON = re.compile(r"([A-Z][A-Za-z]{3,60})(?:: (.*))?", re.DOTALL)
#: The classic code, and v2's reasons, of an access tier that does not have what was asked for.
TIER_CODE, TIER_REASONS = 453, ("client-not-enrolled", "official-client-forbidden")
#: The reason given here to an endpoint that X has taken away.
GONE = "Gone"


class Sentence(NamedTuple):
    """What a reason means and what to do; `{words}` is what X says of it.

    `{about}` is what was asked for, of a webhook its id; `{place}` names that for what it is.
    """

    text: str
    temporary: bool = False


REASONS = {
    "CrcValidationFailed": Sentence(
        "X called {place} and did not get the right answer to its check{words}: see that the service answers"
        " there without a redirect, and that TWITTER_CONSUMER_SECRET is of the same app as"
        " TWITTER_BEARER_TOKEN; readmark doctor looks closer.",
        temporary=True,
    ),
    "UrlValidationFailed": Sentence(
        "X does not take the address {about}{words}: it must begin with https://, name no port, be reachable"
        " from the internet and have at most 200 characters."
    ),
    "DuplicateUrlFailed": Sentence(
        "X has {about} already: readmark webhook list shows its id, readmark webhook validate ID has it"
        " checked again."
    ),
    "WebhookLimitExceeded": Sentence(
        "The app has as many webhooks as its access tier allows: delete one that readmark webhook list shows,"
        " or take a higher tier."
    ),
    "WebhookIdInvalid": Sentence(
        "X knows no webhook {about} of this app: readmark webhook list shows which there are."
    ),
    "DuplicateSubscriptionFailed": Sentence("X has this subscription already."),
    "SubscriptionLimitExceeded": Sentence(
        "The app has as many subscriptions as its access tier allows: end one by"
        " readmark webhook unsubscribe, or take a higher tier."
    ),
    "SubscriptionNotFound": Sentence("X has no such subscription: readmark webhook subscriptions shows all."),
    "QueryParamInvalid": Sentence("X does not take what was asked of {place}{words}."),
    "ReplayConflictError": Sentence(
        "A replay of the webhook {about} is still running: wait for its end, then ask again.", temporary=True
    ),
}  # fmt: skip


class Keys(NamedTuple):
    """Credentials that X is asked by: as sentences name them, and what to do if X does not believe them."""

    name: str
    remedy: str
    #: What to do after the app was given the permission that it lacks.
    then: str = ""


# X shows a key or token once, when it is made: https://docs.x.com/fundamentals/developer-portal
BEARER = Keys("TWITTER_BEARER_TOKEN", "give it as X's developer console showed it, or regenerate it there.")
APP = Keys(
    "TWITTER_CONSUMER_KEY and TWITTER_CONSUMER_SECRET",
    "give both as X's developer console showed them, or regenerate them there, of one and the same app.",
)
ACCOUNT = Keys(
    "TWITTER_CONSUMER_KEY, TWITTER_CONSUMER_SECRET and the account's access token (OAuth 1.0a)",
    "see that they are of this app and were not regenerated or revoked; readmark accounts connect gives an"
    " account new tokens.",
    ", then run readmark accounts connect: tokens keep the permission they were made with",
)


class Said(NamedTuple):
    """What an answer says: X's name of it, its words, its numbers."""

    reason: str
    words: str
    codes: frozenset[int]
    #: v2's second name of some problems.
    kind: str = ""
    #: Whether it is in a shape of X's at all.
    shaped: bool = True


def refusal(status: int, headers: Mapping[str, str], body: bytes, about: str, keys: Keys) -> ManagementError:
    """Sort an answer that is no success. `about`: a webhook's id, or what was asked for, in words."""
    said = read_refusal(body)
    if said.reason in REASONS:
        sentence = REASONS[said.reason]
        words = f" ({said.words})" if said.words else ""
        place = f"the webhook {about}" if about.isdigit() else about
        text = sentence.text.format(about=about, place=place, words=words)
        return ManagementError(said.reason, text, temporary=sentence.temporary)
    if status in (420, 429):
        wait = _wait(headers)
        return ManagementError(said.reason, _spent(wait), temporary=True, wait=wait)
    if status >= 500 or (body and not said.shaped):
        return _trouble(status)
    return ManagementError(*_by_status(status, said, keys))


def _by_status(status: int, said: Said, keys: Keys) -> tuple[str, str]:
    """Reason and sentence of what has no reason of X's own."""
    words = f" ({said.words})" if said.words else ""
    if status == 401:
        return said.reason, f"X does not believe {keys.name}: {keys.remedy}"
    if status == 402:
        return said.reason, f"The X app's credits are spent{words}: buy more in X's developer console."
    if TIER_CODE in said.codes or said.kind in TIER_REASONS:
        return said.reason, (
            f"The access tier of the X app does not include this{words}: put the app into a project with"
            " pay-per-use or higher access, in X's developer console."
        )
    if said.reason == "Unsupported Authentication":
        return said.reason, (
            f"X does not let {keys.name} do this{words}: it wants credentials of another kind, which readmark"
            " does not hold."
        )
    if status == 403:
        return said.reason, (
            f"X forbids this to {keys.name}{words}: give the app the permission to read, write and access"
            f" direct messages{keys.then}."
        )
    if status in (404, 410):
        return GONE, f"X does not have this any more, or not for this app{words}."
    return said.reason, f"X refuses with HTTP {status}{words}."


def _wait(headers: Mapping[str, str]) -> int | None:
    word = read_word(headers, counted=True, refused=True)
    return (word.retry_in or word.reset_in) if word else None


def _spent(wait: int | None) -> str:
    when = f"in {max(1, -(-wait // 60_000))} min" if wait is not None else "in a quarter of an hour"
    return f"X takes no more calls of this kind for now: try again {when}."


def _trouble(status: int) -> ManagementError:
    if status >= 500:
        words = f"X cannot answer just now (HTTP {status}): try again later."
        return ManagementError("", words, temporary=True)
    return unexpected(f" (HTTP {status})")


def silence(error: BaseException) -> ManagementError:
    """Nothing, or no whole answer, has come; the error's own words may hold anything, its name does not."""
    words = f"X did not answer ({type(error).__name__}): see that it can be reached from here, and try again."
    return ManagementError("", words, temporary=True)


def redirected() -> ManagementError:
    """It was answered that X is elsewhere; credentials do not go there."""
    words = "What answers at TWITTER_API_URL sends us elsewhere: set it to the address of X's API itself."
    return ManagementError("", words)


def unexpected(how: str = "") -> ManagementError:
    """An answer that is not in X's shape, or a success that does not say what it must."""
    words = f"What answers at TWITTER_API_URL does not speak as X does{how}: see that it is X's."
    return ManagementError("", words, temporary=True)


def read_refusal(body: bytes) -> Said:
    """What is in one of X's shapes: `errors` with `Reason: Details` or codes, or a problem."""
    try:
        document = parse(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return Said("", "", frozenset(), shaped=False)
    listed = document.get("errors")
    errors = [each for each in (listed if isinstance(listed, list) else []) if isinstance(each, dict)]
    codes = frozenset(each["code"] for each in errors if type(each.get("code")) is int)
    kind = clean(document.get("reason"), MOST_WORDS)
    for each in errors:
        message = clean(each.get("message"), MOST_WORDS)
        match = REASON.fullmatch(message)
        if match and match[1] in REASONS:
            return Said(match[1], _sentence(match[2] or ""), codes, kind)
    first = errors[0].get("message") if errors else None
    words = clean(first or document.get("detail") or document.get("title"), MOST_WORDS)
    title = clean(document.get("title"), MOST_WORDS)
    return Said(title, _sentence(words), codes, kind, shaped=bool(errors or title))


def _sentence(words: str) -> str:
    """X's words, to stand within a sentence of ours."""
    return line(words, MOST_WORDS).rstrip(".")
