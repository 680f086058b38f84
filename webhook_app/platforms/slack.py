"""Slack: read cursors go out, in its words and by its SDK. It sends no read events, so nothing comes in."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn, Protocol

from schemas.slack import CHANNEL, TOKEN_OWNER, ValidationError, microseconds
from webhook_app.domain.account import Account, Identity
from webhook_app.domain.finding import Finding, Patient
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.outbox import Coalescing, Policy, Verdict
from webhook_app.domain.rate import RateLimit, Word
from webhook_app.domain.timing import SentAt
from webhook_app.errors import DeliveryError, InvalidValue, NotFound
from webhook_app.platforms import slack_calls
from webhook_app.platforms.json_body import clean
from webhook_app.platforms.native import Call, Known, Reply, Request, Window, check_names
from webhook_app.platforms.slack_requests import CONVERSATIONS_MARK, PREFIX, open_call
from webhook_app.settings import Settings

#: A channel, a user, or a user of a team (`TEAM.USER`).
ID = re.compile(r"[A-Z0-9]{1,21}(?:\.[A-Z0-9]{1,21})?", re.ASCII)
#: Characters of a name that are kept.
MOST_NAME = 200
TOKEN = re.compile(r"[!-~]{1,500}", re.ASCII)


class Door(Protocol):
    """What Slack is called through."""

    def mark(self, token: str, channel: str, ts: str) -> Word:
        """Move a read cursor. Raises DeliveryError."""

    def test(self, token: str) -> tuple[dict[str, Any], str | None]:
        """Whose a token is, and its scopes with commas between them. Raises DeliveryError."""


class Slack:
    """Slack's words."""

    name = "slack"
    credential_names: tuple[str, ...] = ("token",)
    paths: tuple[str, ...] = (PREFIX,)
    #: Slack's answers say nothing of its windows.
    tells_window = False
    #: A `ts` is a time; as an integer it counts microseconds.
    sent_at = SentAt(unit=1000, epoch=0)

    def __init__(self, settings: Settings) -> None:
        self._token = settings.slack_token
        self._url = settings.slack_api_url
        limit = settings.slack_mark_limit
        #: Slack advises a timer before every call (docs.slack.dev/reference/methods/conversations.mark), and
        #: counts by method and team: Tier 3.
        self.policy = Policy(
            CONVERSATIONS_MARK,
            RateLimit(limit.calls, limit.seconds * 1000),
            Coalescing(round(settings.coalesce_seconds * 1000), first_at_once=False),
        )

    def challenge(self, params: list[tuple[str, str]]) -> NoReturn:
        """Slack has no webhook of read events (docs.slack.dev/reference/events). Raises NotFound."""
        raise NotFound("This platform sends no read events.")

    def expect(self, headers: Mapping[str, str]) -> NoReturn:
        """Raise NotFound, as `challenge`."""
        raise NotFound("This platform sends no read events.")

    def receive(self, headers: Mapping[str, str], body: bytes, now: int) -> NoReturn:
        """Raise NotFound, as `challenge`."""
        raise NotFound("This platform sends no read events.")

    def read(self, body: bytes, now: int) -> Inbound:
        """Raise NotFound, as `challenge`."""
        raise NotFound("This platform sends no read events.")

    def reader(self, text: str) -> str:
        """Return the id as it is. Raises InvalidValue."""
        if not ID.fullmatch(text):
            raise InvalidValue("id", "Not an id of this platform.")
        return text

    def peer(self, text: str) -> str:
        """Return a channel's id as it is. Raises InvalidValue."""
        if not CHANNEL.fullmatch(text):
            raise InvalidValue("peer", "Not a channel, which is like C012345678.")
        return text

    def cursor(self, text: str) -> int:
        """Return a `ts` as microseconds; the fraction is padded on the right. Raises InvalidValue."""
        cursor = microseconds(text)
        if cursor is None:
            raise InvalidValue("cursor", "Not a ts, which is like 1593473566.000200.")
        return cursor

    def show(self, cursor: int) -> str:
        """Return microseconds as a `ts`."""
        return f"{cursor // 1_000_000}.{cursor % 1_000_000:06}"

    def moment(self, cursor: int) -> int | None:
        """Return when the message was sent: a `ts` is a time."""
        return self.sent_at.moment(cursor)

    def configured(self) -> dict[str, str] | None:
        """Return the environment's token, if there is one."""
        return {"token": self._token} if self._token else None

    def digest(self, credentials: Mapping[str, str]) -> str:
        """Return the digest of the token, which is all that Slack's callers show."""
        return slack_calls.digest(credentials["token"])

    def introduce(self, credentials: Mapping[str, str]) -> Identity:
        """Ask Slack whose the token is: a user of a team, for a user id is unique within its team only.

        Raises InvalidValue if Slack, or a look at it, refuses the token; DeliveryError if Slack cannot say.
        """
        check_names(credentials, self.credential_names)
        token = credentials["token"]
        if not TOKEN.fullmatch(token):
            raise InvalidValue("token", "Not a token.")
        if token.startswith(slack_calls.APP_TOKEN):
            raise InvalidValue("token", "An app-level token is nobody's; give a bot's or a user's.")
        try:
            said, scopes = self._door.test(token)
            owner = TOKEN_OWNER.load(said)
        except ValidationError as error:
            raise DeliveryError(Verdict.RETRY, "auth.test does not say whose the token is") from error
        except DeliveryError as error:
            if error.verdict is not Verdict.ACCOUNT:
                raise
            raise InvalidValue("token", f"Refused: {error}.") from error
        team, user = owner["team_id"], owner["user_id"]
        name = f"{owner['user']}{slack_calls.AT}{owner['team']}" if owner["team"] else owner["user"]
        granted = None if scopes is None else tuple(filter(None, map(str.strip, scopes.split(","))))
        return Identity(self.reader(f"{team}.{user}"), team, clean(name, MOST_NAME), granted)

    def deliver(self, account: str, credentials: Mapping[str, str], peer: str, cursor: int) -> Word:
        """Move the cursor of whoever owns the token. Raises DeliveryError."""
        return self._door.mark(credentials["token"], peer, self.show(cursor))

    @cached_property
    def _door(self) -> Door:
        # slack_sdk takes longer to import than anything before it, and whoever wakes this process waits.
        from webhook_app.platforms.slack_delivery import Delivery

        return Delivery(self._url)

    def open(self, request: Request) -> Call:
        """Read a call of the Web API. Raises CallRefused."""
        return open_call(request)

    def identify(self, call: Call, known: Known, now: int) -> Account:
        """Return the account whose token the call shows. Raises CallRefused."""
        return slack_calls.identify(call, known, now, self._token)

    def want(self, call: Call, account: Account, now: int) -> tuple[str, int] | None:
        """Return channel and cursor; None for `auth.test`. Raises CallRefused."""
        return slack_calls.want(call, now)

    def answer(
        self, call: Call | None, account: Account | None, problem: Exception | None, window: Window
    ) -> Reply:
        """Return Slack's answer."""
        return slack_calls.answer(call, account, problem)

    def management(self) -> None:
        """Slack has no webhooks for what we keep."""
        return None

    def examine(
        self, patients: Sequence[Patient], addresses: Sequence[str], clock: Callable[[], int]
    ) -> Iterable[Finding]:
        """Ask Slack about tokens and their scopes."""
        # With slack_sdk, as the door.
        from webhook_app.platforms.slack_examine import examine

        return examine(self._url, patients)
