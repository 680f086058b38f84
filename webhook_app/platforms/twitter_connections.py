"""Connections to X with bounded answers, for whatever client of X sends over them."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from webhook_app.platforms.connections import LONGEST, bound

#: Connections kept, as many as a dispatcher has calls in hand.
KEPT = 8


class Connections(HTTPAdapter):
    """Connections with bounded answers, which outlive their sessions: tweepy closes one after each call."""

    def __init__(
        self, *, plain: bool, timeout: tuple[float, float] | None = None, longest: int = LONGEST
    ) -> None:
        self._longest = longest
        #: Seconds to connect, and to answer, for clients that say nothing of it.
        self._timeout = timeout
        #: Whether it is http that is called: settings let only a loopback address be.
        self._plain = plain
        super().__init__(pool_connections=2, pool_maxsize=KEPT)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*args, **kwargs)
        bound(self.poolmanager, self._longest)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """The pools of a proxy that the environment names; one of SOCKS has connections of its own kind."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            bound(manager, self._longest)
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send; tweepy knows only https, and has signed for it."""
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        if self._plain and request.url is not None:
            request.url = request.url.replace("https://", "http://", 1)
            kwargs["proxies"] = {}
        return super().send(request, *args, **kwargs)

    def close(self) -> None:
        """Keep the connections."""

    def open(self, session: requests.Session) -> None:
        """Let a session send over these connections, and follow no redirect."""
        session.mount("https://", self)
        session.mount("http://", self)
        session.headers["Accept-Encoding"] = "identity"
        # A POST that is redirected becomes a GET elsewhere.
        session.max_redirects = 0
