"""Who makes a call in Slack's words, what it marks, and how Slack would answer it."""

import hashlib

import orjson

from schemas.slack import MARK_CALL, ValidationError
from webhook_app.domain.account import Account
from webhook_app.domain.outbox import State
from webhook_app.errors import CallRefused, DatabaseUnavailable, NotFound, OutboxFull, ReadmarkError
from webhook_app.platforms.native import FUTURE, Call, Known, Reply
from webhook_app.platforms.slack_errors import SORTED
from webhook_app.platforms.slack_requests import AUTH_TEST, CONVERSATIONS_MARK, MPIM_MARK

APP_TOKEN = "xapp-"
#: The scopes that the methods' pages name, for any type of token and kind of conversation; `channels:write`
#: is a user's `channels:manage`.
SCOPES = {
    CONVERSATIONS_MARK: (
        "channels:manage",
        "channels:write",
        "groups:write",
        "im:write",
        "mpim:write",
        "bot",
    ),
    MPIM_MARK: ("bot", "mpim:write", "post"),
}
#: What Slack says of a token, if whoever stopped the account has not used Slack's words.
DEAD = {
    State.REVOKED: "token_revoked",
    State.UNAUTHORISED: "invalid_auth",
    State.SUSPENDED: "account_inactive",
}
#: Between a user's name, which has no spaces in Slack, and the team's.
AT = " @ "


def digest(token: str) -> str:
    """By what a token is found."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def identify(call: Call, known: Known, now: int, configured: str | None) -> Account:
    """Return whose token it is; `configured` is the one of the environment. Raises CallRefused."""
    token = _token(call)
    if not token:
        raise CallRefused("not_authed")
    if token.startswith(APP_TOKEN):
        raise CallRefused("not_allowed_token_type")
    account = known.by_digest("slack", digest(token))
    if account is None:
        # Ours, but auth.test has not yet told whose it is.
        raise CallRefused("service_unavailable" if token == configured else "invalid_auth")
    if account.state in DEAD:
        raise CallRefused(_word(account, DEAD[account.state]))
    if call.method != AUTH_TEST:
        _allow(account, call.method, now)
    return account


def _token(call: Call) -> str:
    scheme, _, secret = (call.request.headers.get("Authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    return call.arguments.get("token", "")


def _allow(account: Account, method: str, now: int) -> None:
    """Raise CallRefused if the account may not mark, for now or with this token."""
    if account.refused_until > now:
        raise CallRefused(_word(account, "service_unavailable"))
    if account.scopes is not None and not set(account.scopes).intersection(SCOPES[method]):
        raise CallRefused("missing_scope", scopes=_scopes(method, account))


def _word(account: Account, otherwise: str) -> str:
    """Slack's word out of an account's reason, which it begins."""
    word = account.reason.partition(" ")[0]
    return word if word in SORTED else otherwise


def _scopes(method: str, account: Account) -> dict[str, str]:
    """What Slack says besides `missing_scope`."""
    needed = {"needed": ",".join(SCOPES[method])}
    return needed if account.scopes is None else {**needed, "provided": ",".join(account.scopes)}


def want(call: Call, now: int) -> tuple[str, int] | None:
    """Return the channel and the cursor; None if the call marks nothing. Raises CallRefused."""
    if call.method == AUTH_TEST:
        return None
    try:
        mark = MARK_CALL.load(call.arguments)
    except ValidationError as exc:
        unknown = "channel" in exc.messages_dict
        raise CallRefused("channel_not_found" if unknown else "invalid_timestamp") from exc
    channel, cursor = mark["channel"], mark["ts"]
    if cursor // 1000 > now + FUTURE:
        raise CallRefused("invalid_timestamp")
    return channel, cursor


def answer(call: Call | None, account: Account | None, problem: Exception | None) -> Reply:
    """Return Slack's answer: status 200 whatever it says, but for the rate limit.

    Its body is as on the pages of the methods, warnings included (docs.slack.dev/apis/web-api).
    """
    body: dict[str, object] = {"ok": problem is None}
    headers = [("Content-Type", "application/json; charset=utf-8")]
    status, warnings = 200, call.warnings if call else ()
    if problem is not None:
        body["error"] = _error(problem, account)
        if isinstance(problem, CallRefused):
            warnings = warnings or problem.details.get("warnings", ())
            body |= problem.details.get("scopes", {})
            if problem.code == "missing_scope" and call and account:
                body |= _scopes(call.method, account)
        if isinstance(problem, OutboxFull):
            status = 429
            headers.append(("Retry-After", str(max(1, -(-problem.retry_in // 1000)))))
    elif call and account and call.method == AUTH_TEST:
        body |= _owner(account)
        if account.scopes is not None:
            headers.append(("X-OAuth-Scopes", ",".join(account.scopes)))
    if warnings:
        body |= {"warning": ",".join(warnings), "response_metadata": {"warnings": list(warnings)}}
    return Reply(status, headers, orjson.dumps(body))


def _error(problem: Exception, account: Account | None) -> str:
    """Slack's word for what has gone wrong here."""
    if isinstance(problem, CallRefused):
        return problem.code.partition(" ")[0]
    if isinstance(problem, OutboxFull):
        return "ratelimited"
    if isinstance(problem, DatabaseUnavailable):
        return "service_unavailable"
    if isinstance(problem, NotFound):
        # An account that was there when it was identified has been removed since.
        return "invalid_auth" if account else "unknown_method"
    known = isinstance(problem, ReadmarkError) and type(problem) is not ReadmarkError
    return "internal_error" if known else "fatal_error"


def _owner(account: Account) -> dict[str, str]:
    """Whose token it is, as `auth.test` says it; the team's URL we do not know."""
    team_id, _, user_id = account.id.partition(".")
    user, _, team = account.name.partition(AT)
    return {"team": team, "user": user, "team_id": team_id, "user_id": user_id}
