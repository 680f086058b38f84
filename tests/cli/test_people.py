"""A person is forgotten, if the operator means it."""

import json

import pytest

from tests.cli.conftest import Run
from webhook_app.domain.account import Identity
from webhook_app.domain.inbound import Inbound, Unreadable
from webhook_app.domain.position import Mark
from webhook_app.storage import Store
from webhook_app.storage.audit import list_audit
from webhook_app.storage.positions import one_position

KEY = ("twitter", "7", "8")


@pytest.fixture(autouse=True)
def _known(store: Store) -> None:
    named = Unreadable("twitter", b'{"sender_id": "7"}', {"_schema": ["?"]})
    store.record(Inbound("twitter", marks=[Mark(*KEY, 5, 1)], unreadable=[named], accepted=1, quarantined=1))


def _kept(store: Store) -> bool:
    return store.read(lambda c: one_position(c, KEY)) is not None


def test_it_asks_first(run: Run, store: Store) -> None:
    result = run("forget", "twitter", "7", typed="n\n")
    assert result.exit_code == 1
    assert "Forget twitter/7 everywhere, for good?" in result.stderr
    assert _kept(store)


def test_without_an_answer_it_forgets_nobody(run: Run, store: Store) -> None:
    assert run("forget", "twitter", "7").exit_code == 1
    assert _kept(store)


def test_it_says_how_many_rows_of_what_went(run: Run, store: Store) -> None:
    result = run("forget", "twitter", "7", typed="y\n")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert {"read_positions: 1", "history: 1", "quarantine: 1", "people: 0"} <= set(lines)
    assert not _kept(store)


def test_a_script_need_not_answer(run: Run, store: Store) -> None:
    gone = json.loads(run("forget", "twitter", "7", "--yes", "--json").stdout)
    assert (gone["read_positions"], gone["quarantine"]) == (1, 1)
    entry = store.read(lambda c: list_audit(c, None, 1))[0]
    assert (entry.who, entry.action) == ("command line", "forget person")


def test_an_account_that_x_delivers_for_is_to_be_unsubscribed(run: Run, store: Store) -> None:
    store.accounts.add(Identity("7", "7", "", None), "twitter", "0" * 64, {"a": "b"}, 1, "tests")
    words = "X may still deliver for this account of ours: readmark webhook unsubscribe 7 first.\n"
    assert run("forget", "twitter", "7", "--yes").stderr == words
    assert run("forget", "twitter", "7", "--yes").stderr == ""
    # What is done about it later does not name it.
    store.log("tests", "unsubscribe", "twitter/7")
    store.log("tests", "unsubscribe", "twitter/8")
    other, own, forgotten, *_ = store.read(lambda c: list_audit(c, None, 3))
    assert (other.subject, own.subject) == ("twitter/8", forgotten.subject)


def test_it_refuses_an_id_that_is_none(run: Run) -> None:
    result = run("forget", "twitter", "seven", "--yes")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ID: ")
