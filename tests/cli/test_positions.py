"""An operator puts a position where it belongs."""

import time

import pytest

from tests.cli.conftest import Run
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.storage import Store


def test_it_says_where_the_position_was_and_is(run: Run, store: Store) -> None:
    assert run("positions", "set", "twitter", "007", "8", "500").stdout == "twitter/7/8: none → 500\n"
    assert run("positions", "set", "twitter", "7", "8", "300").stdout == "twitter/7/8: 500 → 300\n"
    assert store.position(("twitter", "7", "8"))[0].cursor == 300


def test_it_sets_a_position_in_the_platforms_own_words(run: Run, store: Store) -> None:
    result = run("positions", "set", "slack", "T1.U1", "C1", "1593473566.0002")
    assert result.stdout == "slack/T1.U1/C1: none → 1593473566.000200\n"
    assert store.position(("slack", "T1.U1", "C1"))[0].cursor == 1_593_473_566_000_200


def test_older_marks_do_not_undo_it(run: Run, store: Store) -> None:
    before = time.time_ns() // 1_000_000 - 1000
    run("positions", "set", "twitter", "7", "8", "300")
    store.record(Inbound("twitter", marks=[Mark("twitter", "7", "8", 900, before)], accepted=1))
    assert store.position(("twitter", "7", "8"))[0].cursor == 300


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("myspace", "1", "2", "3"), "There is no platform 'myspace'"),
        (("twitter", "x", "2", "3"), "READER: "),
        (("twitter", "1", "x", "3"), "PEER: "),
        (("twitter", "1", "2", "1593473566.000200"), "CURSOR: "),
        # Nobody's reading would ever get past it.
        (("twitter", "1", "2", "9000000000000000000"), "CURSOR: This message is from the future."),
        (("slack", "U1", "C1", "12.1234567"), "CURSOR: "),
    ],
)
def test_it_refuses_what_the_platform_cannot_read(run: Run, words: tuple[str, ...], sentence: str) -> None:
    result = run("positions", "set", *words)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {sentence}")
    assert len(result.stderr.splitlines()) == 1
