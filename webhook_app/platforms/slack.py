"""Slack: a cursor is a message's `ts`. Slack sends no read events, so nothing comes in here."""

import re
from collections.abc import Mapping
from typing import NoReturn

from webhook_app.domain.inbound import Inbound
from webhook_app.errors import InvalidValue, NotFound
from webhook_app.settings import Settings

TS = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,6}))?", re.ASCII)
#: A channel, a user, or a user of a team (`TEAM.USER`).
ID = re.compile(r"[A-Z0-9]{1,21}(?:\.[A-Z0-9]{1,21})?", re.ASCII)


class Slack:
    """Slack's words."""

    name = "slack"

    def __init__(self, settings: Settings) -> None:
        pass

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

    def cursor(self, text: str) -> int:
        """Return a `ts` as microseconds; the fraction is padded on the right. Raises InvalidValue."""
        match = TS.fullmatch(text)
        if not match:
            raise InvalidValue("cursor", "Not a ts, which is like 1593473566.000200.")
        seconds, fraction = match.groups(default="")
        return int(seconds) * 1_000_000 + int(fraction.ljust(6, "0"))

    def show(self, cursor: int) -> str:
        """Return microseconds as a `ts`."""
        return f"{cursor // 1_000_000}.{cursor % 1_000_000:06}"

    def moment(self, cursor: int) -> int:
        """Return when the message was sent: a `ts` is a time."""
        return cursor // 1000
