"""X's refusals at its v1.1 endpoints: ``{"errors": [{"code": …, "message": …}]}``.

The texts are those of X's former page "Response codes" and of captured answers. No page says which of them
``mark_read`` gives; any of them can be had by a fault.
"""

from collections.abc import Mapping

from webhook_app.sandbox.problems import Refusal

NOT_AUTHENTICATED = 32
NO_PAGE = 34
PARAMETER_MISSING = 38
NO_USER = 50
RATE_LIMITED = 88
TOKEN_INVALID = 89
TIMESTAMP_OUT_OF_BOUNDS = 135
PARAMETER_INVALID = 214
NO_CREDENTIALS = 215
NO_DIRECT_MESSAGES = 93
CALLBACK_NOT_APPROVED = 415
NO_ACCESS = 453

#: By code, the status it usually comes with, and its text.
_TEXTS: Mapping[int, tuple[int, str]] = {
    17: (404, "No user matches for specified terms."),
    NOT_AUTHENTICATED: (401, "Could not authenticate you."),
    NO_PAGE: (404, "Sorry, that page does not exist."),
    PARAMETER_MISSING: (400, "A required parameter is missing."),
    44: (400, "A parameter is invalid."),
    NO_USER: (404, "User not found."),
    64: (403, "Your account is suspended and is not permitted to access this feature."),
    67: (503, "Backend service is unavailable."),
    87: (403, "Client is not permitted to perform this action."),
    RATE_LIMITED: (429, "Rate limit exceeded"),
    TOKEN_INVALID: (401, "Invalid or expired token."),
    NO_DIRECT_MESSAGES: (403, "This application is not allowed to access or delete your Direct Messages."),
    99: (401, "Unable to verify your credentials."),
    130: (503, "Over capacity"),
    131: (500, "Internal error"),
    TIMESTAMP_OUT_OF_BOUNDS: (401, "Timestamp out of bounds."),
    144: (404, "No status found with that ID."),
    150: (403, "You cannot send messages to users who are not following you."),
    151: (403, "There was an error sending your message."),
    PARAMETER_INVALID: (400, "Bad request."),
    NO_CREDENTIALS: (401, "Bad Authentication data."),
    220: (403, "Your credentials do not allow access to this resource."),
    226: (403, "This request looks like it might be automated. To protect our users from spam and other"
               " malicious activity, we can't complete this action right now."),
    251: (410, "This endpoint has been retired and should not be used."),
    261: (403, "Application cannot perform write actions."),
    326: (403, "To protect our users from spam and other malicious activity, this account is temporarily"
               " locked."),
    349: (403, "You cannot send messages to this user."),
    354: (403, "The text of your direct message is over the max character limit."),
    CALLBACK_NOT_APPROVED: (403, "Callback URL not approved for this client application. Approved callback"
               " URLs can be adjusted in your application settings"),
    416: (403, "Invalid / suspended application"),
    NO_ACCESS: (403, "You currently have access to a subset of X API V2 endpoints and limited v1.1"
                     " endpoints only. If you need access to this endpoint, you may need a different access"
                     " level."),
}  # fmt: skip


class ClassicRefusal(Refusal):
    """A refusal with a code; status and text are the code's own unless others are given."""

    def __init__(self, code: int, message: str | None = None, status: int | None = None) -> None:
        usual_status, text = _TEXTS.get(code, (403, "Forbidden."))
        super().__init__(status or usual_status, {"errors": [{"code": code, "message": message or text}]})
        self.code = code
