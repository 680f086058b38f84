"""Times to read and deliveries, as the page draws them."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from tests.conftest import NOW, Clock
from tests.web.callers import services_of
from tests.web.texts import Texts
from webhook_app.domain.timing import bucket
from webhook_app.storage import tables as t
from webhook_app.storage.cells import ALL, Cell
from webhook_app.web.pages.charts import HEIGHT, WIDTH, bars, curves
from webhook_app.web.pages.figures import HOUR, MINUTE, deliveries_of, times_of


def cell(start: int, *seconds: float, deliveries: int = 0) -> Cell:
    """A cell with reads that took so long."""
    times: dict[int, int] = {}
    for one in seconds:
        number = bucket(round(one * 1000))
        times[number] = times.get(number, 0) + 1
    return Cell(start, "", "", deliveries, len(seconds), 0, 0, times)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        # A few are shown among their neighbours,
        ([2, 2.5, 4.2], {"1 s": 0, "1.5 s": 0, "2 s": 2, "3 s": 0, "4 s": 1, "5 s": 0, "7 s": 0}),
        ([0.2], {"0 s": 1, "1 s": 0, "1.5 s": 0, "2 s": 0, "3 s": 0, "4 s": 0}),
        # many in steps that are readable,
        (
            [0.2, 50, 7000],
            {
                "0 s": 1, "2 s": 0, "5 s": 0, "15 s": 0, "45 s": 1, "2 min": 0, "7 min": 0, "20 min": 0,
                "1 h": 1,
            },
        ),
    ],
)  # fmt: skip
def test_reads_are_distributed_over_readable_times(seconds: list[float], expected: dict[str, int]) -> None:
    times = times_of([cell(NOW - HOUR, *seconds)], [], NOW)
    assert {bar.name.partition(" to ")[0]: bar.value for bar in times.bars} == expected
    assert times.all.reads == len(seconds)
    assert times.all.median == pytest.approx(sorted(seconds)[(len(seconds) - 1) // 2], rel=0.05)


@given(st.lists(st.floats(0, 1e8), max_size=30))
def test_every_read_is_in_one_of_at_most_twelve_bars(seconds: list[float]) -> None:
    drawn = times_of([cell(NOW, *seconds)], [], NOW).bars
    assert sum(bar.value for bar in drawn) == len(seconds)
    assert 6 <= len(drawn) <= 12


def test_times_go_by_hour_once_there_are_some() -> None:
    hours = [cell(NOW - n * HOUR, 5, 50) for n in (0, 4, 23)]
    times = times_of(hours, [], NOW)
    assert times.size == HOUR
    assert [slot.start for slot in times.slots] == [NOW - n * HOUR for n in range(23, -1, -1)]
    assert [n for n, slot in enumerate(times.slots) if slot.reads] == [0, 19, 23]
    # Before that, minutes tell more.
    young = times_of(hours[:2], [cell(NOW, 5), cell(NOW - MINUTE, 6)], NOW)
    assert (young.size, young.length, len(young.slots)) == (MINUTE, 15 * MINUTE, 15)
    assert [slot.reads for slot in young.slots[-3:]] == [0, 1, 1]
    older = times_of([], [cell(NOW, 5), cell(NOW - 40 * MINUTE, 6)], NOW)
    assert (older.size, len(older.slots)) == (MINUTE, 60)


def test_deliveries_are_counted_by_minute() -> None:
    minutes = [cell(NOW - n * MINUTE, deliveries=n) for n in (1, 59)]
    told = deliveries_of(minutes, NOW + 30_000)
    assert (told.total, told.most, len(told.bars)) == (60, 59, 60)
    assert (told.bars[0].value, told.bars[0].name) == (59, "59 min ago")
    assert (told.bars[-1].value, told.bars[-1].name) == (0, "this minute")


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_bars_stay_within_the_drawing_and_what_is_there_is_seen(values: list[int]) -> None:
    for bar, value in zip(bars([("", "", value) for value in values]), values, strict=True):
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert bar.y >= 0
        assert bar.y + bar.height == pytest.approx(HEIGHT)
        assert (bar.height >= 2) is (value > 0)


@given(st.lists(st.none() | st.floats(0, 1e9), min_size=1, max_size=60))
def test_curves_stay_within_the_drawing_and_show_every_point_once(values: list[float | None]) -> None:
    drawn = curves([values])
    points = [tuple(map(float, point.split(","))) for line in drawn.lines[0] for point in line.split()]
    points += drawn.dots[0]
    assert len(points) == len([value for value in values if value is not None])
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert bool(drawn.ticks) is bool(points)


def test_the_page_tells_its_figures_with_what_they_are_based_on(
    app: Flask, browser: FlaskClient, clock: Clock
) -> None:
    page = Texts(browser.get("/").text).text
    assert "Nothing was read in the last 24 hours." in page
    assert "None in the last hour." in page
    times = f'{{"{bucket(9000)}": 3, "{bucket(90_000)}": 1}}'
    rows = [
        {
            "minutes": size, "start": clock() // (size * MINUTE) * size * MINUTE, "platform": "twitter",
            "account": ALL, "deliveries": 7, "reads": 4, "marks": 0, "calls": 0, "times": times,
        }
        for size in (1, 60)
    ]  # fmt: skip
    services_of(app).store.write(lambda connection: connection.execute(insert(t.cells), rows))
    html = browser.get("/").text
    page = Texts(html).text
    assert "The last 24 hours, based on 4 reads" in page
    assert "Half within 9.0 s, nine of ten within 1.5 min" in page
    assert "7 s to 10 s 3 10 s to 15 s 0" in page
    assert "7 in the last hour, at most 7 a minute" in page
    assert html.count('role="img" aria-labelledby=') == 3
