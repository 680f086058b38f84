"""The bot's own program, which marks as read what people write to it: a customer of the service tried."""

import threading
import time
from collections import OrderedDict
from typing import Any
from urllib.parse import urlencode

import urllib3
from oauthlib.oauth1 import Client

from webhook_app.sandbox.happenings import Message
from webhook_app.sandbox.state import State

#: Seconds from a message until the bot has read it.
_READS_AFTER = 0.4
#: Seconds that the service has for its answer.
_TIMEOUT = 5.0
_PATH = "/1.1/direct_messages/mark_read.json"
_FORM = "application/x-www-form-urlencoded"


class Bot:
    """One thread over what is unread; without a service to call, it reads nothing."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._url = (state.config.bot_marks_at or "").rstrip("/")
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=_TIMEOUT))
        #: By author, when to read and up to which message; the one due next comes first.
        self._unread: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._changed = threading.Condition()
        self._stopped = False
        self._marked = self._failed = 0
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._read, name="bot", daemon=True)

    def start(self) -> None:
        """Begins to read, if there is a service to tell."""
        if self._url:
            self._thread.start()

    def stop(self) -> None:
        """Reads nothing more; the call on its way is finished."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._http.clear()

    def hear(self, message: Message) -> None:
        """Somebody has written; if to the bot, it will have been read soon, with what follows until then."""
        if not self._url or message.recipient.id != self._state.config.bot.user_id:
            return
        with self._changed:
            due, _ = self._unread.get(message.sender.id, (time.monotonic() + _READS_AFTER, 0))
            self._unread[message.sender.id] = (due, message.id)
            self._changed.notify()

    def as_json(self) -> dict[str, Any]:
        """How many calls the service has accepted, how many have failed, and how the last of those did."""
        return {"marked": self._marked, "failed": self._failed, "problem": self._problem}

    def _read(self) -> None:
        while (unread := self._next()) is not None:
            try:
                self._mark(*unread)
            except (OSError, ValueError, urllib3.exceptions.HTTPError) as exc:
                self._failed += 1
                self._problem = f"{type(exc).__name__}: {exc}"

    def _next(self) -> tuple[str, int] | None:
        """Author and message as soon as the bot has read that far; None once it is stopped."""
        with self._changed:
            while not self._stopped:
                author, (due, up_to) = next(iter(self._unread.items()), ("", (None, 0)))
                wait = None if due is None else due - time.monotonic()
                if wait is not None and wait <= 0:
                    del self._unread[author]
                    return author, up_to
                self._changed.wait(wait)
        return None

    def _mark(self, author: str, up_to: int) -> None:
        """Calls the service as a client of X would; a refusal is counted, and never repeated."""
        body = urlencode({"last_read_event_id": up_to, "recipient_id": author})
        config, bot = self._state.config, self._state.config.bot
        client = Client(
            config.consumer_key,
            config.consumer_secret,
            bot.access_token,
            bot.access_token_secret,
            timestamp=str(int(self._state.clock())),
        )
        url, headers, body = client.sign(self._url + _PATH, "POST", body, {"Content-Type": _FORM})
        answer = self._http.request("POST", url, body=body, headers=headers, redirect=False)
        if answer.status == 204:
            self._marked += 1
        else:
            self._failed += 1
            self._problem = f"{answer.status}: {answer.data.decode(errors='replace')[:200]}"
