"""What could not be understood is listed, shown, retried and discarded."""

import json

import pytest

from tests.cli.conftest import Run
from webhook_app.domain.inbound import Inbound, Unreadable
from webhook_app.storage import Store
from webhook_app.storage.quarantine import quarantined_ids

NONSENSE = b'{"direct_message_mark_read_events": [{"sender_id": 7}]}'
READ = {
    "created_timestamp": "1518452444662",
    "sender_id": "7",
    "target": {"recipient_id": "8"},
    "last_read_event_id": "900000000000000000",
}


def _keep(store: Store, *bodies: bytes) -> list[int]:
    """Quarantine bodies, as an older release that did not understand them."""
    parts = [Unreadable("twitter", body, {"_schema": ["Not understood."]}) for body in bodies]
    store.record(Inbound("twitter", unreadable=parts, quarantined=len(parts)))
    return store.read(quarantined_ids)


def _readable(reader: int) -> bytes:
    event = READ | {"sender_id": str(reader)}
    return json.dumps({"for_user_id": "8", "direct_message_mark_read_events": [event]}).encode()


def test_it_lists_more_than_a_page(run: Run, store: Store) -> None:
    ids = _keep(store, *(b'{"n": %d}' % n for n in range(120)))
    lines = run("quarantine", "list").stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == ids
    rows = [json.loads(line) for line in run("quarantine", "list", "--json").stdout.splitlines()]
    assert [row["id"] for row in rows] == ids
    assert rows[0]["platform"] == "twitter"
    assert (rows[0]["errors"], rows[0]["bytes"]) == ({"_schema": ["Not understood."]}, 8)


def test_it_shows_a_body_without_obeying_it(run: Run, store: Store) -> None:
    (row,) = _keep(store, b'\x1b[2J{"\xff')
    result = run("quarantine", "show", str(row))
    assert result.stdout.splitlines()[-1] == '\\x1b[2J{"\\xff'
    assert json.loads(run("quarantine", "show", str(row), "--json").stdout)["body"] == '\x1b[2J{"\\xff'


def test_what_is_understood_now_leaves(run: Run, store: Store) -> None:
    (row,) = _keep(store, _readable(7))
    result = run("quarantine", "retry", str(row))
    assert (result.exit_code, result.stdout) == (0, f"{row}: accepted 1, quarantined 0, ignored 0\n")
    assert store.position(("twitter", "7", "8"))[0].cursor == 900_000_000_000_000_000
    assert store.read(quarantined_ids) == []


def test_what_is_still_not_understood_stays(run: Run, store: Store) -> None:
    (row,) = _keep(store, NONSENSE)
    result = run("quarantine", "retry", str(row))
    assert (result.exit_code, result.stdout) == (1, f"{row}: still not understood\n")
    assert store.read(quarantined_ids) == [row]


def test_it_retries_all(run: Run, store: Store) -> None:
    _keep(store, *map(_readable, range(1, 71)), NONSENSE)
    result = run("quarantine", "retry", "--all")
    assert (result.exit_code, result.stdout) == (1, "retried: 71\nstill not understood: 1\n")
    assert len(store.read(quarantined_ids)) == 1


def test_it_retries_nothing(run: Run) -> None:
    result = run("quarantine", "retry", "--all")
    assert (result.exit_code, result.stdout) == (0, "retried: 0\nstill not understood: 0\n")


def test_it_retries_one_or_all(run: Run) -> None:
    assert run("quarantine", "retry", "1", "--all").exit_code == 2


def test_it_discards(run: Run, store: Store) -> None:
    (row,) = _keep(store, NONSENSE)
    assert run("quarantine", "discard", str(row)).stdout == f"{row}: discarded\n"
    assert store.read(quarantined_ids) == []


@pytest.mark.parametrize("verb", ["show", "retry", "discard"])
def test_it_says_that_there_is_no_such_row(run: Run, verb: str) -> None:
    result = run("quarantine", verb, "12345")
    assert (result.exit_code, result.stderr) == (1, "Error: There is no such row in quarantine.\n")


@pytest.mark.parametrize("verb", ["show", "retry", "discard"])
def test_it_refuses_a_number_that_no_row_can_have(run: Run, verb: str) -> None:
    assert run("quarantine", verb, str(2**63)).exit_code == 2
