"""A service that has something to tell."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copy

import pytest

from tests.conftest import API_TOKEN, CONSUMER_SECRET
from tests.scenarios.service import Service, serving
from webhook_app.domain.inbound import Inbound, Person
from webhook_app.domain.position import Mark
from webhook_app.storage import Store

BOT = "1245855954975051776"
#: The message that the document asks about, and when it was sent.
MESSAGE, SENT = 1247310121283321862, 1586216881472
DAY = 86_400_000
KEY = "secret-key-of-the-tests"


def later(milliseconds: int) -> int:
    """The id of a message sent so much later."""
    return MESSAGE + (milliseconds << 22)


def tell(store: Store, reader: str, cursor: int, read_at: int, name: str = "") -> None:
    """Store that somebody has read the bot's messages."""
    people = [Person("twitter", reader, name, "", "", read_at)] if name else []
    store.record(Inbound("twitter", marks=[Mark("twitter", reader, BOT, cursor, read_at)], people=people))


@pytest.fixture
def told(tmp_path: Path, migrated_file: Path) -> Iterator[Store]:
    """A store in which Ann has read further than Bob."""
    copy(migrated_file, tmp_path / "readmark.db")
    store = Store(f"sqlite:///{tmp_path}/readmark.db", (KEY,))
    tell(store, "1001", MESSAGE, SENT + 4000, "Ann Öhm")
    tell(store, "1001", later(DAY), SENT + DAY + 10_000)
    tell(store, "1002", later(-5000), SENT + 3000)
    yield store
    store.close()


@contextmanager
def serving_told(folder: Path, **more: str) -> Iterator[Service]:
    """The service over what is told, in one worker; `more` are further settings."""
    url = f"sqlite:///{folder}/readmark.db"
    app = {"TWITTER_CONSUMER_SECRET": CONSUMER_SECRET, "WEB_CONCURRENCY": "1", "DISPATCH": "0", **more}
    with serving(folder, DATABASE_URL=url, SECRET_KEY=KEY, API_TOKEN=API_TOKEN, **app) as service:
        yield service


@pytest.fixture
def service(told: Store, tmp_path: Path) -> Iterator[Service]:
    """The service over what is told."""
    with serving_told(tmp_path) as service:
        yield service
