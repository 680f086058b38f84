"""Stores that live as long as a module: properties run many examples, each with people of its own."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.databases import KINDS, postgres_database
from tests.storage.outgoing import POLICIES
from webhook_app.settings import Settings
from webhook_app.storage import Store
from webhook_app.storage.migrate import migrate

KEYS = ("secret-key-of-the-tests",)


@pytest.fixture(scope="module", params=KINDS)
def shared_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """DATABASE_URL of a migrated database that the tests of a module share."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('shared')}/readmark.db"
        else:
            server = request.getfixturevalue("postgres")
            url = stack.enter_context(postgres_database(server)).replace("postgresql:", "postgresql+psycopg:")
        migrate(url)
        yield url


@pytest.fixture(scope="module")
def shared(shared_database: str) -> Iterator[Store]:
    """A store over it."""
    store = Store(shared_database, KEYS)
    yield store
    store.close()


@pytest.fixture(scope="module")
def second(shared_database: str) -> Iterator[Store]:
    """The store of another process over the same database."""
    store = Store(shared_database, KEYS)
    yield store
    store.close()


@pytest.fixture
def second_store(settings: Settings) -> Iterator[Store]:
    """The store of another process over the database of `store`, which knows the policies."""
    store = Store(settings.database_url, settings.secret_keys)
    store.configure(POLICIES)
    yield store
    store.close()
