"""A mark by hand goes into the outbox."""

import json

import pytest

from tests.cli.conftest import Run
from tests.storage.outgoing import take
from webhook_app.domain.outbox import Settled
from webhook_app.domain.rate import Word
from webhook_app.services import Services

BOT, OTHER, ALICE = "1245855954975051776", "42", "1693649419"


@pytest.fixture
def account(run: Run) -> str:
    """An account on X."""
    return _add(run, BOT)


def _add(run: Run, account: str) -> str:
    typed = json.dumps({"access_token": f"{account}-token", "access_token_secret": "secret"})
    assert run("accounts", "add", "twitter", "--from", "-", typed=typed).exit_code == 0
    return account


def test_it_says_what_it_has_marked(run: Run, account: str, services: Services) -> None:
    result = run("mark", "twitter", f"0{ALICE}", "900000000000000000")
    assert (result.exit_code, result.stdout) == (
        0, f"twitter/{BOT}/{ALICE}: 900000000000000000 waiting\n",
    )  # fmt: skip
    (row,) = services.store.outbox.rows([("twitter", account, ALICE)]).values()
    assert row.cursor == 900_000_000_000_000_000


def test_it_says_it_as_the_api_does(run: Run, account: str) -> None:
    shown = json.loads(run("mark", "twitter", ALICE, "900", "--json").stdout)
    assert (shown["account"], shown["cursor"], shown["status"]) == (account, "900", "waiting")
    assert (shown["acknowledged"], shown["problem"], shown["attempts"]) == (None, None, 0)
    assert shown["accepted_at"].endswith("Z")


def test_what_the_platform_knows_is_stale(run: Run, account: str, services: Services) -> None:
    run("mark", "twitter", ALICE, "900")
    outbox, now = services.store.outbox, services.clock()
    outbox.settle([Settled(claim, Word(), None) for claim in take(services.store, now, 8)], now)
    assert run("mark", "twitter", ALICE, "899").stdout == f"twitter/{account}/{ALICE}: 899 stale\n"


def test_it_says_what_waits_where_a_later_message_was_marked_before(run: Run, account: str) -> None:
    run("mark", "twitter", ALICE, "900")
    assert run("mark", "twitter", ALICE, "800").stdout == f"twitter/{account}/{ALICE}: 900 waiting\n"


def test_what_is_delivered_is_what_was_asked(run: Run, account: str, services: Services) -> None:
    run("mark", "twitter", ALICE, "900")
    outbox, now = services.store.outbox, services.clock()
    outbox.settle([Settled(claim, Word(), None) for claim in take(services.store, now, 8)], now)
    run("mark", "twitter", ALICE, "1000")
    # More than that waits again, but this is known.
    assert run("mark", "twitter", ALICE, "850").stdout == f"twitter/{account}/{ALICE}: 850 stale\n"


def test_with_several_accounts_it_must_be_said_which(run: Run, account: str) -> None:
    _add(run, OTHER)
    result = run("mark", "twitter", ALICE, "900")
    assert (result.exit_code, result.stderr[:15]) == (1, "Error: account:")
    assert run("mark", "twitter", ALICE, "900", "--account", OTHER).stdout == (
        f"twitter/{OTHER}/{ALICE}: 900 waiting\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("icq", "1", "2"), "There is no platform 'icq'"),
        (("slack", "C0GENERAL", "1593473566.000200"), "account: "),
        (("twitter", "alice", "900"), "peer: "),
        (("twitter", ALICE, "x"), "cursor: "),
        (("twitter", ALICE, "9223372036854775807"), "cursor: This message is from the future."),
        (("twitter", ALICE, "900", "--account", "x"), "--account: "),
        (("twitter", ALICE, "900", "--account", "999"), "There is no account"),
    ],
)
def test_it_refuses_what_cannot_be_marked(
    run: Run, account: str, words: tuple[str, ...], sentence: str
) -> None:
    result = run("mark", *words)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith(f"Error: {sentence}")


def test_a_full_outbox_is_said(run: Run, account: str) -> None:
    assert run("mark", "twitter", ALICE, "900", OUTBOX_LIMIT="1").exit_code == 0
    result = run("mark", "twitter", OTHER, "900", OUTBOX_LIMIT="1")
    assert (result.exit_code, result.stderr) == (1, "Error: Too many marks of this account wait already.\n")
