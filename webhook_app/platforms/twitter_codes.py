"""X's error codes: what they mean for a mark that is on its way, and for callers that are answered with them.

Nobody lists what `mark_read` returns. Sources: plhery/node-twitter-api-v2 `src/types/errors.types.ts`,
sferik/twitter-ruby's map of errors, docs.x.com x-api/fundamentals/response-codes-and-errors, and the issues
named. The HTTP status beside a code is usual, not guaranteed.
"""

from typing import NamedTuple

from webhook_app.domain.outbox import State, Verdict


class Code(NamedTuple):
    """A code: its usual status and text, and how far it reaches."""

    status: int
    text: str
    verdict: Verdict
    state: State | None = None


_RETRY, _PEER, _ACCOUNT = Verdict.RETRY, Verdict.PEER, Verdict.ACCOUNT
_SUSPENDED, _UNAUTHORISED = State.SUSPENDED, State.UNAUTHORISED
MISSING, INVALID, NOBODY, NO_PAGE, LIMITED, OVERLOADED, FAULT, FORBIDDEN = 38, 214, 32, 34, 88, 130, 131, 220

CODES: dict[int, Code] = {
    # The signature or the keys are wrong, or (135) our clock is: no repetition makes them right.
    NOBODY: Code(401, "Could not authenticate you.", _ACCOUNT, _UNAUTHORISED),
    135: Code(401, "Timestamp out of bounds.", _ACCOUNT, _UNAUTHORISED),
    215: Code(401, "Bad Authentication data.", _ACCOUNT, _UNAUTHORISED),
    # The person has withdrawn our access; only a new authorisation helps.
    89: Code(401, "Invalid or expired token.", _ACCOUNT, State.REVOKED),
    99: Code(401, "Unable to verify your credentials.", _ACCOUNT, State.REVOKED),
    # What a token may do was settled when it was given: the app's permission for direct messages is to be
    # changed, and the person asked again (chatwoot/chatwoot#4415).
    87: Code(403, "Client is not permitted to perform this action.", _ACCOUNT, _UNAUTHORISED),
    93: Code(403, "This application is not allowed to access or delete your direct messages.",
             _ACCOUNT, _UNAUTHORISED),
    FORBIDDEN: Code(403, "Your credentials do not allow access to this resource.", _ACCOUNT, _UNAUTHORISED),
    261: Code(403, "Application cannot perform write actions.", _ACCOUNT, _UNAUTHORISED),
    # X has stopped the account, until its owner has come to terms with X.
    64: Code(403, "Your account is suspended and is not permitted to access this feature.",
             _ACCOUNT, _SUSPENDED),
    326: Code(403, "This account is temporarily locked.", _ACCOUNT, _SUSPENDED),
    # This other side, or this event: there is none; the next conversation is another matter.
    17: Code(404, "No user matches for specified terms.", _PEER),
    NO_PAGE: Code(404, "Sorry, that page does not exist.", _PEER),
    50: Code(404, "User not found.", _PEER),
    144: Code(404, "No status found with that ID.", _PEER),
    # The ids are the same the next time.
    MISSING: Code(400, "A required parameter is missing.", _PEER),
    44: Code(400, "A parameter is invalid.", _PEER),
    INVALID: Code(400, "Bad request.", _PEER),
    # The other side does not want direct messages of this account.
    150: Code(403, "You cannot send messages to users who are not following you.", _PEER),
    151: Code(403, "There was an error sending your message.", _PEER),
    349: Code(403, "You cannot send messages to this user.", _PEER),
    354: Code(403, "The text of your direct message is over the max character limit.", _PEER),
    # X takes the account for a machine: less of it helps.
    226: Code(403, "This request looks like it might be automated.", Verdict.PAUSE),
    # It may be repeated at once, and does no harm then.
    67: Code(503, "Backend service is unavailable.", _RETRY),
    OVERLOADED: Code(503, "Over capacity", _RETRY),
    FAULT: Code(500, "Internal error", _RETRY),
    # Of the window, not of the mark.
    LIMITED: Code(429, "Rate limit exceeded", Verdict.WINDOW),
    # The app, the endpoint, or the access level (dailybruin/meow#414): the same for all accounts.
    416: Code(403, "Invalid / suspended application.", Verdict.PLATFORM, _SUSPENDED),
    251: Code(410, "This endpoint has been retired and should not be used.", Verdict.PLATFORM, _SUSPENDED),
    453: Code(403, "Your access level does not include this endpoint.", Verdict.PLATFORM, _SUSPENDED),
}  # fmt: skip

#: What an answer without a known code says by its status; everything else is tried again.
STATUSES: dict[int, tuple[Verdict, State | None]] = {
    400: (_PEER, None),
    401: (_ACCOUNT, _UNAUTHORISED),
    # The credits of pay-per-use are spent (tryethernal/ethernal#1324); more are bought without telling us.
    402: (Verdict.PAUSE, None),
    # Of an unknown kind: as little as possible is stopped.
    403: (_PEER, None),
    404: (_PEER, None),
    410: (Verdict.PLATFORM, _SUSPENDED),
}
#: The rate is told by these two, whatever the body says; 420 is what X said before 2013.
TOO_MANY = (420, 429)
