"""Tokens are stored hashed and can be revoked; a login link is good once."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.conftest import NOW
from tests.storage.locks import look
from webhook_app.errors import Unstorable
from webhook_app.storage import Store
from webhook_app.storage.audit import list_audit
from webhook_app.storage.tokens import (
    Token,
    add_login_link,
    add_token,
    find_token,
    list_tokens,
    revoke_token,
    use_login_link,
)

ANN = Token("1", "Ann's", frozenset({"read", "mark"}), None, NOW, None)
BOUND = Token("2", "a bot's", frozenset({"mark"}), ("twitter", "42"), NOW + 1, None)
SECRET = "rm_a-secret-that-is-long"


def test_a_token_is_found_by_its_secret_and_by_its_id(store: Store) -> None:
    store.write(lambda c: add_token(c, ANN, SECRET))
    store.write(lambda c: add_token(c, BOUND, "rm_another"))
    assert store.read(lambda c: find_token(c, secret=SECRET)) == ANN
    assert store.read(lambda c: find_token(c, id="2")) == BOUND
    assert store.read(list_tokens) == [ANN, BOUND]


def test_no_other_secret_is_known(store: Store) -> None:
    store.write(lambda c: add_token(c, ANN, SECRET))
    for secret in ("", "rm_", SECRET.upper(), SECRET + " ", "\0", "\ud800", "x" * 100_000):
        assert store.read(partial(find_token, secret=secret)) is None


def test_the_secret_is_stored_nowhere(store: Store, database: str) -> None:
    store.write(lambda c: add_token(c, ANN, SECRET))
    assert SECRET not in repr(look(database, "SELECT * FROM tokens"))
    assert SECRET.encode() not in bytes(look(database, "SELECT digest FROM tokens")[0][0])


def test_a_revoked_token_is_known_no_more_and_listed_still(store: Store) -> None:
    store.write(lambda c: add_token(c, ANN, SECRET))
    assert store.write(lambda c: revoke_token(c, "1", NOW + 5))
    assert store.read(lambda c: find_token(c, secret=SECRET)) is None
    assert store.read(lambda c: find_token(c, id="1")) is None
    assert [token.revoked_at for token in store.read(list_tokens)] == [NOW + 5]
    assert not store.write(lambda c: revoke_token(c, "1", NOW + 9))
    assert not store.write(lambda c: revoke_token(c, "no such", NOW))


def test_two_tokens_never_share_a_secret(store: Store) -> None:
    store.write(lambda c: add_token(c, ANN, SECRET))
    with pytest.raises(Unstorable):
        store.write(lambda c: add_token(c, BOUND, SECRET))


def test_a_login_link_is_good_once_whoever_comes_at_once(store: Store) -> None:
    store.write(lambda c: add_login_link(c, "link", "1", NOW + 10**9))
    with ThreadPoolExecutor(3) as threads:
        used = list(threads.map(lambda _: store.write(lambda c: use_login_link(c, "link", NOW)), range(6)))
    assert sorted(used, key=str) == ["1", None, None, None, None, None]


def test_a_login_link_runs_out(store: Store) -> None:
    store.write(lambda c: add_login_link(c, "link", "1", NOW + 10**9))
    assert store.write(lambda c: use_login_link(c, "link", NOW + 10**9 + 1)) is None
    assert store.write(lambda c: use_login_link(c, "link", NOW)) is None


def test_the_audit_log_is_read_backwards_in_pages(store: Store) -> None:
    for n in range(5):
        store.log("who", "do", str(n))
    first = store.read(lambda c: list_audit(c, None, 2))
    rest = store.read(lambda c: list_audit(c, first[-1].id, 9))
    assert [entry.subject for entry in first + rest] == ["4", "3", "2", "1", "0"]
    assert all(entry.at > 1_700_000_000_000 for entry in first)
