"""Accounts: what they have given us is sealed, and what is done to them is logged."""

import pytest

from tests.conftest import NOW
from tests.storage.conftest import KEYS
from tests.storage.locks import execute, look
from tests.storage.outgoing import (
    APART,
    BOT,
    CREDENTIALS,
    LIMIT,
    POLICIES,
    TEAM,
    accept,
    deliver,
    end,
    open_accounts,
    row,
    rows,
    take,
)  # fmt: skip
from webhook_app.domain.account import Account, Identity
from webhook_app.domain.outbox import State, Status, Verdict
from webhook_app.domain.rate import Word
from webhook_app.errors import InvalidValue, NotFound, SealedElsewhere
from webhook_app.settings import Settings
from webhook_app.storage import Store
from webhook_app.storage.audit import list_audit
from webhook_app.storage.issuing import issue_token
from webhook_app.storage.migrate import migrate
from webhook_app.storage.tokens import find_token

ANN = Identity("T1.U1", "T1", "Ann", ("channels:write", "im:write"))


@pytest.fixture
def out(store: Store) -> Store:
    """A store with accounts."""
    open_accounts(store, BOT, *TEAM)
    return store


def deeds(store: Store) -> list[tuple[str, str, str]]:
    """The audit log, oldest first, without the setup."""
    found = store.read(lambda c: list_audit(c, None, 100))[::-1]
    return [(one.action, one.subject, one.detail) for one in found][len(TEAM) + 1 :]


def test_an_account_is_added_with_all_that_is_known(store: Store) -> None:
    added = store.accounts.add(ANN, "slack", "digest", {"token": "xoxb-1"}, NOW, "tests")
    assert added == Account(
        "slack", "T1.U1", "T1", "Ann", State.ACTIVE, "", NOW, NOW, 0,
        ("channels:write", "im:write"), "digest", False,
    )  # fmt: skip
    assert store.accounts.list() == [added]
    assert store.accounts.one("slack", "T1.U1") == added
    assert store.accounts.credentials("slack", "T1.U1") == {"token": "xoxb-1"}


@pytest.mark.parametrize("scopes", [None, ()])
def test_unknown_scopes_are_not_no_scopes(store: Store, scopes: tuple[str, ...] | None) -> None:
    who = ANN._replace(scopes=scopes)
    assert store.accounts.add(who, "slack", "", {}, NOW, "tests").scopes == scopes


def test_credentials_are_sealed(out: Store, database: str) -> None:
    for (stored,) in look(database, "SELECT credentials FROM accounts"):
        for secret in (*CREDENTIALS, *CREDENTIALS.values()):
            assert len(secret) < 2 or secret.encode() not in bytes(stored)


def test_configured_accounts_store_none(store: Store) -> None:
    assert store.accounts.add(ANN, "slack", "digest", None, NOW, "tests").configured
    with pytest.raises(NotFound):
        store.accounts.credentials("slack", "T1.U1")
    store.accounts.set_state("slack", "T1.U1", State.PAUSED, "", NOW, "tests")
    assert store.accounts.set_state("slack", "T1.U1", State.ACTIVE, "", NOW, "tests").configured


def test_credentials_of_several_are_read_at_once(out: Store, database: str, settings: Settings) -> None:
    erased, wanted = TEAM[0], [BOT, *TEAM, ("slack", "nobody")]
    execute(database, f"UPDATE accounts SET credentials = NULL WHERE id = '{erased[1]}'")
    assert out.accounts.credentials_of(wanted) == {BOT: CREDENTIALS, TEAM[1]: CREDENTIALS}
    other = Store(settings.database_url, ("another-key",))
    try:
        assert other.accounts.credentials_of(wanted) == {}
    finally:
        other.close()


def test_adding_an_account_again_renews_it(out: Store) -> None:
    accept(out, 7)
    out.accounts.set_state(*BOT, State.UNAUTHORISED, "89", NOW, "tests")
    again = Identity("1", "1", "Bot", None)
    account = out.accounts.add(again, "twitter", "", {"access_token": "1-new"}, NOW + 5, "tests")
    assert (account.state, account.reason, account.authorised_at) == (State.ACTIVE, "", NOW + 5)
    assert out.accounts.credentials(*BOT) == {"access_token": "1-new"}
    assert len(take(out, NOW + 5, 8)) == 1


@pytest.mark.parametrize("again", ["resumed", "added"])
def test_resuming_looks_at_the_window_again(out: Store, again: str) -> None:
    hour = 3_600_000
    for n in range(LIMIT.calls):
        accept(out, 7, NOW + hour, peer=f"1{n}")
    assert len(deliver(out, NOW + hour, LIMIT.calls)) == LIMIT.calls
    # The clock was an hour fast.
    accept(out, 7)
    assert (out.outbox.next_at() or 0) > NOW + hour
    if again == "resumed":
        out.accounts.set_state(*BOT, State.ACTIVE, "", NOW, "ann")
    else:
        open_accounts(out, BOT, now=NOW)
    assert out.outbox.next_at() == NOW + APART


def test_pausing_and_resuming_are_logged(out: Store) -> None:
    paused = out.accounts.set_state(*BOT, State.PAUSED, "holidays", NOW, "ann")
    assert (paused.state, paused.reason, paused.since) == (State.PAUSED, "holidays", NOW)
    resumed = out.accounts.set_state(*BOT, State.ACTIVE, "", NOW + 1, "ann")
    assert (resumed.state, resumed.reason, resumed.since) == (State.ACTIVE, "", NOW + 1)
    assert deeds(out) == [
        ("pause account", "twitter/1", "holidays"), ("resume account", "twitter/1", ""),
    ]  # fmt: skip


def test_resuming_forgets_what_the_platform_has_refused(out: Store) -> None:
    accept(out, 7)
    accept(out, 7, peer="3")
    end(out, take(out, NOW, 1), NOW, Verdict.PAUSE, "no_permission", word=Word(), wait=60_000)
    assert out.accounts.one(*BOT).reason == "no_permission"
    account = out.accounts.set_state(*BOT, State.ACTIVE, "", NOW + 1, "tests")
    assert (account.refused_until, account.reason) == (0, "")
    assert len(take(out, NOW + APART, 8)) == 2


def test_resuming_leaves_what_was_refused_for_good(out: Store) -> None:
    key = accept(out, 7)
    end(out, take(out, NOW, 8), NOW, Verdict.PEER, "not_in_channel", word=Word())
    out.accounts.set_state(*BOT, State.ACTIVE, "", NOW + 1, "tests")
    assert row(out, key).status is Status.FAILED


def test_an_account_whose_credentials_were_erased_cannot_be_resumed(out: Store, database: str) -> None:
    execute(database, "UPDATE accounts SET credentials = NULL, state = 'revoked' WHERE id = '1'")
    with pytest.raises(InvalidValue):
        out.accounts.set_state(*BOT, State.ACTIVE, "", NOW, "tests")
    assert out.accounts.one(*BOT).state is State.REVOKED


def test_a_removed_account_leaves_its_memory(out: Store) -> None:
    sent = accept(out, 7)
    deliver(out, NOW)
    dropped = accept(out, 7, NOW + 1, peer="3")
    out.write(lambda c: issue_token(c, "bound", frozenset({"mark"}), BOT, NOW, "tests", token_id="t"))
    assert out.accounts.remove(*BOT, NOW + 2, "ann") == 1
    with pytest.raises(NotFound):
        out.accounts.one(*BOT)
    with pytest.raises(NotFound):
        out.accounts.credentials(*BOT)
    assert out.read(lambda c: find_token(c, id="t")) is None
    assert row(out, sent).status is Status.DELIVERED
    assert (row(out, dropped).status, row(out, dropped).problem) == (Status.FAILED, "account removed")
    assert take(out, NOW + APART, 8) == []
    assert deeds(out)[-1] == ("remove account", "twitter/1", "1 marks not sent")
    # And it is not sent backwards if the account comes back.
    open_accounts(out, BOT)
    accept(out, 6, NOW + 3)
    assert row(out, sent).status is Status.DELIVERED


def test_what_waits_for_a_missing_account_waits_for_its_return(out: Store, database: str) -> None:
    key = accept(out, 7)
    execute(database, "DELETE FROM accounts WHERE id = '1'")
    assert row(out, key).status is Status.STOPPED
    open_accounts(out, BOT)
    assert len(take(out, NOW, 8)) == 1


@pytest.mark.parametrize("verb", ["one", "credentials"])
def test_unknown_accounts_are_not_found(out: Store, verb: str) -> None:
    with pytest.raises(NotFound):
        getattr(out.accounts, verb)("twitter", "nobody")


def test_nothing_is_done_to_unknown_accounts(out: Store) -> None:
    with pytest.raises(NotFound):
        out.accounts.set_state("twitter", "nobody", State.PAUSED, "", NOW, "tests")
    with pytest.raises(NotFound):
        out.accounts.remove("twitter", "nobody", NOW, "tests")
    assert deeds(out) == []


def reopened(settings: Settings, *keys: str) -> Store:
    """A store over the same database with other secret keys."""
    store = Store(settings.database_url, keys)
    store.configure(POLICIES)
    return store


def test_old_keys_open_and_migration_seals_under_the_first(settings: Settings, out: Store) -> None:
    old, new = settings.secret_keys[0], "another-secret-key-of-the-tests"
    between = reopened(settings, new, old)
    assert between.accounts.credentials(*BOT) == CREDENTIALS
    between.close()
    after = reopened(settings, new)
    with pytest.raises(NotFound, match="SECRET_KEY"):
        after.accounts.credentials(*BOT)
    said = migrate(settings.database_url, (new, old))
    assert "3 accounts" in said
    # Nothing is left to do, and a key that opens nothing destroys nothing.
    assert "accounts" not in migrate(settings.database_url, (new, old))
    with pytest.raises(SealedElsewhere, match="3 accounts"):
        migrate(settings.database_url, KEYS)
    assert "accounts" not in migrate(settings.database_url)
    assert after.accounts.credentials(*BOT) == CREDENTIALS
    after.close()


def test_forgetting_an_account_leaves_nothing_of_it(out: Store, database: str) -> None:
    accept(out, 7)
    accept(out, 7, peer="3")
    deliver(out, NOW)
    accept(out, 7, peer="1", account=TEAM[0])
    accept(out, 7, account=TEAM[0])
    gone = out.forget("twitter", "1", NOW, "tests")
    assert (gone["outbox"], gone["accounts"]) == (2, 1)
    assert {one.key for one in rows(out)} == {(*TEAM[0], "1"), (*TEAM[0], "2")}
    assert [account.key for account in out.accounts.list()] == TEAM
    assert look(database, "SELECT count(*) FROM rate_windows WHERE owner = '1'") == [(0,)]


def test_forgetting_a_peer_leaves_nothing_of_it(out: Store) -> None:
    removed = ("twitter", "8")
    open_accounts(out, removed)
    for account in (BOT, removed):
        accept(out, 7, account=account)
        accept(out, 7, account=account, peer="3")
    out.accounts.remove(*removed, NOW, "tests")
    assert out.forget("twitter", "2", NOW + 1, "tests")["outbox"] == 2
    assert {one.peer for one in rows(out)} == {"3"}
    # What was accepted before does not come back; what is marked later does.
    accept(out, 8, NOW)
    assert {one.peer for one in rows(out)} == {"3"}
    accept(out, 8, NOW + 5)
    assert {one.peer for one in rows(out)} == {"2", "3"}
