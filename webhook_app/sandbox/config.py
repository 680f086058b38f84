"""What a sandbox is started with."""

from dataclasses import dataclass, field

from webhook_app.sandbox.slack_config import SlackConfig

#: X's two products that carry read receipts; a subscription may be wanted in either or both.
ACCOUNT_ACTIVITY = "account_activity"
ACTIVITY = "activity"
#: What an app may do on behalf of its users, from little to all: https://developer.x.com/en/docs/apps/app-permissions
PERMISSIONS = READ, READ_WRITE, READ_WRITE_DM = "read", "read-write", "read-write-dm"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who has authorised the app, with the tokens X has handed out for that."""

    #: OAuth 1.0a; X writes the user's id before the hyphen.
    access_token: str
    access_token_secret: str
    #: OAuth 2.0 user context; empty means that the user has only been through OAuth 1.0a.
    oauth2_token: str = ""
    name: str = "Helpful Bot"
    handle: str = "helpful_bot"

    @property
    def user_id(self) -> str:
        """The user's id, as X spells it into the token."""
        return self.access_token.partition("-")[0]


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """The app's credentials, the accounts that trust it, and how lively and how patient the world is."""

    consumer_key: str
    consumer_secret: str
    bearer_token: str
    #: The first one is the bot that people write to.
    accounts: tuple[Account, ...]
    #: 0 takes any free port.
    port: int = 0

    #: A consumer to register, subscribe and write to without being asked; it may still be starting.
    webhook_url: str | None = None
    #: The products the bot is subscribed in then.
    shapes: tuple[str, ...] = (ACCOUNT_ACTIVITY, ACTIVITY)

    #: One of ``PERMISSIONS``.
    permissions: str = READ_WRITE_DM
    #: How far a signature's clock may be from X's, in seconds; more, for a sandbox in another year.
    signature_skew: float = 300.0
    #: What X has sold: ``pay-per-use``, ``enterprise`` or ``none``.
    tier: str = "pay-per-use"
    #: How many webhooks, and subscriptions in either product, there may be; None: as many as the tier has.
    webhook_limit: int | None = None
    subscription_limit: int | None = None
    activity_limit: int | None = None

    #: Whether a replay contains the minute named as its end: OpenAPI says so, the quickstart the contrary.
    replay_end_included: bool = False

    #: How many calls of ``mark_read`` a user has, and in how many seconds, beginning with the first of them.
    mark_read_limit: tuple[int, float] = (1000, 900)
    #: Whether its success tells the window; a recorded answer of its sibling ``indicate_typing`` does not.
    mark_read_headers: bool = False
    #: The base URL of a service by which the bot marks as read what people write to it; None: it does not.
    bot_marks_at: str | None = None

    #: The workspaces of the Slack beside this X.
    slack: SlackConfig = field(default_factory=SlackConfig)

    #: At least one, or nobody would ever write.
    people: int = 12
    #: How many conversations move on per second, each of which ends in somebody reading.
    reads_per_second: float = 1.0
    #: People read an answer after a time between these, in seconds.
    reading_seconds: tuple[float, float] = (2.0, 6.0)
    #: Makes the people the same in every run, and what they do nearly so; None makes them new.
    seed: int | None = None

    #: Seconds between an attempt and the next; after the last one the event is lost.
    retry_delays: tuple[float, ...] = (3.0, 27.0, 242.0)
    #: Seconds a consumer has for a delivery, and for a challenge.
    delivery_timeout: float = 10.0
    crc_timeout: float = 3.0
    #: Deliveries on their way at the same time.
    in_flight: int = 8

    app_id: str = "27182818"
    app_name: str = "readmark sandbox"

    @property
    def bot(self) -> Account:
        """The account that people write to."""
        return self.accounts[0]
