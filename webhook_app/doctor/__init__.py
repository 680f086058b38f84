"""Examines an installation from the settings up, one finding a line, and never stops at the first failure.

1. The settings, then the database, then what its tables tell, then each platform in its own words.
2. What stands on something that has failed is examined as far as it can be: a platform is asked with the
   environment's credentials while the database is down.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import NamedTuple

from webhook_app.clock import wall_clock
from webhook_app.doctor.ground import examine_store, prepare
from webhook_app.doctor.tables import examine_accounts, examine_signs, examine_watchdog, is_watched
from webhook_app.doctor.webhooks import examine_webhooks
from webhook_app.domain.account import Account
from webhook_app.domain.finding import Finding, Patient, doubt, ok, unknown, wrong
from webhook_app.domain.outbox import State
from webhook_app.domain.watching import Watched
from webhook_app.errors import ReadmarkError, words_of
from webhook_app.platforms import Platform, open_platforms
from webhook_app.services import Services
from webhook_app.settings import Settings, parse_settings
from webhook_app.storage.signs import read_signs
from webhook_app.storage.watching import read_watches


def diagnose(
    env: Mapping[str, str],
    address: str | None = None,
    clock: Callable[[], int] = wall_clock,
    faults: Sequence[str] = (),
) -> Iterator[Finding]:
    """Every finding, as it is made; `address` is where our webhook is, if platforms are not to be asked.

    `faults`: what is wrong with where `env` was read. Writes nothing but a lease of a moment. No finding has
    a secret in it.
    """
    settings, more = parse_settings(env)
    faults = [*faults, *more]
    yield from _examine_settings(settings, faults)
    faulty = {fault.partition(":")[0] for fault in faults}
    with ExitStack() as stack:
        services, tables = None, Tables([], {})
        if faulty & {"DATABASE_URL", "SECRET_KEY"}:
            yield unknown("database", "its settings are not valid")
        elif (ready := (yield from prepare(settings))) is not None:
            services = Services(ready, clock=clock)
            stack.callback(services.store.close)
            if (yield from examine_store(services)):
                tables = yield from _examine_tables(services)
        platforms = services.platforms if services else open_platforms(settings)
        for name in sorted(platforms):
            if f"{name.upper()}_API_URL" in faulty:
                yield unknown(name, "the setting of its address is not valid")
            else:
                yield from _examine_platform(services, platforms[name], tables, address, clock)


def _examine_settings(settings: Settings, faults: Collection[str]) -> Iterator[Finding]:
    for fault in faults:
        yield wrong("settings", fault)
    for words in settings.doubts:
        yield doubt("settings", words)
    if not faults and not settings.doubts:
        yield ok("settings", "all are valid")


class Tables(NamedTuple):
    """What the tables tell that is of use further down."""

    accounts: list[Account]
    #: Webhooks that a watchdog looks after, by platform and id; none if there is no watchdog.
    watched: dict[tuple[str, str], Watched]


def _examine_tables(services: Services) -> Generator[Finding, None, Tables]:
    """Findings in the tables; returns what else they tell."""
    try:
        accounts = services.store.accounts.list()
        began = services.clock()
        signs = services.store.read(lambda connection: read_signs(connection, services.platforms))
        now = services.clock()
        watches = services.store.read(read_watches)
    except ReadmarkError as error:
        yield unknown("tables", words_of(error))
        return Tables([], {})
    yield from examine_signs(signs, began, now, len(accounts))
    managed = any(_managed(platform) for platform in services.platforms.values())
    yield examine_watchdog(watches.platforms, now, managed=managed)
    yield from examine_accounts(accounts)
    there = is_watched(watches.platforms, now)
    return Tables(accounts, {(one.platform, one.id): one for one in watches.webhooks if there})


def _managed(platform: Platform) -> bool:
    with suppress(ReadmarkError):
        return platform.management() is not None
    return False


def _patients(
    services: Services | None, platform: Platform, accounts: list[Account]
) -> Generator[Finding, None, list[Patient]]:
    """Findings about credentials that cannot be read; returns those who have some.

    The environment's account is one of them, also if the database has not yet heard of it.
    """
    patients = []
    for account in accounts:
        # Whose access was withdrawn has no credentials any more.
        if services is None or account.platform != platform.name or account.state is State.REVOKED:
            continue
        try:
            given = services.known.credentials(account)
            patients.append(Patient(account.id, given, partial(_spent, services, account)))
        except ReadmarkError as error:
            yield _unreadable(account, error)
    configured = platform.configured()
    if configured and platform.digest(configured) not in {account.digest for account in accounts}:
        id = ""
        with suppress(ReadmarkError):
            id = platform.introduce(configured).id
        patients.append(Patient(id, configured, lambda: None))
    return patients


def _unreadable(account: Account, error: ReadmarkError) -> Finding:
    subject = f"{account.platform}/{account.id}"
    if not account.configured:
        return wrong(subject, str(error))
    remedy = "run readmark doctor where the service runs, or give it the token again"
    return wrong(subject, "its credentials were in an environment, and are not in this one", remedy)


def _spent(services: Services, account: Account) -> int | None:
    policy, now = services.platforms.named(account.platform).policy, services.clock()
    with suppress(ReadmarkError):
        window = services.store.outbox.window(account.platform, account.owner, policy.method)
        return window.at(policy.limit, now).used + window.at(policy.limit, now).carry
    return None


def _examine_platform(
    services: Services | None,
    platform: Platform,
    tables: Tables,
    address: str | None,
    clock: Callable[[], int],
) -> Iterator[Finding]:
    """What a platform tells of its accounts, and of deliveries to us."""
    accounts, watched = tables
    try:
        patients = yield from _patients(services, platform, accounts)
        addresses = yield from examine_webhooks(platform, patients, address, watched, clock())
        yield from platform.examine(patients, addresses, clock)
    except ReadmarkError as error:
        yield unknown(platform.name, words_of(error))
