"""How an account authorises our app: OAuth 1.0a by tweepy, with a PIN in place of a callback.

https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import tweepy

from webhook_app.errors import ManagementError
from webhook_app.platforms.twitter_connections import Connections
from webhook_app.platforms.twitter_refusals import APP, redirected, refusal, silence, unexpected

T = TypeVar("T")
#: Seconds to connect, and to answer.
TIMEOUT = (3.0, 10.0)
#: X shows seven digits.
PIN = re.compile(r"[0-9]{4,12}", re.ASCII)
#: The reason of the error after which another PIN may be tried.
WRONG_PIN = "WrongPin"
#: These calls are answered in JSON or in XML; of callbacks (415) and of apps that know no other (417).
CODE = re.compile(rb'code"?[=:]\s*"?([0-9]{1,4})')
CALLBACK_CODES = (415, 417)


class Authorisation:
    """One account's: first `address`, then `tokens` with what the account is shown there.

    Both raise ManagementError.
    """

    def __init__(self, base_url: str, app: tuple[str, str], timeout: tuple[float, float] = TIMEOUT) -> None:
        self._answers: list[requests.Response] = []
        connections = Connections(plain=urlsplit(base_url).scheme == "http", timeout=timeout)
        self._handler = _Handler(f"{base_url.rstrip('/')}/oauth/", connections, self._keep, *app)

    def _keep(self, answer: requests.Response, *args: Any, **kwargs: Any) -> None:
        self._answers.append(answer)

    def address(self) -> str:
        """Where the account is to be asked, in a browser that it is logged in with."""
        try:
            return str(self._ask(self._handler.get_authorization_url))
        except _Refused as refused:
            if refused.status == 403 and refused.code in (None, *CALLBACK_CODES):
                words = (
                    "The X app does not let accounts authorise it by a PIN: set up its user authentication in"
                    " X's developer console, with OAuth 1.0a and any callback address."
                )
                raise ManagementError("", words) from refused
            if refused.status == 401:
                # In JSON or in XML, it says no more than that.
                raise refusal(401, {}, b"", "an authorisation", APP) from refused
            raise refusal(*refused.answer, "an authorisation", APP) from refused

    def tokens(self, pin: str) -> dict[str, str]:
        """The account's credentials. Raises with `WRONG_PIN` if it is another one."""
        wrong = "X does not take this PIN: it is the seven digits that it shows after the account has agreed."
        if not PIN.fullmatch(pin):
            raise ManagementError(WRONG_PIN, wrong)
        try:
            token, secret = self._ask(lambda: self._handler.get_access_token(pin))
        except _Refused as refused:
            if refused.status in (400, 401):
                raise ManagementError(WRONG_PIN, wrong) from refused
            raise refusal(*refused.answer, "an authorisation", APP) from refused
        return {"access_token": str(token), "access_token_secret": str(secret)}

    def _ask(self, call: Callable[[], T]) -> T:
        self._answers.clear()
        try:
            return call()
        except tweepy.TweepyException as error:
            if not self._answers:
                raise silence(_innermost(error)) from error
            answer = self._answers[-1]
            if answer.is_redirect:
                raise redirected() from error
            if answer.ok:
                raise unexpected() from error
            raise _Refused(answer) from error


class _Refused(Exception):
    def __init__(self, answer: requests.Response) -> None:
        super().__init__(answer.status_code)
        self.answer = (answer.status_code, answer.headers, answer.content)
        self.status = answer.status_code
        match = CODE.search(answer.content)
        self.code = int(match[1]) if match else None


class _Handler(tweepy.OAuth1UserHandler):  # type: ignore[misc]  # tweepy has no types
    """tweepy's, which makes a session of its own for each call, and knows one address of X."""

    def __init__(self, url: str, connections: Connections, keep: Any, key: str, secret: str) -> None:
        self._url, self._connections, self._keep = url, connections, keep
        super().__init__(key, secret, callback="oob")

    def _get_oauth_url(self, endpoint: str) -> str:
        return self._url + endpoint

    @property
    def oauth(self) -> requests.Session:
        """The session of the next call."""
        return self._session

    @oauth.setter
    def oauth(self, session: requests.Session) -> None:
        self._connections.open(session)
        session.hooks["response"].append(self._keep)
        self._session = session


def _innermost(error: BaseException) -> BaseException:
    """What tweepy has wrapped."""
    while isinstance(error, tweepy.TweepyException) and error.__context__ is not None:
        error = error.__context__
    return error
