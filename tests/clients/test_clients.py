"""What is asked once: curl, Python and pandas, as the document has them."""

import csv
import json
from pathlib import Path

from tests.clients.conftest import BOT, DAY, MESSAGE, SENT, later
from tests.clients.examples import examples, python, shell
from tests.scenarios.service import Service
from webhook_app.storage import Store


def test_curl_lists_and_tells_who_has_read(service: Service, tmp_path: Path) -> None:
    listing, readers, _ = examples("curl")
    items = json.loads(shell(listing, service, tmp_path))["items"]
    assert [item["reader"] for item in items] == ["1001", "1002"]
    told = json.loads(shell(readers, service, tmp_path))
    assert [who["reader"] for who in told["read"]] == ["1001"]
    assert [who["reader"] for who in told["unread"]] == ["1002"]


def test_curl_exports_into_a_file(service: Service, tmp_path: Path) -> None:
    shell(examples("curl")[2], service, tmp_path)
    with (tmp_path / "positions.csv").open(newline="") as file:
        assert [row["cursor"] for row in csv.DictReader(file)] == [str(later(DAY)), str(later(-5000))]
    assert not (tmp_path / "positions.csv.part").exists()


def test_python_lists_what_lies_behind_a_message(service: Service, tmp_path: Path) -> None:
    code, _ = examples("Python")
    assert str(MESSAGE) in code
    assert python(code, service, tmp_path) == f"1002 has read up to {later(-5000)}\n"


def test_python_reads_an_export_row_for_row(service: Service, tmp_path: Path) -> None:
    rows = python(examples("Python")[1], service, tmp_path).splitlines()
    assert rows[0] == f"1001 {MESSAGE} 2020-04-06T23:48:05.472Z 4.0"
    assert len(rows) == 3


def test_pandas_finds_the_median_by_peer_and_day(service: Service, tmp_path: Path) -> None:
    (code,) = examples("pandas")
    rows = [line.split() for line in python(code, service, tmp_path).splitlines()]
    # Of 4 and 8 seconds; and on the next day 10.
    assert rows[-2:] == [[BOT, "2020-04-06", "6.0", "2"], ["2020-04-07", "10.0", "1"]]


def test_pandas_takes_an_export_of_nothing(service: Service, told: Store, tmp_path: Path) -> None:
    for reader in ("1001", "1002"):
        told.forget("twitter", reader, SENT + 3 * DAY, "tests")
    (code,) = examples("pandas")
    assert BOT not in python(code, service, tmp_path)
