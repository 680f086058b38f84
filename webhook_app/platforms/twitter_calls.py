"""`direct_messages/mark_read` from our callers' side: whose a call is, what it marks, and X's answer."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson

from schemas.twitter import MARK_READ, ValidationError
from webhook_app.domain.account import Account
from webhook_app.domain.outbox import State
from webhook_app.errors import CallRefused, DatabaseUnavailable, NotFound, OutboxFull, SealedElsewhere
from webhook_app.platforms import form_body, json_body
from webhook_app.platforms.native import FUTURE, Call, Known, Reply, Request, Window
from webhook_app.platforms.twitter_codes import (
    CODES,
    FAULT,
    FORBIDDEN,
    INVALID,
    LIMITED,
    MISSING,
    NO_PAGE,
    NOBODY,
    OVERLOADED,
)
from webhook_app.platforms.twitter_ids import moment

PREFIX = "/1.1/"
MARK_READ_PATH = "/1.1/direct_messages/mark_read.json"
FORM, MULTIPART, JSON = "application/x-www-form-urlencoded", "multipart/form-data", "application/json"
PARAMETERS = ("last_read_event_id", "recipient_id")
#: What is said of a body that is not what its type announces.
BROKEN = {
    FORM: "The body is not a URL-encoded form in UTF-8.",
    MULTIPART: "The body is not a whole multipart form in UTF-8.",
    JSON: "The body is not valid JSON.",
}
#: A code as accounts and outbox rows keep it, before X's message.
CODED = re.compile(r"([0-9]{1,4})(?: (.*))?", re.ASCII | re.DOTALL)
#: What X says of credentials, if whoever stopped the account has not used X's words.
DEAD = {State.REVOKED: 89, State.UNAUTHORISED: NOBODY, State.SUSPENDED: 64}


def refused(code: int, message: str = "") -> CallRefused:
    """A refusal in X's words."""
    return CallRefused(str(code), message or CODES[code].text)


def digest(access_token: str) -> str:
    """By what an access token is found."""
    return hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).hexdigest()


def open_call(request: Request) -> Call:
    """Read the parameters out of query, form or JSON. Raises CallRefused.

    tweepy puts them into the query, twurl and most others into a form; some send JSON.
    """
    if request.path != MARK_READ_PATH or request.method != "POST":
        raise refused(NO_PAGE)
    if not request.whole:
        raise refused(INVALID, "The body is shorter than announced, too long, or came too late.")
    # The query outranks the body: it is signed, and JSON is not.
    given = {**_posted(request), **form_body.parse_query(request.query)}
    arguments = {name: _written(value) for name, value in given.items() if value not in (None, "")}
    return Call(request, "direct_messages/mark_read", arguments)


def _written(value: Any) -> str:
    """An argument as a string; arrays and objects are none, and may be too deep to be written out."""
    return "[…]" if isinstance(value, list | dict) else str(value)


def _posted(request: Request) -> Mapping[str, Any]:
    body, header = request.body, request.headers.get("Content-Type") or ""
    kind = header.partition(";")[0].strip().lower()
    if not body:
        return {}
    try:
        if kind == FORM:
            return form_body.parse(body)
        if kind == MULTIPART:
            return form_body.parse_parts(body, header)
        if kind != JSON:
            return {}
        value = json_body.parse(body)
    except ValueError as exc:
        raise refused(INVALID, BROKEN[kind]) from exc
    if not isinstance(value, dict):
        raise refused(INVALID, "The body is not a JSON object.")
    return value


def identify(call: Call, known: Known, now: int, app: tuple[str, str] | None) -> Account:
    """Return the account by the signature or by a token of ours; `app` is the consumer key and its secret.

    Raises CallRefused, also for an account that X has refused.
    """
    scheme, _, secret = (call.request.headers.get("Authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        account = _by_token(secret.strip(), known)
    else:
        account = _by_signature(call.request, known, now, app)
    if account.state in DEAD:
        raise _stopped(account, DEAD[account.state])
    if account.refused_until > now:
        raise _stopped(account, FORBIDDEN)
    return account


def _by_token(secret: str, known: Known) -> Account:
    """The account of a token of ours; of one that is bound to none, the only account there is."""
    bound = known.token(secret)
    if bound is None:
        raise refused(NOBODY)
    accounts = known.accounts("twitter")
    if bound:
        accounts = [account for account in accounts if account.key == bound]
    if len(accounts) != 1:
        raise refused(NOBODY, "" if bound else "Not one account: use a token that is bound to one.")
    return accounts[0]


def _by_signature(request: Request, known: Known, now: int, app: tuple[str, str] | None) -> Account:
    # oauthlib is not needed before the first call, and whoever wakes this process waits.
    from webhook_app.platforms.twitter_oauth import signer

    def secret_of(token: str) -> str | None:
        account = known.by_digest("twitter", digest(token))
        try:
            return known.credentials(account).get("access_token_secret") if account else None
        except SealedElsewhere as error:
            # It is no fault of the caller's: whoever is told 401 throws good credentials away.
            raise refused(OVERLOADED, str(error)) from error
        except NotFound:
            return None

    token = signer(request, app, secret_of, now) if app else None
    account = known.by_digest("twitter", digest(token)) if token else None
    if account is None:
        raise refused(NOBODY)
    return account


def _stopped(account: Account, otherwise: int) -> CallRefused:
    """The refusal that an account's reason begins with."""
    match = CODED.fullmatch(account.reason)
    if match and int(match[1]) in CODES:
        return refused(int(match[1]), match[2] or "")
    return refused(otherwise)


def want(call: Call, now: int) -> tuple[str, int]:
    """Return the recipient's id and the cursor. Raises CallRefused."""
    for name in PARAMETERS:
        if name not in call.arguments:
            raise refused(MISSING, f"{name} parameter is missing.")
    try:
        mark = MARK_READ.load(call.arguments)
    except ValidationError as exc:
        name = next(name for name in PARAMETERS if name in exc.messages_dict)
        raise refused(INVALID, f"{name} parameter is invalid.") from exc
    cursor, recipient = mark["last_read_event_id"], mark["recipient_id"]
    if (moment(cursor) or 0) > now + FUTURE:
        raise refused(INVALID, "last_read_event_id parameter is invalid: it is from the future.")
    return str(recipient), cursor


def answer(account: Account | None, problem: Exception | None, window: Window) -> Reply:
    """Return X's answer: 204 without a body, or X's shape of errors; the window's headers in any case."""
    names = ("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset")
    headers = [(name, str(number)) for name, number in zip(names, window, strict=True)]
    if problem is None:
        return Reply(204, headers, b"")
    code, message = _error(problem, account)
    if isinstance(problem, OutboxFull):
        # X sends none, but tweepy and others heed it.
        headers.append(("Retry-After", str(max(1, -(-problem.retry_in // 1000)))))
    headers.append(("Content-Type", "application/json; charset=utf-8"))
    body = orjson.dumps({"errors": [{"code": code, "message": message}]})
    return Reply(CODES[code].status, headers, body)


def _error(problem: Exception, account: Account | None) -> tuple[int, str]:
    """X's code and message for what has gone wrong."""
    if isinstance(problem, CallRefused):
        match = CODED.fullmatch(problem.code)
        if match and int(match[1]) in CODES:
            said = str(problem) if str(problem) != problem.code else match[2]
            return int(match[1]), said or CODES[int(match[1])].text
        # A refusal that X has sent without a code.
        return FORBIDDEN, str(problem)
    if isinstance(problem, OutboxFull):
        code = LIMITED
    elif isinstance(problem, DatabaseUnavailable):
        code = OVERLOADED
    elif isinstance(problem, NotFound):
        # An account that was there when it was identified has been removed since.
        code = NOBODY if account else NO_PAGE
    else:
        code = FAULT
    return code, CODES[code].text
