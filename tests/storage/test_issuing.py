"""Links to log in, for as long as nobody has made a token."""

from tests.conftest import NOW
from webhook_app.storage import Store
from webhook_app.storage.issuing import FIRST, LINK, first_login, issue_token, revoke_token
from webhook_app.storage.tokens import use_login_link

WHO = "tests"


def _link(store: Store) -> str | None:
    return store.write(lambda c: first_login(c, NOW, WHO))


def _use(store: Store, secret: str, now: int) -> str | None:
    return store.write(lambda c: use_login_link(c, secret, now))


def test_a_link_is_good_once(store: Store) -> None:
    link = _link(store)
    assert link is not None
    assert _use(store, link, NOW) == FIRST
    assert _use(store, link, NOW) is None


def test_a_link_is_good_for_ten_minutes(store: Store) -> None:
    link = _link(store)
    assert link is not None
    assert _use(store, link, NOW + LINK + 1) is None


def test_there_is_no_link_once_there_is_a_token(store: Store) -> None:
    token, _ = store.write(lambda c: issue_token(c, "dash", frozenset({"read"}), None, NOW, WHO))
    assert _link(store) is None
    store.write(lambda c: revoke_token(c, token.id, NOW, WHO))
    assert _link(store) is not None


def test_there_is_no_link_once_they_have_been_revoked(store: Store) -> None:
    assert _link(store) is not None
    store.write(lambda c: revoke_token(c, FIRST, NOW, WHO))
    assert _link(store) is None
