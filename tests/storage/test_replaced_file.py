"""A SQLite file that is removed or replaced while it is open."""

from pathlib import Path

import pytest

from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.errors import DatabaseUnavailable
from webhook_app.storage import Store
from webhook_app.storage.migrate import migrate


def read_up_to(cursor: int) -> Inbound:
    """A delivery."""
    return Inbound("twitter", marks=[Mark("twitter", "1", "2", cursor, 0)])


def test_nothing_is_acknowledged_that_nobody_will_find(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/readmark.db"
    migrate(url)
    store = Store(url, ("k",))
    store.record(read_up_to(1))
    for file in tmp_path.iterdir():
        file.unlink()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            store.record(read_up_to(2))
    with pytest.raises(DatabaseUnavailable):
        store.check()
    migrate(url)
    store.record(read_up_to(3))
    store.check()
    assert store.position(("twitter", "1", "2"))[0].cursor == 3
    store.close()
