"""What is forgotten or withdrawn is gone, from a SQLite file's free space and log too."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.conftest import NOW
from tests.scenarios.canaries import Canaries
from tests.storage.outgoing import BOT, CREDENTIALS, open_accounts
from tests.storage.traces import dump, files_naming
from webhook_app.domain.account import Identity
from webhook_app.domain.inbound import Inbound, Message, Notice, Person, Unreadable
from webhook_app.domain.outbox import State
from webhook_app.domain.position import Mark
from webhook_app.settings import Settings
from webhook_app.storage import Store
from webhook_app.storage.audit import list_audit
from webhook_app.storage.issuing import first_login, issue_token
from webhook_app.storage.migrate import migrate

ANN, NAME, HANDLE = "881234567890123", "Ann-to-be-forgotten", "handle_of_ann"
KEYS = ("secret-key-of-the-tests",)


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path) -> str:
    """A SQLite file of the test's own."""
    (tmp_path / "readmark.db").write_bytes(migrated_file.read_bytes())
    return f"sqlite:///{tmp_path}/readmark.db"


def told(reader: str, number: int) -> Inbound:
    """A delivery that names a reader in every table of ingest."""
    return Inbound(
        "twitter",
        marks=[Mark("twitter", reader, "7", number, NOW + number)],
        messages=[Message("twitter", reader, "7", number + 1, NOW)],
        people=[Person("twitter", reader, f"{NAME} {number}", HANDLE, "", NOW + number)],
        unreadable=[Unreadable("twitter", f'{{"sender_id": "{reader}", "n": {number}}}'.encode(), {})],
    )


def test_a_forgotten_person_is_in_no_byte_of_the_file_and_its_log(url: str) -> None:
    store = Store(url, KEYS)
    for number in range(50):
        store.record(told(ANN, number))
    assert len(files_naming(url, ANN, NAME, HANDLE)) == 1
    store.forget("twitter", ANN, NOW + 1000, "tests")
    assert files_naming(url, ANN, NAME, HANDLE) == []
    store.close()


def test_withdrawn_credentials_are_gone_whatever_is_sealed_anew(store: Store, settings: Settings) -> None:
    kept, sealed = ("twitter", "2"), text("SELECT credentials FROM accounts ORDER BY id")
    open_accounts(store, BOT, kept, now=NOW)
    before = bytes(store.read(lambda c: c.scalars(sealed).all())[0])
    store.record(Inbound("twitter", notices=[Notice("twitter", "revocation", BOT[1], NOW + 1, "")]))
    assert "1 accounts are sealed anew" in migrate(settings.database_url, ("a-newer-secret-key", *KEYS))
    erased, renewed = store.read(lambda c: c.scalars(sealed).all())
    assert (erased, renewed is None) == (None, False)
    assert before.decode() not in dump(store)
    deeds = [entry[2:5] for entry in store.read(lambda c: list_audit(c, None, 2))]
    assert deeds == [
        ("migrate", "seal credentials anew", "1 accounts"),
        ("twitter", "revoke account", "twitter/1"),
    ]


def test_a_revocation_delivered_again_is_written_down_once(store: Store) -> None:
    open_accounts(store, BOT, now=NOW)
    withdrawn = Inbound("twitter", notices=[Notice("twitter", "revocation", BOT[1], NOW + 1, "")])
    for _ in range(2):
        store.record(withdrawn)
    # Given again later, the account is not lost to the old news.
    open_accounts(store, BOT, now=NOW + 2)
    store.record(withdrawn)
    assert store.accounts.one(*BOT).state is State.ACTIVE
    assert store.accounts.credentials(*BOT) == CREDENTIALS
    actions = [entry.action for entry in store.read(lambda c: list_audit(c, None, 9))]
    assert actions == ["add account", "revoke account", "add account"]


def test_no_secret_is_stored_as_it_is(store: Store, settings: Settings) -> None:
    """Credentials are sealed; of tokens and of links to log in there are hashes."""
    canaries = Canaries()
    link = store.write(lambda c: first_login(c, NOW, "tests"))
    _, token = store.write(lambda c: issue_token(c, "dash", frozenset({"read"}), None, NOW, "tests"))
    canaries.add("the link", str(link))
    canaries.add("the token", token)
    given = {name: canaries.make(name) for name in ("access_token", "access_token_secret")}
    who = Identity("1", "1", "", None)
    store.accounts.add(who, "twitter", "digest", given, NOW, "tests")
    assert store.accounts.credentials("twitter", "1") == given
    assert {"tokens: dash", "login_links: first-login", "accounts: digest"} <= set(dump(store).splitlines())
    assert canaries.found_in(dump(store).encode()) == []
    if settings.sqlite:
        secrets = [token, str(link), *(value[:16] for value in given.values())]
        assert files_naming(settings.database_url, "first-login") != []
        assert files_naming(settings.database_url, *secrets) == []
