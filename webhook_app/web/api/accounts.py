"""Accounts: on whose behalf platforms are called."""

from typing import Any

from schemas.api_fields import PageQuery
from schemas.outbound_api import Account as AccountSchema
from schemas.outbound_api import Accounts, NewAccount, Pausing, RemovalQuery
from webhook_app.domain.account import Account
from webhook_app.domain.outbox import Verdict
from webhook_app.errors import DeliveryError, InvalidValue
from webhook_app.web.api.bodies import Body, refuse_body
from webhook_app.web.api.routing import noun, route
from webhook_app.web.api.values import cut, filtered_platform, read_page, value
from webhook_app.web.auth import who
from webhook_app.web.current import platform_named, services, store
from webhook_app.web.refusals import RETRY_AFTER, deny

blueprint = noun("accounts", "Those on whose behalf platforms are called.")
ONE = "/accounts/<platform>/<id>"
#: These say nothing against the credentials.
PASSING = (Verdict.RETRY, Verdict.WINDOW)
LATER = {503: "The platform, or the database, cannot be asked now; to repeat the call does no harm."}
EXAMPLE = {"platform": "PLATFORM", "credentials": {"NAME": "SECRET"}}


@route(blueprint, "/accounts", scope="admin", query=PageQuery, answer=Accounts, etag=True)
def list_accounts(limit: int, page: str | None = None) -> dict[str, Any]:
    """List accounts"""
    after = read_page(page, str, str)
    found = sorted(account for account in store().accounts.list() if account.key > after)
    rows, next_page = cut(found[: limit + 1], limit, lambda account: account.key)
    return {"items": [show_account(account) for account in rows], "next_page": next_page}


@route(
    blueprint,
    "/accounts",
    scope="admin",
    method="POST",
    body=Body(NewAccount, EXAMPLE),
    answer=AccountSchema,
    status=201,
    later=LATER,
)
def add_account(platform: str, credentials: dict[str, str]) -> dict[str, Any]:
    """Add an account, or give it new credentials

    The platform tells whose the credentials are, unless they say it themselves: then it is not asked, and
    they are not checked before the first mark. They are stored encrypted and never shown again. An account
    that was there is active again, and what waits for it is sent. One that the environment configures gets
    new credentials only there.
    """
    try:
        filtered_platform(platform)
    except InvalidValue as error:
        refuse_body({error.field: [str(error)]})
    try:
        account = services().accounts.add(platform, credentials, who())
    except InvalidValue as error:
        refuse_body({"credentials": {error.field: [str(error)]}})
    except DeliveryError as error:
        if error.verdict in PASSING:
            deny(503, f"The platform cannot be asked now: {error}", {"Retry-After": RETRY_AFTER})
        refuse_body({"credentials": [str(error)]})
    return show_account(account)


@route(blueprint, ONE, scope="admin", method="DELETE", query=RemovalQuery)
def remove_account(platform: str, id: str, now: bool) -> None:
    """Remove an account and its credentials

    What waits is sent first, as far as the rate window and 20 seconds allow; with `now` it is dropped. An
    account that the environment configures can only be paused.
    """
    account_id = _id(platform, id)
    try:
        services().accounts.remove(platform, account_id, now, who())
    except InvalidValue as error:
        raise InvalidValue("id", str(error)) from error


@route(
    blueprint,
    f"{ONE}/pause",
    scope="admin",
    method="POST",
    body=Body(Pausing, {"reason": "REASON"}, required=False),
    answer=AccountSchema,
)
def pause(platform: str, id: str, reason: str) -> dict[str, Any]:
    """Pause an account

    Marks are still accepted, and nothing is sent until it is resumed.
    """
    account_id = _id(platform, id)
    services().accounts.pause(platform, account_id, reason, who())
    return show_account(services().accounts.one(platform, account_id))


@route(blueprint, f"{ONE}/resume", scope="admin", method="POST", answer=AccountSchema)
def resume(platform: str, id: str) -> dict[str, Any]:
    """Resume an account, whatever has stopped it

    What waits is sent. One whose credentials are gone is to be added again.
    """
    account_id = _id(platform, id)
    try:
        services().accounts.resume(platform, account_id, who())
    except InvalidValue as error:
        raise InvalidValue("id", str(error)) from error
    return show_account(services().accounts.one(platform, account_id))


def show_account(account: Account) -> dict[str, Any]:
    """An account as the API shows it; its times are still numbers."""
    return {
        "platform": account.platform,
        "id": account.id,
        "name": account.name or None,
        "owner": account.owner,
        "state": account.state.value,
        "reason": account.reason or None,
        "since": account.since,
        "authorised_at": account.authorised_at,
        "refused_until": account.refused_until or None,
        "scopes": account.scopes,
        "configured": account.configured,
    }


def _id(platform: str, text: str) -> str:
    return value("id", platform_named(platform).reader, text)
