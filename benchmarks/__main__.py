"""`make bench`: a table of what was measured beside what it should be.

`make bench ARGS="ingest-sqlite --rounds 5 --seconds 10"` runs a part; without arguments everything runs,
which takes most of an hour.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.asking import answers_ms, fill_unread, make_figures, pages
from benchmarks.delivering import coalescing, delivering, latency
from benchmarks.exporting import exporting
from benchmarks.hosts import host, need_wrk
from benchmarks.ingest import EMPTY, LIBRARY, LIBRARY_STORING, OURS, STORELESS, compare, p99
from benchmarks.marking import accepting, scale
from benchmarks.size import cold_starts, fill, grown, memory_growth
from benchmarks.watching import ingest_beside, watch
from benchmarks.windows import overspending
from tests.databases import postgres_database, postgres_server

Row = tuple[str, str, str]


@contextmanager
def databases(kind: str, many: int = 1) -> Iterator[list[str]]:
    """URLs of empty databases."""
    with ExitStack() as stack:
        if kind == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            yield [f"sqlite:///{folder}/{number}.db" for number in range(many)]
        else:
            server = stack.enter_context(postgres_server())
            urls = [stack.enter_context(postgres_database(server)) for _ in range(many)]
            yield [url.replace("postgresql://", "postgresql+psycopg://") for url in urls]


def ingest(kind: str, options: argparse.Namespace) -> list[Row]:
    """Durable ingest against less."""
    goals = {"sqlite": (0.9, 0.70), "postgres": (0.65, 0.50)}[kind]
    apps = [OURS, STORELESS, EMPTY] + ([LIBRARY, LIBRARY_STORING] if kind == "sqlite" else [])
    with databases(kind) as (url,):
        rounds = compare(url, apps, rounds=options.rounds, seconds=options.seconds)
    rows = [
        (
            f"{kind}: durable / same handler, no store",
            f"≥ {goals[0]}",
            f"{rounds.ratio(OURS, STORELESS):.2f}",
        ),
        (f"{kind}: durable / empty Flask view", f"≥ {goals[1]:.2f}", f"{rounds.ratio(OURS, EMPTY):.2f}"),
        (f"{kind}: no store / empty Flask view", "-", f"{rounds.ratio(STORELESS, EMPTY):.2f}"),
        (f"{kind}: durable, p99 / empty view's", "≤ 1", f"{rounds.p99(OURS) / rounds.p99(EMPTY):.2f}"),
        (f"{kind}: p99 of CRC answers meanwhile", "≤ 100 ms", f"{p99(rounds.challenges_ms):.0f} ms"),
        (
            f"{kind}: rates durable, no store, empty",
            "-",
            " ".join(f"{rounds.rate(app):.0f}" for app in apps[:3]),
        ),
    ]
    if kind == "sqlite":
        rows += [
            ("durable / twitterwebhooks with SQLite", "≥ 3", f"{rounds.ratio(OURS, LIBRARY_STORING):.2f}"),
            ("no store / twitterwebhooks, no store", "≥ 0.8", f"{rounds.ratio(STORELESS, LIBRARY):.2f}"),
        ]
    return rows


def size(kind: str, options: argparse.Namespace) -> list[Row]:
    """Many positions against few."""
    with databases(kind, 2) as (small, large):
        fill(small, 10_000)
        fill(large, options.positions)
        rate, page = grown(small, large, rounds=options.rounds, seconds=options.seconds)
    name = f"{kind}: {options.positions:,} positions / 10,000"
    return [(f"{name}, ingest", "≥ 0.9", f"{rate:.2f}"), (f"{name}, page p50", "≤ 1.5", f"{page:.2f}")]


def asking(kind: str, options: argparse.Namespace) -> list[Row]:
    """What dashboards ask."""
    with databases(kind, 2) as (small, large):
        for url, many in ((small, 10_000), (large, options.positions)):
            fill(url, many)
            fill_unread(url, many // 10)
            seconds = make_figures(url)
        ratio, kilobytes = pages(small, large, rounds=options.rounds)
        with host(OURS, large, DISPATCH="0") as gunicorn:
            answers = answers_ms(gunicorn)
    name = f"{kind}: {options.positions:,} positions"
    return [
        (f"{name} / 10,000, first page", "≤ 1.5", f"{ratio:.2f}"),
        (f"{kind}: the page and all it loads", "≤ 60 KB", f"{kilobytes:.0f} KB"),
        *((f"{name}, {what}", "≤ 100 ms", f"{ms:.0f} ms") for what, ms in answers.items()),
        (f"{name}, all figures made from nothing in", "-", f"{seconds:.0f} s"),
    ]


def memory(kind: str, options: argparse.Namespace) -> list[Row]:
    """Whether a worker's memory grows."""
    with databases(kind) as (url,):
        growth = memory_growth(url, options.deliveries)
    name = f"{kind}: memory a worker, {options.deliveries:,} deliveries / 10,000"
    return [(name, "≤ 1.1", f"{growth:.2f}")]


def cold(kind: str, options: argparse.Namespace) -> list[Row]:
    """How long a sleeping dyno lets X wait."""
    with databases(kind) as (url,):
        seconds = sorted(cold_starts(url, options.rounds))
    middle = seconds[len(seconds) // 2]
    return [
        (f"{kind}: cold start to first CRC, median, worst", "< 2 s", f"{middle:.2f} s, {seconds[-1]:.2f} s")
    ]


def marks(kind: str, options: argparse.Namespace) -> list[Row]:
    """What it costs to accept marks and to pass them on."""
    goal = {"sqlite": "≥ 0.60", "postgres": "≥ 0.45"}[kind]
    with databases(kind, 5) as (first, second, third, small, large):
        accepted = accepting(first, rounds=options.rounds, seconds=options.seconds)
        rows = [(f"{kind}: accepting a mark / empty Flask view", goal, f"{accepted:.2f}")]
        calls = delivering(second)
        rows += [(f"{kind}: delivering / bare tweepy calls", "≥ 0.8", f"{calls:.2f}")]
        quiet = latency(third)
        rows += [(f"{kind}: from mark to call, p99", "≤ 250 ms", f"{quiet:.0f} ms")]
        ratio = scale(small, large, rounds=options.rounds)
        rows += [(f"{kind}: claim and accept, 1,000,000 wait / 1000", "≤ 1.5", f"{ratio:.2f}")]
    return rows


def calls(kind: str, options: argparse.Namespace) -> list[Row]:
    """How many calls become of many marks."""
    rows = []
    for platform, most in (("slack", 1000), ("twitter", 2000)):
        with databases(kind) as (url,):
            made = coalescing(url, platform)
        rows += [(f"{kind}: calls for 100,000 marks, {platform}", f"≤ {most}", str(made))]
    return rows


def export(kind: str, options: argparse.Namespace) -> list[Row]:
    """What an export of everything costs."""
    with databases(kind) as (url,):
        seen = exporting(url, options.positions)
    name = f"{kind}: export of {options.positions:,} positions"
    return [
        (f"{name}, rows a second", "-", f"{seen.rate:,.0f}"),
        (f"{name}, memory grows by", "≤ 10 MiB", f"{seen.grown_mib:.1f} MiB"),
        (f"{name}, p99 of CRCs", "≤ 100 ms", f"{seen.crc_ms:.0f} ms"),
    ]


def windows(kind: str, options: argparse.Namespace) -> list[Row]:
    """Whether processes that are killed overspend or underuse a budget."""
    with databases(kind) as (url,):
        seen = overspending(url)
    return [
        (f"{kind}: refused for the rate, {seen.kills} kills", "0", str(seen.refused)),
        (f"{kind}: counted in the least used window", "≥ 99 %", f"{100 * seen.counted:.1f} %"),
        (f"{kind}: of {seen.calls} counted calls lost", f"≤ {8 * seen.kills}", str(seen.lost)),
        (f"{kind}: least used window at the platform", "-", f"{100 * seen.arrived:.1f} %"),
        (f"{kind}: sent backwards", "0", str(seen.backwards)),
    ]


def live(kind: str, options: argparse.Namespace) -> list[Row]:
    """What a thousand viewers of one worker see, and take."""
    with databases(kind) as (url,):
        seen = watch(url, viewers=1000)
    name = f"{kind}: 1000 viewers, {seen.deliveries} deliveries"
    return [
        (f"{name}, written to seen, p99", "≤ 1 s", f"{seen.p99_ms / 1000:.2f} s"),
        (f"{name}, p50", "-", f"{seen.p50_ms / 1000:.2f} s"),
        (f"{kind}: streams that ended before their time", "0", str(seen.ended)),
        (
            f"{kind}: memory a viewer, waiting, loaded",
            "≤ 50 KB",
            f"{seen.waiting_kib:.0f} {seen.kib:.0f}",
        ),
    ]


def viewers(kind: str, options: argparse.Namespace) -> list[Row]:
    """What ten viewers cost ingest."""
    with databases(kind) as (url,):
        ratio = ingest_beside(url, viewers=10, rounds=options.rounds, seconds=options.seconds)
    return [(f"{kind}: ingest with ten viewers / none", "≥ 0.95", f"{ratio:.2f}")]


PARTS = {
    f"{name}-{kind}": (part, kind)
    for name, part in (
        ("cold", cold), ("ingest", ingest), ("size", size), ("asking", asking), ("memory", memory),
        ("marks", marks), ("calls", calls), ("windows", windows), ("export", export),
        ("live", live), ("viewers", viewers),
    )
    for kind in ("sqlite", "postgres")
}  # fmt: skip


def main() -> None:
    """Measure what is asked for and print the table."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure, and print a table.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5, help="alternations (5)")
    parser.add_argument("--seconds", type=float, default=10, help="of each load (10)")
    parser.add_argument(
        "--positions", type=int, default=10_000_000, help="of the large database (10,000,000)"
    )
    parser.add_argument("--deliveries", type=int, default=1_000_000, help="of the memory's run (1,000,000)")
    options = parser.parse_args()
    need_wrk()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for name in options.parts or PARTS:
        part, kind = PARTS[name]
        for what, target, measured in part(kind, options):
            print(f"{what:58} {target:>10} {measured:>18}", flush=True)


main()
