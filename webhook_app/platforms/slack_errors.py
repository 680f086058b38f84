"""Slack's words for why a mark was not taken, and how far each of them reaches.

Sources: the error tables of the vendor's pages of `conversations.mark` and `mpim.mark`, and
docs.slack.dev/apis/web-api/rate-limits. Slack answers a failure with status 200; only the rate limit is 429.
"""

import re
from collections.abc import Mapping
from typing import Any

from webhook_app.domain.outbox import State, Verdict
from webhook_app.domain.rate import Word
from webhook_app.errors import DeliveryError

WORD = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)
LIMITED = ("ratelimited", "rate_limited")
#: A wait longer than this is no word about our window, which is a minute.
LONGEST = 86_400  # seconds

_RETRY, _PEER, _PAUSE = (Verdict.RETRY, None), (Verdict.PEER, None), (Verdict.PAUSE, None)
_PLATFORM = (Verdict.PLATFORM, State.SUSPENDED)
_REFUSED = (Verdict.ACCOUNT, State.UNAUTHORISED)

SORTED: dict[str, tuple[Verdict, State | None]] = {
    # "Some aspect of the operation succeeded" may be: a mark may be made twice.
    "internal_error": _RETRY,
    "fatal_error": _RETRY,
    "service_unavailable": _RETRY,
    # It did not get our whole body.
    "request_timeout": _RETRY,
    # This conversation only: it does not exist for the account, or the account has left it.
    "channel_not_found": _PEER,
    "not_in_channel": _PEER,
    # Met when marking a group (arjunattam/vscode-chat#271).
    "method_not_supported_for_channel_type": _PEER,
    # A scope is of one kind of conversation ("corresponding to the conversation type you're working with"):
    # a token without im:write may mark channels as before.
    "missing_scope": _PEER,
    # What we say of this conversation is wrong, and would be again.
    "invalid_timestamp": _PEER,
    "invalid_arguments": _PEER,
    "invalid_arg_name": _PEER,
    "invalid_array_arg": _PEER,
    "invalid_charset": _PEER,
    "invalid_form_data": _PEER,
    "invalid_post_type": _PEER,
    "missing_post_type": _PEER,
    # The workspace's administrators decide, and may decide otherwise; nobody tells us when.
    "no_permission": _PAUSE,
    "access_denied": _PAUSE,
    "accesslimited": _PAUSE,
    "ekm_access_denied": _PAUSE,
    "enterprise_is_restricted": _PAUSE,
    "two_factor_setup_required": _PAUSE,
    # "Until the migration is complete".
    "org_login_required": _PAUSE,
    "team_added_to_org": _PAUSE,
    # The token is good for nothing until somebody gives another.
    "not_authed": _REFUSED,
    "invalid_auth": _REFUSED,
    "token_expired": _REFUSED,
    "not_allowed_token_type": _REFUSED,
    # "The app has been removed", or the user or the workspace is deleted.
    "token_revoked": (Verdict.ACCOUNT, State.REVOKED),
    # Of a user or workspace that is deactivated; the token lives again if they are.
    "account_inactive": (Verdict.ACCOUNT, State.SUSPENDED),
    # What we call is not there any more, for nobody.
    "method_deprecated": _PLATFORM,
    "deprecated_endpoint": _PLATFORM,
    "unknown_method": _PLATFORM,
}


def refusal(status: int, headers: Mapping[str, str], body: Any) -> DeliveryError:
    """Sort an answer that says no.

    What the tables do not name is tried again: "other errors can be returned in the case where the service is
    down". Whether Slack counts a call that it refuses is documented nowhere, so only the rate limit's answer
    says something of the window.
    """
    error = body.get("error") if isinstance(body, dict) else None
    word = error if isinstance(error, str) and WORD.fullmatch(error) else ""
    wait = _retry_after(headers)
    if status == 429 or word in LIMITED:
        return DeliveryError(Verdict.WINDOW, word or "ratelimited", word=Word(retry_in=wait, refused=True))
    verdict, state = SORTED.get(word, _RETRY)
    # Of what is down for a while, too (RFC 9110, 10.2.3).
    wait = wait if verdict is Verdict.RETRY else None
    return DeliveryError(verdict, word or f"HTTP {status}", wait=wait, state=state)


def _retry_after(headers: Mapping[str, str]) -> int | None:
    """The wait in milliseconds, if it is one; servers differ in how they write the header's name."""
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return int(told) * 1000 if re.fullmatch(r"[0-9]{1,5}", told, re.ASCII) and int(told) <= LONGEST else None
