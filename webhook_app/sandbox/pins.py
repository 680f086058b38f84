"""Authorising an app by a PIN: request tokens, who has approved them, and what they are exchanged for."""

import threading
from dataclasses import dataclass, replace

from webhook_app.sandbox.config import Account
from webhook_app.sandbox.state import State


@dataclass(frozen=True, slots=True)
class RequestToken:
    """The app's wish to be authorised by somebody."""

    token: str
    secret: str
    #: Who has approved it, and the PIN they were shown; None until then.
    user_id: str | None = None
    pin: str | None = None


class Pins:
    """The request tokens that have not yet been exchanged; it guards itself."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._tokens: dict[str, RequestToken] = {}

    def ask(self) -> RequestToken:
        """A new request token."""
        with self._lock:
            asked = RequestToken(_random(self._state, 27), _random(self._state, 32))
            self._tokens[asked.token] = asked
        return asked

    def find(self, token: str) -> RequestToken | None:
        """The request token, unless it has been exchanged or denied."""
        return self._tokens.get(token)

    def approve(self, token: str, user_id: str) -> str | None:
        """The user authorises the app; returns the PIN, seven digits to hand to it. None: no such token."""
        with self._lock:
            asked = self._tokens.get(token)
            if asked is None:
                return None
            pin = f"{self._state.random.randrange(10**7):07}"
            self._tokens[token] = replace(asked, user_id=user_id, pin=pin)
        return pin

    def deny(self, token: str) -> None:
        """The user does not want the app."""
        with self._lock:
            self._tokens.pop(token, None)

    def exchange(self, token: str, pin: str) -> Account | None:
        """The account of whoever was shown the PIN, once; None for any other PIN."""
        with self._lock:
            asked = self._tokens.get(token)
            if asked is None or asked.user_id is None or asked.pin != pin:
                return None
            del self._tokens[token]
        return _authorise(self._state, asked.user_id)


def _authorise(state: State, user_id: str) -> Account:
    """The user's account; with new tokens where the old ones were revoked, or allow something else."""
    with state.lock:
        person, account = state.person(user_id), state.accounts.get(user_id)
        good = user_id not in state.revoked and state.permissions.granted(user_id) == state.permissions.app
        if account is None:
            account = Account("", "", name=person.name, handle=person.handle)
        if not account.access_token or not good:
            token = f"{user_id}-{_random(state, 40)}"
            account = replace(account, access_token=token, access_token_secret=_random(state, 45))
        state.accounts[user_id] = account
        state.revoked.discard(user_id)
        state.permissions.grant(user_id)
        return account


def _random(state: State, length: int) -> str:
    """Letters and digits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(state.random.choices(alphabet, k=length))
