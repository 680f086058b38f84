"""Tokens are created, listed, revoked, and each change is in the audit log."""

import json

import pytest

from tests.cli.conftest import Run
from webhook_app.storage import Store
from webhook_app.storage.audit import list_audit
from webhook_app.storage.tokens import find_token


def test_it_prints_the_secret_of_a_new_token_once(run: Run, store: Store) -> None:
    result = run("tokens", "create", "--name", "dash", "--scope", "read", "--scope", "mark")
    assert result.exit_code == 0
    secret = result.stdout.strip()
    assert secret.startswith("rm_")
    assert len(secret) == 3 + 43
    token = store.read(lambda c: find_token(c, secret=secret))
    assert token is not None
    assert (token.name, sorted(token.scopes), token.account) == ("dash", ["mark", "read"], None)
    assert secret not in run("tokens", "list").output


def test_it_binds_a_token_to_an_account(run: Run) -> None:
    words = ("tokens", "create", "--name", "bot", "--scope", "mark", "--account")
    made = json.loads(run(*words, "slack/T1.U1", "--json").stdout)
    assert (made["platform"], made["account"], made["scopes"]) == ("slack", "T1.U1", ["mark"])
    listed = json.loads(run("tokens", "list", "--json").stdout)
    assert {**listed, "secret": made["secret"]} == made


@pytest.mark.parametrize("account", ["twitter/x", "twitter", "/1", "myspace/1", ""])
def test_it_refuses_an_account_that_cannot_be(run: Run, account: str) -> None:
    result = run("tokens", "create", "--name", "bot", "--scope", "mark", "--account", account)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert run("tokens", "list").stdout == ""


def test_a_revoked_token_stays_listed(run: Run, store: Store) -> None:
    made = json.loads(run("tokens", "create", "--name", "old\x1b[31m\n", "--scope", "admin", "--json").stdout)
    assert run("tokens", "revoke", made["id"]).exit_code == 0
    assert store.read(lambda c: find_token(c, id=made["id"])) is None
    assert json.loads(run("tokens", "list", "--json").stdout)["revoked_at"].endswith("Z")
    (line,) = run("tokens", "list").stdout.splitlines()
    assert "revoked 20" in line
    # A name cannot steer the terminal.
    assert line.endswith("old\\x1b[31m\\n")


def test_it_writes_each_change_into_the_audit_log(run: Run, store: Store) -> None:
    made = json.loads(run("tokens", "create", "--name", "dash", "--scope", "read", "--json").stdout)
    run("tokens", "revoke", made["id"])
    entries = store.read(lambda c: list_audit(c, None, 10))
    assert [(entry.who, entry.action, entry.subject) for entry in entries] == [
        ("command line", "revoke token", made["id"]),
        ("command line", "create token", made["id"]),
    ]
    assert made["secret"] not in str(entries)


def test_revoking_twice_is_an_error(run: Run) -> None:
    made = json.loads(run("tokens", "create", "--name", "dash", "--scope", "read", "--json").stdout)
    run("tokens", "revoke", made["id"])
    again = run("tokens", "revoke", made["id"])
    assert (again.exit_code, again.stderr) == (1, "Error: There is no valid token of this id.\n")
