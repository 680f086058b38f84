"""Who is calling: the app with its bearer token, or a user by OAuth 1.0a or 2.0; and how often."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Flask, Request, Response, current_app, g, request
from flask.typing import ResponseReturnValue

from webhook_app.sandbox import oauth1, problems
from webhook_app.sandbox.config import READ_WRITE_DM, Account
from webhook_app.sandbox.state import State

APP = "OAuth 2.0 Application-Only"
USER_OAUTH1 = "OAuth 1.0a User Context"
USER_OAUTH2 = "OAuth 2.0 User Context"

Params = ParamSpec("Params")


def state() -> State:
    """The state of the sandbox that serves this request."""
    held: State = current_app.extensions["sandbox_state"]
    return held


def guarded(
    *kinds: str, limit: int
) -> Callable[[Callable[Params, ResponseReturnValue]], Callable[Params, ResponseReturnValue]]:
    """Lets only callers of these kinds in, and each so often in a quarter of an hour."""

    def guard(view: Callable[Params, ResponseReturnValue]) -> Callable[Params, ResponseReturnValue]:
        @wraps(view)
        def guarded_view(*args: Params.args, **kwargs: Params.kwargs) -> ResponseReturnValue:
            kind, account = identify(state(), request)
            state().access.refuse_without()
            if kind not in kinds:
                raise problems.unsupported_authentication(kind, ", ".join(kinds))
            g.caller = account
            spend(state(), view.__name__, account, limit)
            return view(*args, **kwargs)

        return guarded_view

    return guard


def caller() -> Account | None:
    """The user on whose behalf the call is made; None where the app calls for itself."""
    account: Account | None = g.caller
    return account


def user() -> Account:
    """The user on whose behalf the call is made, at endpoints that let only users in."""
    account = caller()
    if account is None:
        raise problems.unauthorized()
    return account


def refuse_without_direct_messages(account: Account) -> None:
    """Refuses a token that is not allowed to read, write and access direct messages."""
    if state().permissions.of(account.user_id) != READ_WRITE_DM:
        raise problems.permissions_missing()


def identify(world: State, asked: Request) -> tuple[str, Account | None]:
    """The kind of the caller's credentials, and the user they stand for."""
    scheme, _, credentials = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "oauth":
        return USER_OAUTH1, _signer(world, asked)
    if scheme.lower() != "bearer":
        raise problems.unauthorized()
    if _same(credentials, world.config.bearer_token):
        return APP, None
    for account in world.accounts.values():
        known = account.oauth2_token and _same(credentials, account.oauth2_token)
        if known and world.account(account.user_id):
            return USER_OAUTH2, account
    raise problems.unauthorized()


def spend(world: State, endpoint: str, account: Account | None, limit: int) -> None:
    """Counts the call in its window, and refuses it where the window is spent."""
    with world.lock:
        owner = account.user_id if account else ""
        g.window = world.windows.spend(endpoint, owner, limit, world.clock())
    if g.window.overspent:
        raise problems.too_many_requests()


def init_app(app: Flask) -> None:
    """Adds the rate window's headers to every counted answer, refusals included."""

    @app.after_request
    def tell_window(response: Response) -> Response:
        window = g.get("window")
        if window is not None:
            response.headers.update(window.headers())
        return response


def _signer(world: State, asked: Request) -> Account:
    """The account whose OAuth 1.0a signature the request carries."""
    try:
        return oauth1.signer(world, asked, world.clock())
    except oauth1.NotAuthenticated as exc:
        raise problems.unauthorized() from exc


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
