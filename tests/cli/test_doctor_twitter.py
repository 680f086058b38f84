"""`doctor` on X's side: webhook, address, tokens, permissions, budget; each is broken for real, and found."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.examined import NOWHERE
from tests.cli.installation import BOT, MESSAGE, PEER, Installation, installed
from tests.outgoing.marks import work
from webhook_app.cli.output import plain
from webhook_app.dispatcher import Dispatcher
from webhook_app.domain.outbox import Outgoing
from webhook_app.domain.watching import Watched
from webhook_app.sandbox.mark_faults import MarkFault

ROOT = Path(__file__).parents[2]
ACCOUNT = f"twitter/{BOT}"


@pytest.fixture
def installation(run_bare: Run, migrated_file: Path, tmp_path: Path) -> Iterator[Installation]:
    """All is well with it."""
    with installed(run_bare, Path(copy(migrated_file, tmp_path / "x.db"))) as installation:
        yield installation


def test_all_is_well(installation: Installation) -> None:
    report = installation.examine()
    assert report.status == 0
    assert {one.judgement for one in report.findings} == {"ok", "skipped"}
    for subject in ("webhook", "address", "slash", "forgery", "clock"):
        assert report.one(f"twitter {subject}", "ok")
    words = [one.words for one in report.about(ACCOUNT)]
    assert len(words) == 3
    assert words[0] == "subscribed to account_activity, dm.read, dm.received, dm.sent"
    assert words[1] == "its token is good for reading, writing and direct messages"
    assert words[2] == "X has counted 0 of 1000 calls in this window, we 0"


def test_the_manual_names_every_line(installation: Installation) -> None:
    manual = (ROOT / "docs/doctor.md").read_text()
    found = {one.subject.replace(BOT, "…") for one in installation.examine().findings}
    assert [subject for subject in found if f"`{subject}`" not in manual] == ["slack"]


@pytest.mark.parametrize(("seconds", "judgement"), [(100, "ok"), (130, "doubt")])
def test_a_watchdog_is_missed_after_two_minutes(
    installation: Installation, seconds: int, judgement: str
) -> None:
    services = installation.services
    services.store.watching.step("twitter", services.clock() - seconds * 1000, "", told=True)
    assert installation.examine().one("watchdog", judgement)


def test_an_invalid_webhook_is_found(installation: Installation) -> None:
    (webhook,) = installation.sandbox.world.state.webhooks.values()
    webhook.valid = False
    found = installation.examine().one("twitter webhook", "wrong")
    assert f"readmark webhook validate {webhook.id}; if nothing is, compare the secret" in str(found.remedy)

    watching, now = installation.services.store.watching, installation.services.clock()
    known = Watched("twitter", webhook.id, webhook.url, False, now, now, now, None, "It said no.", 0, 3)
    watching.put(known._replace(validate_at=now + 10 * 60_000))
    found = installation.examine().one("twitter webhook", "wrong")
    assert found.words.endswith("; when it was last validated: It said no")
    assert "or leave that to the watchdog, which does it within 10 min; if" in str(found.remedy)

    # Who was the last to look has gone.
    watching.step("twitter", now - 600_000, "", told=True)
    assert "watchdog" not in str(installation.examine().one("twitter webhook", "wrong").remedy)


def test_a_webhook_that_is_nowhere_is_found(installation: Installation) -> None:
    installation.sandbox.world.state.webhooks.clear()
    report = installation.examine()
    assert "readmark webhook register" in str(report.one("twitter webhook", "wrong").remedy)
    assert report.one("twitter address", "skipped")


@pytest.mark.parametrize(
    ("env", "subject", "judgement"),
    [
        ({"TWITTER_BEARER_TOKEN": "bearer-of-another"}, "twitter webhook", "wrong"),
        ({"TWITTER_BEARER_TOKEN": ""}, "twitter webhook", "doubt"),
        ({"TWITTER_CONSUMER_KEY": ""}, "twitter app", "wrong"),
        # The service answers by the right one.
        ({"TWITTER_CONSUMER_SECRET": "secret-of-another-app"}, "twitter address", "wrong"),
        ({"TWITTER_CONSUMER_SECRET": "secret-of-another-app"}, ACCOUNT, "wrong"),
        ({"TWITTER_API_URL": NOWHERE}, "twitter clock", "unknown"),
        ({"TWITTER_API_URL": NOWHERE}, "twitter webhook", "unknown"),
        ({"TWITTER_API_URL": NOWHERE}, ACCOUNT, "unknown"),
    ],
)
def test_wrong_settings_are_found(
    installation: Installation, env: dict[str, str], subject: str, judgement: str
) -> None:
    assert installation.examine(**env).one(subject, judgement)


@pytest.mark.parametrize(
    ("kinds", "judgement", "words"),
    [
        ((), "doubt", "subscribed only to account_activity, which ends on 2027-01-01"),
        (("dm.read",), "doubt", "subscribed, but not to dm.received, dm.sent"),
    ],
)
def test_subscriptions_that_will_not_do_are_found(
    installation: Installation, kinds: tuple[str, ...], judgement: str, words: str
) -> None:
    installation.sandbox.world.state.activities.clear()
    installation.activities(*kinds)
    found = installation.examine().about(ACCOUNT)[0]
    assert found.judgement == judgement
    assert (found.words, found.remedy) == (words, f"readmark webhook subscribe {BOT}")


def test_an_account_that_is_not_subscribed_is_found(installation: Installation) -> None:
    state = installation.sandbox.world.state
    state.activities.clear()
    state.subscriptions.clear()
    assert installation.examine().one("twitter subscriptions", "wrong")
    (webhook,) = state.webhooks
    state.subscriptions[webhook, "42"] = None
    assert "not subscribed" in installation.examine().one(ACCOUNT, "doubt").words


#: The fault, how it is judged, and what is said or to be done.
REFUSALS = [
    (MarkFault(code=89), "wrong", "readmark accounts connect"),
    (MarkFault(code=32), "wrong", "TWITTER_CONSUMER_KEY"),
    (MarkFault(code=64), "wrong", "log in to X"),
    (MarkFault(code=453), "wrong", "access tier"),
    (MarkFault(code=88), "unknown", "quarter of an hour"),
    (MarkFault(code=131), "unknown", "ask again"),
    (MarkFault(status=503, html=True), "unknown", "ask again"),
    (MarkFault(reset=True), "unknown", "no answer"),
]


@pytest.mark.parametrize(("fault", "judgement", "said"), REFUSALS)
def test_a_token_that_x_refuses_is_found(
    installation: Installation, fault: MarkFault, judgement: str, said: str
) -> None:
    installation.sandbox.world.state.mark_faults.add(fault)
    found = installation.examine().one(ACCOUNT, judgement)
    assert said in f"{found.words} {found.remedy}"
    assert plain(found.words) == found.words


def test_a_lost_access_tier_is_found(installation: Installation) -> None:
    installation.sandbox.world.state.access.tier = "none"
    report = installation.examine()
    assert "453" in report.one(ACCOUNT, "wrong").words
    assert report.one("twitter webhook", "wrong")


@pytest.mark.parametrize("level", ["read", "read-write"])
def test_a_token_without_direct_messages_is_found(installation: Installation, level: str) -> None:
    installation.sandbox.world.state.permissions.app = level
    found = installation.examine().one(ACCOUNT, "wrong")
    assert found.words == f"its token is good for {level} only, not for direct messages"
    assert "developer console" in str(found.remedy)


def test_a_clock_that_differs_is_found(installation: Installation) -> None:
    installation.clock.ahead = -400
    report = installation.examine()
    assert "our clock is 400 s off" in report.one("twitter clock", "wrong").words
    assert "135" in report.one(ACCOUNT, "wrong").words


def test_somebody_else_who_spends_the_budget_is_found(installation: Installation) -> None:
    installation.mark_past_us()
    found = installation.examine().one(ACCOUNT, "doubt")
    assert found.words.startswith("X has counted 1 of 1000 calls in this window, we 0: somebody else")


def test_what_we_spend_ourselves_is_well(installation: Installation) -> None:
    services = installation.services
    services.outbound.accept([Outgoing("twitter", BOT, PEER, int(MESSAGE), services.clock())])
    work(Dispatcher(services))
    words = [one.words for one in installation.examine().about(ACCOUNT) if one.judgement == "ok"]
    assert words[-1] == "X has counted 1 of 1000 calls in this window, we 1"


def test_it_changes_nothing_at_x(installation: Installation) -> None:
    def seen() -> tuple[Any, ...]:
        state = installation.sandbox.world.state
        return (
            {key: webhook.as_json() for key, webhook in state.webhooks.items()},
            dict(state.subscriptions),
            {key: activity.as_json() for key, activity in state.activities.items()},
            state.marks.accepted_json()["items"],
        )

    before = seen()
    installation.examine()
    assert seen() == before
