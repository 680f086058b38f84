"""What a platform has of us so that it delivers: our webhook, whether it is valid, who is subscribed."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from webhook_app.domain.finding import Finding, Patient, doubt, ok, skipped, unknown, wrong
from webhook_app.domain.watching import Watched
from webhook_app.domain.webhook import Subscription, Webhook
from webhook_app.errors import ManagementError, NotConfigured
from webhook_app.platforms import Platform
from webhook_app.platforms.management import Management

#: The platform signs with a secret of its own copy: only it can tell that ours is another.
COMPARE = "compare the secret in the service's settings with the last one that the platform made for the app"


def examine_webhooks(
    platform: Platform,
    patients: Sequence[Patient],
    address: str | None,
    watched: Mapping[tuple[str, str], Watched],
    now: int,
) -> Generator[Finding, None, list[str]]:
    """Findings about webhooks and subscriptions; returns the addresses that are ours, `address` or all.

    `watched`: what a watchdog that is there knows, by platform and id.
    """
    subject = f"{platform.name} webhook"
    given = [] if address is None else [address]
    try:
        management = platform.management()
        if management is None:
            return []
        all_of_app = management.webhooks()
    except NotConfigured as error:
        # Who has an account there should see to it that it is delivered for.
        yield (doubt if patients else skipped)(subject, str(error))
        return given
    except ManagementError as error:
        yield _refused(subject, error)
        return given
    ours = [webhook for webhook in all_of_app if _is_ours(webhook, platform.name, address)]
    if not ours:
        yield _none(platform.name, all_of_app, address)
    for webhook in ours:
        yield _validity(subject, webhook, watched.get((platform.name, webhook.id)), now)
        yield from _examine_subscriptions(platform.name, management, webhook, patients, now)
    return given or [webhook.url for webhook in ours]


def _is_ours(webhook: Webhook, name: str, address: str | None) -> bool:
    if address is not None:
        return webhook.url == address
    return webhook.leads_to(name)


def _none(name: str, others: Sequence[Webhook], address: str | None) -> Finding:
    what = address or f"an address with the path /webhooks/{name}"
    words = f"{what} is not registered" + (f", unlike {len(others)} other(s)" if others else "")
    where = address or f"https://your.host/webhooks/{name}"
    return wrong(f"{name} webhook", words, f"readmark webhook register {where}")


def _validity(subject: str, webhook: Webhook, watched: Watched | None, now: int) -> Finding:
    """Whether it is delivered to, and if not, what will be done about it by itself."""
    if webhook.valid:
        return ok(subject, f"{webhook.url} is valid (id {webhook.id})")
    words = f"{webhook.url} is invalid, so nothing is delivered to it"
    if watched is not None and watched.reason:
        words += f"; when it was last validated: {watched.reason.rstrip('.')}"
    remedy = f"mend what is wrong below, then readmark webhook validate {webhook.id}"
    if watched is not None:
        minutes = max(1, -(-(watched.validate_at - now) // 60_000))
        remedy += f", or leave that to the watchdog, which does it within {minutes} min"
    return wrong(subject, words, f"{remedy}; if nothing is, {COMPARE}")


def _refused(subject: str, error: ManagementError) -> Finding:
    return (unknown if error.temporary else wrong)(subject, str(error))


def _examine_subscriptions(
    name: str, management: Management, webhook: Webhook, patients: Sequence[Patient], now: int
) -> Iterator[Finding]:
    try:
        there = management.subscriptions(webhook.id)
    except ManagementError as error:
        yield _refused(f"{name} subscriptions", error)
        return
    if not there:
        words = f"no account is subscribed: nothing is delivered to {webhook.url}"
        yield wrong(f"{name} subscriptions", words, "readmark webhook subscribe ACCOUNT")
        return
    for patient in patients:
        if patient.id:
            yield _subscribed(f"{name}/{patient.id}", management, patient.id, there, now)


def _subscribed(
    subject: str, management: Management, account: str, there: Sequence[Subscription], now: int
) -> Finding:
    """Whether what an account gets is delivered, and will be: what ends for good is named with its date."""
    kinds = {each.kind for each in there if each.account == account}
    remedy = f"readmark webhook subscribe {account}"
    if not kinds:
        return doubt(subject, "not subscribed: only marks on their way out concern it", remedy)
    lasting = [kind for kind in management.kinds if kind not in management.ends]
    missing = [kind for kind in lasting if kind not in kinds]
    ending = [kind for kind in sorted(kinds) if kind in management.ends]
    if lasting and missing == lasting and ending:
        end = max(management.ends[kind] for kind in ending)
        day = datetime.fromtimestamp(end / 1000, UTC).date()
        words = f"subscribed only to {', '.join(ending)}, which {'ends' if now < end else 'ended'} on {day}"
        return (doubt if now < end else wrong)(subject, words, remedy)
    if missing:
        return doubt(subject, f"subscribed, but not to {', '.join(missing)}", remedy)
    return ok(subject, f"subscribed to {', '.join(sorted(kinds))}")
