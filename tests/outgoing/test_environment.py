"""Accounts that the environment gives: kept by it, and never mistaken for those it gave before."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import Clock
from tests.outgoing.marks import SLACK_BOT, USER, add_user, mark, marked, row, slack_mark, work
from webhook_app.dispatcher import Dispatcher
from webhook_app.domain.account import Identity
from webhook_app.domain.outbox import State, Status
from webhook_app.errors import InvalidValue
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.settings import Settings

Start = Callable[..., Services]


@pytest.fixture
def start(settings: Settings, clock: Clock) -> Iterator[Start]:
    """Starts processes with settings of their own over the same database."""
    with ExitStack() as stack:

        def start(**changes: Any) -> Services:
            services = Services(replace(settings, **changes), clock=clock)
            stack.callback(services.close)
            services.accounts.keep()
            return services

        yield start


def test_a_mark_never_goes_out_in_the_name_of_the_token_that_follows(
    start: Start, clock: Clock, sandbox: Sandbox
) -> None:
    before = start()
    out = mark(clock)
    before.outbound.accept([out])
    after = start(twitter_access_token="42-token")
    work(Dispatcher(after))
    kept = row(after, out)
    assert (kept.status, kept.problem) == (Status.WAITING, "not in the environment any more")
    assert not marked(sandbox)
    clock.advance(60)
    work(Dispatcher(before))
    assert row(before, out).status is Status.DELIVERED


def test_a_pause_outlives_a_restart(start: Start) -> None:
    start().accounts.pause("slack", SLACK_BOT, "holidays", "tests")
    account = start().accounts.one("slack", SLACK_BOT)
    assert (account.state, account.reason) == (State.PAUSED, "holidays")


def test_it_is_removed_where_the_environment_gives_it_no_more(start: Start) -> None:
    with pytest.raises(InvalidValue, match="environment"):
        start().accounts.remove("slack", SLACK_BOT, True, "tests")
    start(slack_token=None).accounts.remove("slack", SLACK_BOT, True, "tests")


def test_a_token_that_is_refused_is_told(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        start(slack_token="xoxb-wrong")
    (said,) = [record for record in caplog.records if record.name == "webhook_app.accounts"]
    assert vars(said)["reason"] == "Refused: invalid_auth."
    assert "xoxb-wrong" not in caplog.text


@pytest.mark.parametrize("again", ["restart", "resume"])
def test_scopes_that_were_granted_are_known_after_a_restart_and_by_resuming(start: Start, again: str) -> None:
    services = start()
    account = services.accounts.one("slack", SLACK_BOT)
    services.store.accounts.rename(
        "slack", Identity(account.id, account.owner, account.name, ("channels:read",))
    )
    if again == "restart":
        start()
    else:
        services.accounts.resume("slack", SLACK_BOT, "tests")
    services.known.forget()
    assert services.accounts.one("slack", SLACK_BOT).scopes == account.scopes


def test_a_process_with_another_key_leaves_the_account_to_those_with_the_right_one(
    start: Start, clock: Clock, sandbox: Sandbox
) -> None:
    right = start()
    add_user(right)
    out = slack_mark(clock, account=USER)
    right.outbound.accept([out])
    clock.advance(60)
    wrong = start(secret_keys=("another-secret-key",))
    work(Dispatcher(wrong))
    assert row(right, out).problem == "sealed under another SECRET_KEY"
    assert wrong.accounts.one("slack", USER).state is State.ACTIVE
    clock.advance(60)
    work(Dispatcher(right))
    assert row(right, out).status is Status.DELIVERED
