"""``/oauth``: how a user authorises the app by OAuth 1.0a, with a PIN in place of a callback.

https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens
"""

from urllib.parse import urlencode

from flask import Blueprint, Response, render_template_string, request
from flask.typing import ResponseReturnValue

from webhook_app.sandbox import classic_problems as codes
from webhook_app.sandbox import oauth1
from webhook_app.sandbox.auth import state
from webhook_app.sandbox.classic_problems import ClassicRefusal
from webhook_app.sandbox.control import person_in, world
from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.webhooks import json_object

#: The callback of an app that has none: the user is shown a PIN.
OUT_OF_BAND = "oob"
_WRONG_PIN = "Error processing your OAuth request: Invalid oauth_verifier parameter"

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Authorize {{ app }}</title></head>
<body>
{% if pin %}
<h1>You've granted access to {{ app }}!</h1>
<p>Next, return to {{ app }} and enter this PIN to complete the authorization process:</p>
<p><code>{{ pin }}</code></p>
{% elif token %}
<h1>Authorize {{ app }} to access your account?</h1>
<p>It will be able to {{ permissions }}.</p>
<form method="post">
<input type="hidden" name="oauth_token" value="{{ token }}">
<p><label>Account <select name="user">
{% for account in accounts %}<option value="{{ account.user_id }}">@{{ account.handle }}</option>
{% endfor %}</select></label></p>
<p><button>Authorize app</button> <button name="cancel" value="1">Cancel</button></p>
</form>
{% elif denied %}
<h1>{{ app }} has not been granted access.</h1>
{% else %}
<h1>Whoa there!</h1>
<p>The request token for this page is invalid. It may have already been used, or expired because it is too
old. Please go back to the site or application that sent you here and try again.</p>
{% endif %}
</body></html>
"""

blueprint = Blueprint("authorize", __name__)


@blueprint.route("/oauth/request_token", methods=["GET", "POST"])
def request_token() -> ResponseReturnValue:
    """Begins: the app asks for a token to send a user to ``authorize`` with."""
    claims = _signed(lambda token: None if token else "")
    callback = claims.get("oauth_callback") or request.values.get("oauth_callback")
    if callback != OUT_OF_BAND:
        raise ClassicRefusal(codes.CALLBACK_NOT_APPROVED)
    asked = world().pins.ask()
    return _form(oauth_token=asked.token, oauth_token_secret=asked.secret, oauth_callback_confirmed="true")


@blueprint.get("/oauth/authorize")
@blueprint.get("/oauth/authenticate")
def ask_user() -> ResponseReturnValue:
    """Asks whoever opens the page, as one of those who use the app already."""
    token = request.args.get("oauth_token", "")
    if world().pins.find(token) is None:
        return _page(status=403)
    return _page(token=token)


@blueprint.post("/oauth/authorize")
@blueprint.post("/oauth/authenticate")
def approve() -> ResponseReturnValue:
    """The user has decided; shows the PIN."""
    token, user_id = request.form.get("oauth_token", ""), request.form.get("user", "")
    if "cancel" in request.form:
        world().pins.deny(token)
        return _page(denied=True)
    pin = world().pins.approve(token, user_id) if user_id in state().accounts else None
    return _page(status=403) if pin is None else _page(pin=pin)


@blueprint.route("/oauth/access_token", methods=["GET", "POST"])
def access_token() -> ResponseReturnValue:
    """Ends: the app hands in the PIN, and gets the user's tokens."""
    claims = _signed(_secret_of)
    verifier = claims.get("oauth_verifier") or request.values.get("oauth_verifier", "")
    account = world().pins.exchange(claims["oauth_token"], verifier)
    if account is None:
        return Response(_WRONG_PIN, 401, content_type="text/html; charset=utf-8")
    return _form(
        oauth_token=account.access_token,
        oauth_token_secret=account.access_token_secret,
        user_id=account.user_id,
        screen_name=account.handle,
    )


@blueprint.post("/_sandbox/pin")
def pin() -> ResponseReturnValue:
    """``user``, or else the bot, approves ``oauth_token``; answers the PIN that they are shown."""
    asked = json_object()
    user_id = person_in(asked, "user").id if "user" in asked else state().config.bot.user_id
    shown = world().pins.approve(str(asked.get("oauth_token")), user_id)
    if shown is None:
        raise Invalid("TokenInvalid", "oauth_token is not a request token, or no longer")
    return {"pin": shown}


def _signed(secret_of: oauth1.SecretOf) -> dict[str, str]:
    """What a signed request claims. Raises ClassicRefusal."""
    try:
        return oauth1.verify(request, state().config, secret_of, state().clock())
    except oauth1.NotAuthenticated as exc:
        raise ClassicRefusal(exc.code) from exc


def _secret_of(token: str) -> str | None:
    asked = world().pins.find(token)
    return None if asked is None else asked.secret


def _form(**values: str) -> Response:
    """X answers these calls in the form's encoding, and calls it HTML."""
    return Response(urlencode(values), content_type="text/html; charset=utf-8")


def _page(status: int = 200, **shown: object) -> tuple[str, int]:
    page = render_template_string(
        _PAGE,
        app=state().config.app_name,
        permissions=state().permissions.in_words(),
        accounts=list(state().accounts.values()),
        **shown,
    )
    return page, status
