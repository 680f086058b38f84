"""What X has sold to the owner of the app: which calls are let in, and how much may be subscribed to."""

from dataclasses import dataclass

from webhook_app.sandbox import classic_problems as codes
from webhook_app.sandbox.classic_problems import ClassicRefusal
from webhook_app.sandbox.config import SandboxConfig


@dataclass(frozen=True, slots=True)
class Tier:
    """How much of each there may be."""

    webhooks: int
    subscriptions: int
    activities: int


PAY_PER_USE, ENTERPRISE, NONE = "pay-per-use", "enterprise", "none"
#: https://docs.x.com/x-api/account-activity/introduction and https://docs.x.com/x-api/activity/introduction
TIERS = {
    PAY_PER_USE: Tier(1, 3, 1500),
    ENTERPRISE: Tier(5, 5000, 75_000),
    #: No call is let in but those of ``/oauth``; what has been subscribed to stays.
    NONE: Tier(0, 0, 0),
}


class Access:
    """The tier in force; the state's lock guards it."""

    def __init__(self, config: SandboxConfig) -> None:
        #: What the owner pays for; whoever pays for another sets it.
        self.tier = config.tier
        self._config = config

    def refuse_without(self) -> None:
        """Raises ClassicRefusal where nothing has been paid for; v2 calls get this v1.1 shape, too."""
        if self.tier == NONE:
            raise ClassicRefusal(codes.NO_ACCESS)

    @property
    def limits(self) -> Tier:
        """How much of each there may be: the tier's numbers, unless the sandbox was started with others."""
        config, tier = self._config, TIERS[self.tier]
        return Tier(
            config.webhook_limit or tier.webhooks,
            config.subscription_limit or tier.subscriptions,
            config.activity_limit or tier.activities,
        )
