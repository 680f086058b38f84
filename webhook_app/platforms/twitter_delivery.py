"""Calls X, by tweepy over connections that are kept."""

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
import tweepy

from webhook_app.domain.outbox import Verdict
from webhook_app.domain.rate import Word
from webhook_app.errors import DeliveryError
from webhook_app.platforms.twitter_answers import read_word, refusal, taken
from webhook_app.platforms.twitter_connections import Connections

#: Seconds to connect, and then to answer: together no longer than a claim lasts.
TIMEOUT = (3.0, 5.0)


class Delivery:
    """The one door to X. May be used by many threads at once; they share the connections."""

    def __init__(self, base_url: str, timeout: tuple[float, float] = TIMEOUT) -> None:
        base = urlsplit(base_url)
        self._host = base.netloc + base.path.rstrip("/")
        self._timeout = timeout
        self._connections = Connections(plain=base.scheme == "http")
        self._lines = threading.local()

    def mark(self, keys: tuple[str, str, str, str], recipient_id: str, last_read_event_id: str) -> Word:
        """Call `direct_messages/mark_read`; returns what the answer says of the window.

        `keys`: consumer key and secret, access token and secret. Raises DeliveryError.
        """
        parameters = {"recipient_id": recipient_id, "last_read_event_id": last_read_event_id}
        answer = self._line().call(keys, lambda client: client.mark_direct_message_read(**parameters))
        if not taken(answer.status_code, answer.content):
            raise _refusal(answer)
        return read_word(answer.headers, counted=True) or Word()

    def verify(self, keys: tuple[str, str, str, str]) -> requests.Response:
        """Call `account/verify_credentials`. Raises DeliveryError."""
        return self._line().call(keys, lambda client: client.verify_credentials(skip_status=True))

    def status(self, keys: tuple[str, str, str, str]) -> requests.Response:
        """Call `application/rate_limit_status` for direct messages. Raises DeliveryError."""
        return self._line().call(keys, lambda client: client.rate_limit_status(resources="direct_messages"))

    def _line(self) -> "_Line":
        """This thread's own client: tweepy's are of one thread."""
        line: _Line | None = getattr(self._lines, "line", None)
        if line is None:
            line = self._lines.line = _Line(self._host, self._timeout, self._connections)
        return line


def _refusal(answer: requests.Response) -> DeliveryError:
    return refusal(answer.status_code, answer.headers, answer.content)


class _Line:
    """A client of tweepy, and what was answered to its last call."""

    def __init__(self, host: str, timeout: tuple[float, float], connections: Connections) -> None:
        self._answers: list[requests.Response] = []
        # Never with wait_on_rate_limit: it sleeps in this process, and can spin.
        self._client = tweepy.API(host=host, timeout=timeout)
        session = self._client.session
        connections.open(session)
        session.hooks["response"].append(self._keep)

    def _keep(self, answer: requests.Response, *args: Any, **kwargs: Any) -> None:
        # tweepy keeps it too, but not if it stumbles over a header. One that breaks off is none.
        if answer.content is not None:
            self._answers.append(answer)

    def call(
        self, keys: tuple[str, str, str, str], send: Callable[[tweepy.API], object]
    ) -> requests.Response:
        """Return the answer to a call that X has not refused. Raises DeliveryError."""
        self._answers.clear()
        self._client.auth = tweepy.OAuth1UserHandler(*keys)
        try:
            send(self._client)
        except (tweepy.TweepyException, AttributeError, TypeError, ValueError, RecursionError) as error:
            # tweepy stumbles (all but the first) over errors that are JSON, but not in X's shape.
            if not self._answers:
                kind = type(error.__context__ or error).__name__
                raise DeliveryError(Verdict.RETRY, f"no answer ({kind})") from error
            raise _refusal(self._answers[-1]) from error
        return self._answers[-1]
