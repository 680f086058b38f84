"""The one door to X's API v2: xdk, X's own SDK, over bounded connections, and its errors in our words."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
import xdk
from xdk.oauth1_auth import OAuth1

from webhook_app.errors import ManagementError, NotConfigured
from webhook_app.platforms.twitter_connections import Connections
from webhook_app.platforms.twitter_refusals import (
    ACCOUNT,
    BEARER,
    Keys,
    redirected,
    refusal,
    silence,
    unexpected,
)

#: Seconds to connect, and to answer: X calls the webhook meanwhile, and gives it ten.
TIMEOUT = (3.0, 20.0)
#: Bytes of an answer: a page of subscriptions is of a thousand, with a tag each.
LONGEST = 1 << 20
#: What the SDK stumbles over in an answer that is no JSON, or not in X's shape.
STUMBLES = (ValueError, TypeError, AttributeError, KeyError, RecursionError)


class Sdk:
    """Clients for one call or a few. May be used by many threads at once; they share the connections."""

    def __init__(
        self, base_url: str, bearer: str, app: tuple[str, str] | None, timeout: tuple[float, float]
    ) -> None:
        self._url = base_url.rstrip("/")
        self._bearer = bearer
        #: Consumer key and secret.
        self._app = app
        plain = urlsplit(base_url).scheme == "http"
        self._connections = Connections(plain=plain, timeout=timeout, longest=LONGEST)

    def by_app(self, about: str) -> AbstractContextManager[Any]:
        """A client that asks for the app itself; what goes wrong within is a ManagementError.

        `about`: what is asked for, for the sentence that says so.
        """
        return self._client(about, BEARER, bearer_token=self._bearer)

    def by_account(self, credentials: Mapping[str, str], about: str) -> AbstractContextManager[Any]:
        """The same on behalf of an account. Raises NotConfigured without the app's key and secret."""
        if self._app is None:
            raise NotConfigured(
                "TWITTER_CONSUMER_KEY and TWITTER_CONSUMER_SECRET are not both set; to subscribe takes both."
            )
        tokens = (credentials["access_token"], credentials["access_token_secret"])
        return self._client(about, ACCOUNT, auth=OAuth1(*self._app, "oob", *tokens))

    @contextmanager
    def _client(self, about: str, keys: Keys, **credentials: Any) -> Iterator[Any]:
        client = xdk.Client(base_url=self._url, **credentials)
        self._connections.open(client.session)
        # Else requests looks for credentials in the user's .netrc, and takes them instead.
        client.session.auth = _leave
        try:
            yield client
        except requests.TooManyRedirects as error:
            raise redirected() from error
        except requests.JSONDecodeError as error:
            raise unexpected() from error
        except requests.RequestException as error:
            raise _refused(error, about, keys) from error
        except STUMBLES as error:
            raise unexpected() from error


def _leave(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _refused(error: requests.RequestException, about: str, keys: Keys) -> ManagementError:
    answer = error.response
    if answer is None:
        return silence(error)
    return refusal(answer.status_code, answer.headers, answer.content, about, keys)
