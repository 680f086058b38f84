"""Calls Slack, by its own SDK over connections that are kept."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import unquote
from urllib.request import Request, proxy_bypass

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.client import WebClient
from slack_sdk.web.slack_response import SlackResponse
from urllib3 import PoolManager, ProxyManager, Timeout, make_headers
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from webhook_app.domain.outbox import Verdict
from webhook_app.domain.rate import Word
from webhook_app.errors import DeliveryError
from webhook_app.platforms.connections import bound
from webhook_app.platforms.slack_errors import refusal

#: Seconds to connect, and then to answer: together no longer than a claim lasts.
CONNECT, READ = 3.0, 5.0
TIMEOUT = Timeout(connect=CONNECT, read=READ)
#: Connections kept, as many as a dispatcher has calls in hand.
KEPT = 8
#: The SDK tells every failure as an error; whoever asked for the delivery tells it in one line.
QUIET = logging.getLogger(f"{__name__}.sdk")
QUIET.setLevel(logging.CRITICAL)
#: The pools of connections through a proxy, or through none.
Pools = Callable[[str | None], PoolManager]


class Delivery:
    """The one door to Slack. May be used by many threads at once."""

    def __init__(self, base_url: str, timeout: Timeout = TIMEOUT) -> None:
        self._base_url, self._timeout = base_url, timeout
        self._pools: Pools = cache(_pools)
        self._pools(None)  # before two threads at once ask for the first time

    def mark(self, token: str, channel: str, ts: str) -> Word:
        """Call `conversations.mark`, also for what came as `mpim.mark`, which Slack retired on 2021-02-24
        (api.slack.com/changelog/2021-02-24-how-we-broke-your-slack-app). Raises DeliveryError.
        """
        self._call(token, lambda client: client.conversations_mark(channel=channel, ts=ts))
        # Slack says nothing of its windows but that one is spent.
        return Word()

    def test(self, token: str) -> tuple[dict[str, Any], str | None]:
        """Call `auth.test`: its answer, and the token's scopes with commas between them, if it tells.

        Raises DeliveryError.
        """
        answer = self._call(token, lambda client: client.auth_test())
        told = {name.lower(): value for name, value in answer.headers.items()}
        return dict(answer.data) if isinstance(answer.data, dict) else {}, told.get("x-oauth-scopes")

    def _call(self, token: str, send: Callable[[WebClient], SlackResponse]) -> SlackResponse:
        # Without the SDK's retries: they sleep, and a second call must be paid for like the first.
        client = _Client(self._pools, self._timeout, token, self._base_url)
        try:
            answer = send(client)
        except SlackApiError as error:
            answer = error.response
            raise refusal(answer.status_code, answer.headers, answer.data) from error
        except (SlackClientError, HTTPError, OSError, AttributeError, ValueError, RecursionError) as error:
            # No answer, or one on which the SDK stumbles (JSON that is no object: AttributeError).
            raise DeliveryError(Verdict.RETRY, f"no answer ({type(error).__name__})") from error
        if answer.get("ok") is not True:
            # The SDK takes whatever is true.
            raise refusal(answer.status_code, answer.headers, answer.data)
        return answer


class _Client(WebClient):
    """The SDK's client, which would open a connection a call.

    It has no public place for another transport. Should a version not know this method any more, every call
    opens a connection again, and a test says so.
    """

    def __init__(self, pools: Pools, timeout: Timeout, token: str, base_url: str) -> None:
        seconds = int(timeout.read_timeout or 0)  # of the SDK's own transport
        super().__init__(token, base_url, timeout=seconds, retry_handlers=[], logger=QUIET)
        self._pools, self._timeout = pools, timeout

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        posted = req.data if isinstance(req.data, bytes) else None
        headers = dict(req.header_items())
        pools = self._pools(None if self.proxy is None or proxy_bypass(req.host) else self.proxy)
        answer = pools.request(
            req.get_method(), url, body=posted, headers=headers, timeout=self._timeout,
            retries=False, redirect=False,
        )  # fmt: skip
        body = answer.data.decode("utf-8", "replace")
        return {"status": answer.status, "headers": dict(answer.headers), "body": body}


def _pools(proxy: str | None) -> PoolManager:
    """Pools of connections with bounded answers."""
    if proxy is None:
        pools = PoolManager(num_pools=2, maxsize=KEPT)
    else:
        url = parse_url(proxy if "://" in proxy else f"http://{proxy}")
        headers = make_headers(proxy_basic_auth=unquote(url.auth)) if url.auth else None
        pools = ProxyManager(url.url, num_pools=2, maxsize=KEPT, proxy_headers=headers)
    bound(pools)
    return pools
