"""``/1.1/direct_messages/mark_read.json``: a user has read what another has written.

https://developer.x.com/en/docs/direct-messages/typing-indicator-and-read-receipts/api-reference/new-read-receipt
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from webhook_app.sandbox import classic_problems as codes
from webhook_app.sandbox import oauth1
from webhook_app.sandbox.auth import state
from webhook_app.sandbox.classic import PLATFORM, classic_caller, refuse_as_told
from webhook_app.sandbox.classic_problems import ClassicRefusal
from webhook_app.sandbox.config import READ_WRITE_DM, Account
from webhook_app.sandbox.control import world
from webhook_app.sandbox.mark_faults import MarkFault, suffer
from webhook_app.sandbox.moments import snowflake

blueprint = Blueprint("mark_read", __name__, url_prefix="/1.1")


@blueprint.post("/direct_messages/mark_read.json")
def mark_read() -> ResponseReturnValue:
    """The caller has read what ``recipient_id`` has written, up to ``last_read_event_id``: 204, no body.

    The event need not exist here, and may lie before one marked earlier: no page says what X does then.
    """
    state().marks.call()
    asked = _parameters()
    peer = str(asked.get("recipient_id", ""))
    fault = suffer(state().mark_faults, PLATFORM, oauth1.named_user(request), peer)
    at = state().clock()
    account = classic_caller(fault)
    _count(account, at, fault)
    if (page := fault.page()) is not None:
        return page
    refuse_as_told(fault)
    if state().permissions.of(account.user_id) != READ_WRITE_DM:
        raise ClassicRefusal(codes.NO_DIRECT_MESSAGES)
    up_to, recipient = _number(asked, "last_read_event_id"), _number(asked, "recipient_id")
    if not 0 < recipient <= snowflake(int(at * 1000)):
        # X has not given this id to anybody yet.
        raise ClassicRefusal(codes.NO_USER)
    state().marks.accept(at, account.user_id, str(recipient), up_to)
    world().conversations.read(state().person(account.user_id), state().person(str(recipient)), up_to)
    return Response(status=204)


def _count(account: Account, at: float, fault: MarkFault) -> None:
    """Counts the call from its arrival on, and refuses it where the window is spent.

    Whatever goes wrong later has been counted, too: the strictest reading of X's pages, which do not say.
    """
    window, let_through = state().marks.arrive(account.user_id, at)
    limited = not let_through or fault.code == codes.RATE_LIMITED
    told = fault.rate_headers or state().config.mark_read_headers
    if not fault.without_headers if limited else told:
        used = window.limit if limited else window.used
        g.window = replace(window, used=used).shifted(fault.clock_skew)
    if limited:
        raise ClassicRefusal(codes.RATE_LIMITED)


def _parameters() -> Mapping[str, Any]:
    """What the call says in its query, its form, or its JSON object."""
    # Before the form is read, or the signature would find no body.
    raw = request.get_data()
    if not request.is_json:
        return request.values
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    return {**body, **request.args} if isinstance(body, dict) else request.args


def _number(asked: Mapping[str, Any], name: str) -> int:
    """An id: digits, below 2⁶³."""
    value = asked.get(name)
    if value is None or value == "":
        raise ClassicRefusal(codes.PARAMETER_MISSING, f"{name} parameter is missing.")
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < 2**63):
        raise ClassicRefusal(codes.PARAMETER_INVALID, f"{name} parameter is invalid.")
    return int(text)
