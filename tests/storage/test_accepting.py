"""Accepting a mark to be passed on: what is wanted only grows, and a timer that runs does not move."""

import pytest

from tests.conftest import NOW
from tests.storage.outgoing import (
    APART,
    BOT,
    LIMIT,
    TEAM,
    accept,
    accept_all,
    deliver,
    echo,
    end,
    open_accounts,
    row,
    rows,
    take,
)  # fmt: skip
from webhook_app.domain.inbound import Inbound, Notice
from webhook_app.domain.outbox import Outgoing, State, Status, Verdict
from webhook_app.domain.rate import Word
from webhook_app.errors import NotFound
from webhook_app.storage import Store


@pytest.fixture
def out(store: Store) -> Store:
    """A store with accounts."""
    open_accounts(store, BOT, *TEAM)
    return store


def test_a_mark_waits_and_is_a_position_too(out: Store) -> None:
    key = accept(out, 7)
    found = row(out, key)
    assert (found.cursor, found.acknowledged, found.status) == (7, None, Status.WAITING)
    assert (found.accepted_at, found.delivered_at, found.problem) == (NOW, None, "")
    assert out.position(key)[0].cursor == 7


@pytest.mark.parametrize(("account", "due"), [(BOT, NOW), (TEAM[0], NOW + APART)])
def test_the_first_mark_is_due_as_its_platform_wants(out: Store, account: tuple[str, str], due: int) -> None:
    key = accept(out, 7, account=account)
    assert row(out, key).due_at == due
    assert out.outbox.next_at() == due


def test_later_marks_raise_what_is_wanted_and_do_not_move_the_timer(out: Store) -> None:
    for n, cursor in enumerate((7, 9, 8)):
        key = accept(out, cursor, NOW + n * 1000, account=TEAM[0])
    found = row(out, key)
    assert (found.cursor, found.due_at, found.accepted_at) == (9, NOW + APART, NOW)


def test_the_time_apart_is_kept_after_a_call(out: Store) -> None:
    key = accept(out, 7)
    deliver(out, NOW)
    accept(out, 8, NOW + 1)
    assert row(out, key).due_at == NOW + APART
    deliver(out, NOW + APART)
    # Quiet again.
    accept(out, 9, NOW + 3 * APART)
    assert row(out, key).due_at == NOW + 3 * APART


def test_below_half_of_a_window_everything_waits_for_the_timer(out: Store) -> None:
    for n in range(LIMIT.calls // 2):
        accept(out, 7, peer=f"1{n}")
    deliver(out, NOW)
    assert row(out, accept(out, 7, NOW + 1, peer="half")).due_at == NOW + 1
    deliver(out, NOW + 1)
    assert row(out, accept(out, 7, NOW + 2, peer="less")).due_at == NOW + 2 + APART
    (window,) = (found[3] for found in out.outbox.windows())
    later = window.closes_at(LIMIT)
    assert row(out, accept(out, 7, later, peer="new window")).due_at == later


@pytest.mark.parametrize("cursor", [6, 7])
def test_a_mark_at_or_behind_what_was_taken_changes_nothing(out: Store, cursor: int) -> None:
    key = accept(out, 7)
    deliver(out, NOW)
    before = row(out, key)
    accept(out, cursor, NOW + 1000)
    assert row(out, key) == before
    assert before.status is Status.DELIVERED
    assert out.outbox.next_at() is None


@pytest.mark.parametrize("cursor", [4, 7, 9])
def test_what_was_refused_is_probed_by_the_next_mark(out: Store, cursor: int) -> None:
    key = accept(out, 7)
    end(out, take(out, NOW, 8), NOW, Verdict.PEER, "channel_not_found", word=Word())
    failed = row(out, key)
    assert (failed.status, failed.problem, failed.attempts) == (Status.FAILED, "channel_not_found", 1)
    accept(out, cursor, NOW + 2000)
    found = row(out, key)
    assert (found.cursor, found.status, found.accepted_at) == (cursor, Status.WAITING, NOW + 2000)
    assert (found.due_at, found.attempts) == (NOW + APART, 0)
    # Now that it waits, it only grows.
    accept(out, 3, NOW + 2001)
    assert row(out, key) == found
    assert [claim.cursor for claim in deliver(out, NOW + APART)] == [cursor]


@pytest.mark.parametrize("cursor", [5, 6])
def test_a_probe_is_not_behind_what_was_taken(out: Store, cursor: int) -> None:
    key = accept(out, 6)
    deliver(out, NOW)
    accept(out, 9, NOW + 1)
    end(out, take(out, NOW + APART, 8), NOW + APART, Verdict.PEER, "144 No status found", word=Word())
    failed = row(out, key)
    accept(out, cursor, NOW + 3 * APART)
    assert row(out, key) == failed


def test_a_late_success_of_what_was_refused_since_outranks_the_probe(out: Store) -> None:
    key = accept(out, 9)
    (lost,) = take(out, NOW, 8)
    again = take(out, NOW + 2 * APART, 8)
    end(out, again, NOW + 2 * APART, Verdict.PEER, "50 User not found.", word=Word())
    accept(out, 7, NOW + 2 * APART + 1)
    end(out, [lost], NOW + 2 * APART + 2, word=Word())
    found = row(out, key)
    assert (found.acknowledged, found.status, found.due_at) == (9, Status.DELIVERED, None)


@pytest.mark.parametrize("ahead", [APART + 1, 3_600_000])
def test_a_clock_that_was_put_back_keeps_no_conversation_apart_for_longer(out: Store, ahead: int) -> None:
    key = accept(out, 7, NOW + ahead)
    deliver(out, NOW + ahead)
    accept(out, 8, NOW)
    assert row(out, key).due_at == NOW + APART


def test_a_batch_counts_as_one_mark_of_each_conversation(out: Store) -> None:
    accept_all(out, [Outgoing(*BOT, str(n % 300), n, NOW + n) for n in range(1000)])
    found = {one.peer: one for one in rows(out)}
    assert len(found) == 300
    assert (found["5"].cursor, found["5"].due_at) == (905, NOW + 5)
    assert out.outbox.next_at() == NOW


def test_marks_of_an_account_that_is_not_there_go_nowhere(out: Store) -> None:
    accept(out, 7, account=("twitter", "unknown"))
    assert rows(out) == []
    assert out.position(("twitter", "unknown", "2"))[0].cursor == 7


def test_an_echo_takes_what_waits_back(out: Store) -> None:
    key = accept(out, 7)
    echo(out, 7, NOW + 1)
    found = row(out, key)
    assert (found.acknowledged, found.status, found.due_at) == (7, Status.DELIVERED, None)
    assert found.delivered_at == NOW + 1
    assert take(out, NOW + 1, 8) == []
    assert out.outbox.next_at() is None


def test_an_echo_behind_what_waits_leaves_it(out: Store) -> None:
    key = accept(out, 7)
    echo(out, 6)
    found = row(out, key)
    assert (found.acknowledged, found.status, found.due_at) == (6, Status.WAITING, NOW)
    echo(out, 5)
    assert row(out, key) == found


def test_an_echo_before_any_mark_is_remembered(out: Store) -> None:
    echo(out, 7)
    key = accept(out, 6)
    assert row(out, key).status is Status.DELIVERED
    accept(out, 8)
    assert row(out, key).status is Status.WAITING


def test_an_echo_settles_what_was_refused(out: Store) -> None:
    key = accept(out, 7)
    end(out, take(out, NOW, 8), NOW, Verdict.PEER, "not_in_channel")
    echo(out, 8)
    found = row(out, key)
    assert (found.status, found.problem, found.refused_until) == (Status.DELIVERED, "", 0)


def test_an_echo_during_a_call_waits_for_its_end(out: Store) -> None:
    key = accept(out, 7)
    claims = take(out, NOW, 8)
    echo(out, 8, NOW + 1)
    assert row(out, key).status is Status.DELIVERED
    end(out, claims, NOW + 2, Verdict.RETRY, "fatal_error")
    assert (row(out, key).due_at, row(out, key).acknowledged) == (None, 8)
    # The call was counted.
    assert out.outbox.window(*BOT, "mark_read").used == 1


def test_an_echo_during_a_call_that_is_never_settled_leaves_nothing_to_send(out: Store) -> None:
    key = accept(out, 7)
    take(out, NOW, 8)
    echo(out, 7, NOW + 1)
    assert take(out, NOW + 60_000, 8) == []
    assert row(out, key).due_at is None
    assert out.outbox.next_at() is None


def test_withdrawn_access_erases_the_credentials_and_stops_the_account(out: Store) -> None:
    key = accept(out, 7)
    out.record(Inbound("twitter", notices=[Notice("twitter", "revocation", "1", NOW, "")]))
    account = out.accounts.one(*BOT)
    assert (account.state, account.reason, account.since) == (State.REVOKED, "access withdrawn", NOW)
    with pytest.raises(NotFound):
        out.accounts.credentials(*BOT)
    assert row(out, key).status is Status.STOPPED
    assert take(out, NOW, 8) == []


def test_old_news_of_withdrawn_access_are_no_news(out: Store) -> None:
    authorised = out.accounts.one(*BOT).authorised_at
    notices = [Notice("twitter", "revocation", "1", at, "") for at in (authorised - 5, authorised)]
    notices += [Notice("twitter", "replay", "1", NOW, ""), Notice("slack", "revocation", "1", NOW, "")]
    out.record(Inbound("twitter", notices=notices))
    assert out.accounts.one(*BOT).state is State.ACTIVE
    later = Notice("twitter", "revocation", "1", authorised + 1, "user_revoked")
    out.record(Inbound("twitter", notices=[later, *notices]))
    assert (out.accounts.one(*BOT).state, out.accounts.one(*BOT).reason) == (State.REVOKED, "user_revoked")
