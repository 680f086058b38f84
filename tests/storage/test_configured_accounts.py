"""Accounts that the environment configures, at each start; and accounts that are looked up one by one."""

import pytest

from tests.conftest import NOW
from tests.storage.outgoing import APART, accept, end, open_accounts, take
from webhook_app.domain.account import Account, Identity
from webhook_app.domain.outbox import State, Verdict
from webhook_app.domain.rate import Word
from webhook_app.errors import NotFound
from webhook_app.storage import Store
from webhook_app.storage.audit import list_audit

ANN = Identity("T1.U1", "T1", "Ann", ("channels:write", "im:write"))


@pytest.fixture
def out(store: Store) -> Store:
    """A store that knows the policies."""
    open_accounts(store)
    return store


def deeds(store: Store) -> list[str]:
    """The audit log, oldest first."""
    return [one.action for one in store.read(lambda c: list_audit(c, None, 100))[::-1]]


def configure(store: Store, digest: str, now: int, who: str = "environment") -> Account:
    """Add an account whose credentials are configured."""
    return store.accounts.add(ANN, "slack", digest, None, now, who)


def test_the_environment_leaves_what_an_operator_or_the_platform_has_stopped(out: Store) -> None:
    first = configure(out, "a", NOW)
    stopped = out.accounts.set_state(*first.key, State.PAUSED, "holidays", NOW + 1, "ann")
    before = deeds(out)
    assert configure(out, "a", NOW + 2) == stopped
    assert deeds(out) == before
    # What the platform has refused is as true as before, too.
    accept(out, 7, account=first.key)
    out.accounts.set_state(*first.key, State.ACTIVE, "", NOW + 3, "ann")
    refused = take(out, NOW + APART, 8)
    end(out, refused, NOW + APART, Verdict.PAUSE, "no_permission", word=Word(), wait=60_000)
    assert configure(out, "a", NOW + 2 * APART).refused_until == NOW + APART + 60_000


def test_the_environment_renews_whose_an_account_is(out: Store) -> None:
    given = out.accounts.add(ANN._replace(name="", scopes=None), "slack", "a", {"token": "b"}, NOW, "tests")
    before = deeds(out)
    renewed = configure(out, "a", NOW + 1)
    assert renewed == given._replace(name="Ann", scopes=ANN.scopes, configured=True)
    with pytest.raises(NotFound):
        out.accounts.credentials(*given.key)
    assert deeds(out) == before


@pytest.mark.parametrize(("digest", "who"), [("b", "environment"), ("a", "ann")])
def test_new_credentials_make_an_account_active_again(out: Store, digest: str, who: str) -> None:
    key = configure(out, "a", NOW).key
    out.accounts.set_state(*key, State.PAUSED, "holidays", NOW + 1, "ann")
    account = configure(out, digest, NOW + 2, who)
    assert (account.state, account.authorised_at) == (State.ACTIVE, NOW + 2)
    assert deeds(out)[-1] == "add account"


def test_accounts_are_found_one_by_one(out: Store) -> None:
    ann = configure(out, "a", NOW)
    assert out.accounts.find(*ann.key) == out.accounts.by_digest("slack", "a") == ann
    assert out.accounts.find("slack", "1") is None
    assert out.accounts.by_digest("twitter", "a") is None
    # Accounts that are known otherwise have none.
    assert out.accounts.by_digest("twitter", "") is None
