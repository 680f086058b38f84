"""Marks on their way out: accepted, listed, tried again."""

import re
import time
from collections.abc import Mapping
from typing import Any

from flask import request

from schemas.outbound_api import Mark, MarkQuery, Marks, NewMark, Preferences
from webhook_app.domain.account import Account
from webhook_app.domain.outbox import REFUSED_FOR, OutboxRow, Outgoing, Status
from webhook_app.errors import CallRefused, InvalidValue, NotFound
from webhook_app.platforms.outgoing import read_mark, show_answer, show_mark
from webhook_app.storage.outbox import OutboxFilter
from webhook_app.web.api.bodies import Body, Errors, refuse_body, refuse_rows
from webhook_app.web.api.routing import noun, route
from webhook_app.web.api.values import cut, filtered_platform, read_page, value
from webhook_app.web.auth import caller, only_own, who
from webhook_app.web.current import platform_named, services, store
from webhook_app.web.front import API, front
from webhook_app.web.refusals import deny

blueprint = noun("marks", "This account has read this peer's messages: to be passed on to the platform.")
Rows = Mapping[tuple[str, str, str], OutboxRow]
#: The marks of one request.
MOST = 1000
EXAMPLE = {"platform": "PLATFORM", "peer": "PEER", "cursor": "MESSAGE"}
PREFERENCE = re.compile(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*', re.IGNORECASE | re.ASCII)
#: The longest wait for delivery: hosts give a request 30 seconds.
LONGEST = 25  # seconds
#: The first and the longest pause between two looks at what has become of the marks.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds
APPLIED = {"Preference-Applied": {"description": "The `wait` that was heeded.", "schema": {"type": "string"}}}
DONE = "All are delivered, failed or stale; only by `Prefer: wait=N`."
LATER = {
    429: "Too much waits already; with `if_limited` `fail`, more than the rate window lets through.",
    503: "The database cannot be reached; to repeat the call does no harm.",
}
#: What can be done about a refusal.
REMEDY = (
    f"A new mark is tried after {REFUSED_FOR // 60_000} minutes,"
    f" or after POST {API}/marks/{{platform}}/{{account}}/{{peer}}/retry."
)


@route(
    blueprint,
    "/marks",
    scope="mark",
    bound=True,
    method="POST",
    body=Body(NewMark, EXAMPLE, most=MOST),
    answer=Marks,
    status=202,
    done=DONE,
    headers=Preferences,
    tells=APPLIED,
    later=LATER,
)
def mark(batch: list[dict[str, Any]]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Mark messages as read

    One mark or a list of up to 1000, all or nothing. When it is answered it lasts; it is delivered as soon as
    coalescing and the rate window allow. The answer has an item for each mark, in the order of the request.
    A message that the platform already knows to be read is `stale` and not sent. 429 with `Retry-After` if
    too much waits already.
    """
    outgoing = _read(batch)
    before = store().outbox.rows([each[:3] for each in outgoing])
    _refuse_refused(outgoing, before)
    try:
        services().outbound.accept(outgoing, fail_if_limited=_fail_if_limited(batch))
    except CallRefused as refusal:
        refuse_body({"peer": [refusal.code]}, _with_remedy(str(refusal)))
    wait = _preferred_wait()
    items = _settled_items(outgoing, before, wait or 0)
    applied = {} if wait is None else {"Preference-Applied": f"wait={wait}"}
    return {"items": items, "next_page": None}, 202 if wait is None or _pending(items) else 200, applied


@route(blueprint, "/marks", scope="read", bound=True, query=MarkQuery, answer=Marks, etag=True)
def list_marks(
    limit: int,
    platform: str | None = None,
    account: str | None = None,
    peer: str | None = None,
    status: str | None = None,
    page: str | None = None,
) -> dict[str, Any]:
    """List what is known of marks

    The latest mark of each account and peer, ordered by platform, account and peer. Delivered ones stay for
    a while.
    """
    if platform is not None:
        there = filtered_platform(platform)
        account = None if account is None else value("account", there.reader, account)
        peer = None if peer is None else value("peer", there.peer, peer)
    only_own(platform, account)
    after = tuple(map(str, read_page(page, str, str, str)))
    wanted = OutboxFilter(platform, account, peer, Status(status) if status else None, after, limit + 1)
    rows, next_page = cut(store().outbox.list(wanted), limit, lambda row: row[:3])
    known = [row for row in rows if row.platform in front().platforms]
    items = [show_mark(platform_named(row.platform), row) for row in known]
    return {"items": items, "next_page": next_page}


@route(blueprint, "/marks/<platform>/<account>/<peer>/retry", scope="admin", method="POST", answer=Mark)
def retry(platform: str, account: str, peer: str) -> dict[str, Any]:
    """Try a mark again at once

    What the platform has said against it is forgotten, and it is due now; the rate window still holds.
    """
    there, here = platform_named(platform), services()
    key = (platform, value("account", there.reader, account), value("peer", there.peer, peer))
    here.store.outbox.retry(key, here.clock(), who())
    here.known.forget()
    here.wake()
    return show_mark(there, _row(here.store.outbox.rows([key]), key))


def _read(batch: list[dict[str, Any]]) -> list[Outgoing]:
    """The marks in our words. What is wrong is told by index and field; a bound token marks for its own."""
    outgoing: list[Outgoing] = []
    errors: Errors = {}
    accounts: dict[tuple[str, str | None], Account] = {}
    now = services().clock()
    for index, asked in enumerate(batch):
        try:
            account = _account(asked["platform"], asked.get("account"), accounts)
            there = platform_named(account.platform)
            outgoing.append(read_mark(there, account.id, asked["peer"], asked["cursor"], now))
        except InvalidValue as error:
            errors[index] = {error.field: [str(error)]}
    refuse_rows(errors)
    return outgoing


def _account(platform: str, account: str | None, known: dict[tuple[str, str | None], Account]) -> Account:
    """The account to mark for, each looked up once. Raises InvalidValue naming `platform` or `account`."""
    there, bound = filtered_platform(platform), caller().token.account
    if account is None and bound and bound[0] == platform:
        account = bound[1]
    account = None if account is None else value("account", there.reader, account)
    if (platform, account) not in known:
        try:
            known[platform, account] = services().accounts.one(platform, account)
        except NotFound as error:
            raise InvalidValue("account", str(error)) from error
    found = known[platform, account]
    if bound and bound != found.key:
        deny(403, f"The token is bound to {bound[1]} of {bound[0]} and may mark only for it.")
    return found


def _fail_if_limited(batch: list[dict[str, Any]]) -> bool:
    """What the caller wants where a window has no room; all or nothing, so all say the same."""
    first = batch[0]["if_limited"]
    words = ["In a list all marks say the same."]
    refuse_rows({n: {"if_limited": words} for n, asked in enumerate(batch) if asked["if_limited"] != first})
    return bool(first == "fail")


def _refuse_refused(outgoing: list[Outgoing], before: Rows) -> None:
    """Refuse marks of peers that the platform has refused a moment ago, in its words."""
    found = [(index, before.get(each[:3])) for index, each in enumerate(outgoing)]
    now = services().clock()
    refused = {n: row for n, row in found if row and row.refused_until > now}
    if refused:
        # The message names the first, the errors name all.
        first = next(iter(refused.values()))
        message = _with_remedy(f"{first.peer} was refused a moment ago: {first.problem}")
        refuse_rows({n: {"peer": [row.problem]} for n, row in refused.items()}, message)


def _with_remedy(words: str) -> str:
    return f"{words.rstrip('.')}. {REMEDY}"


def _preferred_wait() -> int | None:
    """Seconds to wait for delivery, as RFC 7240 has it: what is no such preference is none."""
    for preference in ",".join(request.headers.getlist("Prefer")).split(","):
        if match := PREFERENCE.fullmatch(preference.partition(";")[0]):
            return min(int(match[1]), LONGEST)
    return None


def _settled_items(outgoing: list[Outgoing], before: Rows, seconds: int) -> list[dict[str, Any]]:
    """What has become of each mark: as soon as none waits, at the end of the time, or of the process."""
    deadline, pause = time.monotonic() + seconds, FIRST_PAUSE
    shutdown = request.environ.get("readmark.shutdown")
    wait = shutdown.wait if shutdown else time.sleep
    while True:
        rows = store().outbox.rows([each[:3] for each in outgoing])
        items = [_answer(each, rows, before) for each in outgoing]
        left = deadline - time.monotonic()
        if left <= 0 or not any(item["status"] == "waiting" for item in items) or wait(min(pause, left)):
            return items
        pause = min(2 * pause, LONGEST_PAUSE)


def _answer(asked: Outgoing, rows: Rows, before: Rows) -> dict[str, Any]:
    key = asked[:3]
    return show_answer(platform_named(asked.platform), asked, _row(rows, key), before.get(key))


def _pending(items: list[dict[str, Any]]) -> bool:
    return any(item["status"] in ("waiting", "stopped") for item in items)


def _row(rows: Rows, key: tuple[str, str, str]) -> OutboxRow:
    if key not in rows:
        raise NotFound("There is no mark of this account and peer.")
    return rows[key]
