"""``/1.1``: who calls, with what permissions, and how much is left of a rate limit; all else is no page."""

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from webhook_app.sandbox import classic_problems as codes
from webhook_app.sandbox import oauth1
from webhook_app.sandbox.auth import state
from webhook_app.sandbox.classic_problems import ClassicRefusal
from webhook_app.sandbox.config import Account
from webhook_app.sandbox.happenings import classic_user
from webhook_app.sandbox.mark_faults import MarkFault, suffer
from webhook_app.sandbox.permissions import ACCESS_LEVELS

PLATFORM = "twitter"
#: Calls in 15 minutes of ``rate_limit_status``, and of ``verify_credentials``.
STATUS_LIMIT, VERIFY_LIMIT = 180, 75
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_RESOURCE = "/direct_messages/mark_read"

blueprint = Blueprint("classic", __name__, url_prefix="/1.1")


@blueprint.get("/account/verify_credentials.json")
def verify_credentials() -> ResponseReturnValue:
    """Whose token it is; the header says what the token allows."""
    account = _admitted("verify_credentials", VERIFY_LIMIT)
    if isinstance(account, Response):
        return account
    person = classic_user(state().person(account.user_id))
    return {**person, "id": int(account.user_id), "id_str": account.user_id}


@blueprint.get("/application/rate_limit_status.json")
def rate_limit_status() -> ResponseReturnValue:
    """How much is left, by ``resources``; asking costs nothing of it, and opens no window."""
    account = _admitted("rate_limit_status", STATUS_LIMIT)
    if isinstance(account, Response):
        return account
    fault: MarkFault = g.mark_fault
    window = state().marks.window(account.user_id, state().clock())
    told = window.shifted(fault.clock_skew)
    shown = {"limit": told.limit, "remaining": told.remaining, "reset": told.reset}
    wanted = request.args.get("resources", "direct_messages").split(",")
    resources = {"direct_messages": {_RESOURCE: shown}} if "direct_messages" in wanted else {}
    return {"rate_limit_context": {"access_token": account.access_token}, "resources": resources}


@blueprint.route("/", defaults={"path": ""}, methods=_METHODS)
@blueprint.route("/<path:path>", methods=_METHODS)
def nothing(path: str) -> ResponseReturnValue:
    """Every other path, and every other method."""
    raise ClassicRefusal(codes.NO_PAGE)


def classic_caller(fault: MarkFault) -> Account:
    """Who has signed the request, if the app has access to this API. Raises ClassicRefusal."""
    try:
        account = oauth1.signer(state(), request, state().clock() + fault.clock_skew)
    except oauth1.NotAuthenticated as exc:
        raise ClassicRefusal(exc.code) from exc
    g.access_level = ACCESS_LEVELS[state().permissions.of(account.user_id)]
    state().access.refuse_without()
    return account


def refuse_as_told(fault: MarkFault) -> None:
    """Raises the refusal that a fault wants."""
    if isinstance(fault.code, int):
        raise ClassicRefusal(fault.code, status=fault.status)


@blueprint.after_app_request
def tell_access_level(answer: Response) -> Response:
    """Adds what the caller's token allows; to refusals too."""
    if "access_level" in g:
        answer.headers["x-access-level"] = g.access_level
    return answer


def _admitted(endpoint: str, limit: int) -> Account | Response:
    """The caller, counted in the endpoint's window; or the answer that a fault gives instead."""
    fault = suffer(state().mark_faults, PLATFORM, oauth1.named_user(request))
    account = classic_caller(fault)
    with state().lock:
        window = state().windows.spend(endpoint, account.user_id, limit, state().clock())
    g.window = window.shifted(fault.clock_skew)
    if window.overspent:
        raise ClassicRefusal(codes.RATE_LIMITED)
    if (page := fault.page()) is not None:
        return page
    refuse_as_told(fault)
    return account
