"""Platforms translate: bytes into marks, cursors into text. Here are the seam and the registry.

A third platform is one module here, one in `schemas/` and one line in `REGISTRY`.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from webhook_app.domain.inbound import Inbound
from webhook_app.errors import NotFound
from webhook_app.platforms.slack import Slack
from webhook_app.platforms.twitter import Twitter
from webhook_app.settings import Settings


class Platform(Protocol):
    """One platform; plain functions, no web and no SQL types."""

    name: str

    def challenge(self, params: list[tuple[str, str]]) -> dict[str, str]:
        """Answer a webhook check. Raises BadChallenge, NotConfigured, NotFound."""

    def expect(self, headers: Mapping[str, str]) -> None:
        """Refuse what the headers alone refuse, before anybody reads a body.

        Raises BadSignature, NotConfigured, NotFound.
        """

    def receive(self, headers: Mapping[str, str], body: bytes, now: int) -> Inbound:
        """Verify and translate a delivery; `now` in milliseconds.

        Raises BadSignature, BadDelivery, NotConfigured, NotFound.
        """

    def read(self, body: bytes, now: int) -> Inbound:
        """Translate a delivery verified before, as `receive` does."""

    def reader(self, text: str) -> str:
        """The id of a reader or peer in its one spelling. Raises InvalidValue."""

    def cursor(self, text: str) -> int:
        """The integer of a message id. Raises InvalidValue."""

    def show(self, cursor: int) -> str:
        """The platform's own text of a cursor."""

    def moment(self, cursor: int) -> int | None:
        """When the message was sent, in milliseconds since 1970; None if its id does not tell."""


REGISTRY: dict[str, Callable[[Settings], Platform]] = {"slack": Slack, "twitter": Twitter}


class Platforms(dict[str, Platform]):
    """Every platform by name."""

    def named(self, name: str) -> Platform:
        """The platform of that name. Raises NotFound."""
        if name not in self:
            raise NotFound(f"There is no platform {name!r}; there are {', '.join(sorted(self))}.")
        return self[name]


def open_platforms(settings: Settings) -> Platforms:
    """Every registered platform, with its part of the settings."""
    return Platforms({name: kind(settings) for name, kind in REGISTRY.items()})
