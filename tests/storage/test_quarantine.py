"""Quarantine: once per distinct body, listed, discarded, retried, and bounded."""

import pytest
from sqlalchemy import text

from tests.conftest import NOW
from tests.platforms.payloads import READS, encode, read_event
from webhook_app.domain.inbound import Inbound, Unreadable
from webhook_app.errors import NotFound
from webhook_app.services import Services
from webhook_app.settings import Settings
from webhook_app.storage import Store
from webhook_app.storage import tables as t
from webhook_app.storage.audit import list_audit
from webhook_app.storage.counts import totals
from webhook_app.storage.quarantine import list_quarantine
from webhook_app.storage.retention import DAY, QUARANTINE_DAYS, drop_expired
from webhook_app.storage.writing import QUARANTINE_LIMIT


def unreadable(*bodies: bytes, platform: str = "twitter") -> Inbound:
    """A delivery of nothing but errors."""
    parts = [Unreadable(platform, body, {"_schema": ["Not JSON."]}) for body in bodies]
    return Inbound(platform, unreadable=parts, quarantined=len(parts))


def bodies(store: Store) -> list[bytes]:
    """What is kept, oldest first."""
    return [row.body for row in store.read(lambda c: list_quarantine(c, 0, 1000))]


def test_a_body_is_kept_once(store: Store) -> None:
    for _ in range(3):
        store.record(unreadable(b"a", b"b", b"a"))
    assert sorted(bodies(store)) == [b"a", b"b"]
    store.record(unreadable(b"a", platform="other"))
    assert len(bodies(store)) == 3


def test_it_is_listed_in_pages(store: Store) -> None:
    for n in range(5):
        store.record(unreadable(b"%d" % n))
    first = store.read(lambda c: list_quarantine(c, 0, 2))
    rest = store.read(lambda c: list_quarantine(c, first[-1].id, 10))
    assert [row.body for row in first + rest] == [b"%d" % n for n in range(5)]
    assert first[0].errors == {"_schema": ["Not JSON."]}
    assert first[0].platform == "twitter"


def test_a_row_is_discarded_once(store: Store) -> None:
    store.record(unreadable(b"a"))
    (row,) = store.read(lambda c: list_quarantine(c, 0, 9))
    store.discard(row.id, "an operator")
    assert bodies(store) == []
    for verb in (lambda: store.discard(row.id, "an operator"), lambda: store.quarantined(row.id)):
        with pytest.raises(NotFound):
            verb()
    (entry,) = store.read(lambda c: list_audit(c, None, 9))
    assert entry[2:5] == ("an operator", "discard quarantined", str(row.id))


def test_an_id_is_never_given_twice(store: Store) -> None:
    """An operator who discards a row just listed must not hit another one."""
    store.record(unreadable(b"a"))
    (row,) = store.read(lambda c: list_quarantine(c, 0, 9))
    store.discard(row.id, "tests")
    store.record(unreadable(b"b"))
    assert store.read(lambda c: list_quarantine(c, 0, 9))[0].id > row.id


def fill(store: Store, rows: int) -> None:
    """Put rows there directly; through the front it would take a while."""
    numbers = (
        "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < :rows) SELECT n FROM g"
    )
    digest = "CAST(CAST(n AS text) AS blob)"
    if store.database.dialect == "postgresql":
        numbers = "SELECT n FROM generate_series(1, :rows) AS g(n)"
        digest = "CAST(CAST(n AS text) AS bytea)"
    rows_of = f"SELECT 'twitter', 0, '{{}}', {digest}, {digest} FROM ({numbers}) AS x"
    query = f"INSERT INTO quarantine (platform, received_at, errors, body, digest) {rows_of}"
    store.write(lambda c: c.execute(text(query), {"rows": rows}))


def test_the_oldest_go_where_there_are_too_many_and_are_counted(store: Store) -> None:
    fill(store, QUARANTINE_LIMIT)
    store.record(unreadable(b"new", b"newer"))
    store.record(unreadable(b"new"))
    ids = store.read(lambda c: c.scalars(t.quarantine.select().with_only_columns(t.quarantine.c.id)).all())
    assert len(ids) == QUARANTINE_LIMIT
    oldest = store.read(lambda c: list_quarantine(c, 0, 1))[0]
    assert oldest.body == b"3"
    store.flush_counts(NOW)
    dropped = {name: n for name, n in store.read(totals).items() if "drop" in name}
    assert list(dropped.values()) == [2]


def test_what_is_too_old_goes(store: Store) -> None:
    store.record(unreadable(b"old", b"young"))
    q = t.quarantine
    age = (
        q.update()
        .where(q.c.body == b"old")
        .values(received_at=q.c.received_at - QUARANTINE_DAYS * DAY - 1000)
    )
    store.write(lambda c: c.execute(age))
    store.write(drop_expired)
    assert bodies(store) == [b"young"]


@pytest.fixture
def services(settings: Settings) -> Services:
    """What a process works with."""
    return Services(settings, clock=lambda: NOW)


def test_what_is_understood_now_is_stored_and_settled(services: Services) -> None:
    store = services.store
    store.record(unreadable(encode({READS: [read_event()]})))
    (row,) = store.read(lambda c: list_quarantine(c, 0, 9))
    assert services.retry(row.id, "an operator").accepted == 1
    assert bodies(store) == []
    assert store.position(("twitter", "1693649419", "1245855954975051776"))[0].cursor == 1247310121283321862
    (entry,) = store.read(lambda c: list_audit(c, None, 9))
    assert entry[2:5] == ("an operator", "retry quarantined", str(row.id))
    services.close()


def test_what_is_not_understood_stays(services: Services) -> None:
    store = services.store
    store.record(unreadable(b"still not JSON"))
    (row,) = store.read(lambda c: list_quarantine(c, 0, 9))
    assert services.retry(row.id, "tests").errors
    assert store.read(lambda c: list_quarantine(c, 0, 9)) == [row]
    services.close()


def test_what_is_understood_in_part_leaves_the_other_part(services: Services) -> None:
    store = services.store
    store.record(unreadable(encode({READS: [read_event(), read_event(sender_id="x")]})))
    (row,) = store.read(lambda c: list_quarantine(c, 0, 9))
    assert services.retry(row.id, "tests").counters["accepted"] == 1
    (left,) = store.read(lambda c: list_quarantine(c, 0, 9))
    assert left.id != row.id
    assert left.errors[READS]["0"] == {"sender_id": ["Not a string of 1 to 19 digits."]}
    services.close()


def test_a_row_of_x_activity_understood_in_no_part_stays(services: Services) -> None:
    store = services.store
    store.record(unreadable(encode({"data": {"event_type": "dm.read", "payload": {"who": "knows"}}})))
    (row,) = store.read(lambda c: list_quarantine(c, 0, 9))
    services.retry(row.id, "tests")
    assert store.read(lambda c: list_quarantine(c, 0, 9)) == [row]
    services.close()
