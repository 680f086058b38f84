"""Bodies that nobody can read and that name who is forgotten: `forget` and ingest go by one rule."""

import json
import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.storage.law import BASE, PLATFORM
from webhook_app.domain.inbound import Inbound, Unreadable
from webhook_app.storage import Store
from webhook_app.storage.quarantine import list_quarantine


def keep(store: Store, *bodies: bytes) -> set[bytes]:
    """Which of some bodies, which nobody can read, are in quarantine once they were delivered."""
    store.record(Inbound(PLATFORM, unreadable=[Unreadable(PLATFORM, body, {}) for body in bodies]))
    return {row.body for row in store.read(lambda c: list_quarantine(c, 0, 1000))}.intersection(bodies)


#: Ids, what names somebody of that id, and what does not.
NAMING = [
    (
        "1693649419",
        [
            "my id is 1693649419.", "hello\\n1693649419 x", "a\\t1693649419", "user1693649419",
            "x1693649419y", "1693649419.json", "A1693649419Z", "1693649419.5", "5.1693649419",
            "0001693649419", "\\u000116\\u00393649419", "\\ud83d\\ude001693649419", "\\\\u1693649419",
            '1693649419", "broken \\u',
        ],
        ["91693649419", "16936494190", "169364941", "1693649419".replace("6", "\\u0037"), "1693649.419"],
    ),
    (
        "T0.U0ABC",
        ["T0.U0ABC", "T0.U0ABC.", "at\\nT0.U0ABC", "T0\\u002eU0ABC", "userT0.U0ABC.json", "T9.T0.U0ABC"],
        ["T0.U0ABCD", "AT0.U0ABC", "T0..U0ABC", "U0ABC", "T0", "t0.u0abc"],
    ),
    ("C0GENERAL", ["C0GENERAL", "T0.C0GENERAL", "C0GENERAL.T0", "\\tC0GENERAL"], ["C0GENERAL1", "c0general"]),
    ("25000", [" ".join(map(str, range(10_000, 25_001)))], [" ".join(map(str, range(10_000, 25_000)))]),
    ("20", ["20", "020", "at 20:30", '", "n": 20, "m": "'], ["120", "200", "2 0"]),
]  # fmt: skip


@pytest.mark.parametrize(("person", "named", "others"), NAMING, ids=[row[0] for row in NAMING])
def test_what_names_somebody_goes_and_does_not_come_back(
    store: Store, person: str, named: list[str], others: list[str]
) -> None:
    gone, kept = ([f'{{"text": "{text}"}}'.encode() for text in texts] for texts in (named, others))
    assert keep(store, *gone, *kept) == {*gone, *kept}
    assert store.forget(PLATFORM, person, BASE, "tests")["quarantine"] == len(gone)
    assert keep(store, *gone, *kept) == set(kept)


@settings(deadline=None, max_examples=60)
@given(st.text(), st.text(), st.sets(st.integers(0, 9)), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
@example("\\u", "", set(), "utf-8")
@example("\u3131", "\u3131", set(), "utf-16-le")
def test_who_is_forgotten_is_named_nowhere_in_what_is_kept(
    shared: Store, before: str, after: str, escaped: set[int], encoding: str
) -> None:
    person = "8800000004"
    shared.forget(PLATFORM, person, BASE, "tests")
    spelt = "".join(f"\\u{ord(c):04x}" if at in escaped else c for at, c in enumerate(person))
    assume(not re.search("[0-9]$", before) and not re.match("[0-9]", after))
    start, end = (json.dumps(part, ensure_ascii=False)[1:-1] for part in (before, after))
    assert keep(shared, f'["{start}{spelt}{end}"]'.encode(encoding)) == set()
