"""Tokens of the API, stored as hashes, and single-use links to log in."""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from webhook_app.storage import sql
from webhook_app.storage import tables as t

#: Ids asked for in one statement; SQLite's oldest limit is 999 parameters.
PIECE = 300


class Token(NamedTuple):
    """Who may do what. Times are milliseconds since 1970."""

    id: str
    name: str
    #: Out of `read`, `mark`, `admin`.
    scopes: frozenset[str]
    #: The account it is bound to, as (platform, id).
    account: tuple[str, str] | None
    created_at: int
    revoked_at: int | None


def digest(secret: str) -> bytes:
    """What is stored of a secret. It is random and long, so that a plain hash is enough."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _token(row: Row[tuple[str, str, bytes, str, str | None, str | None, int, int | None]]) -> Token:
    account = (row.platform, row.account) if row.platform else None
    return Token(row.id, row.name, frozenset(row.scopes.split()), account, row.created_at, row.revoked_at)


def add_token(connection: Connection, token: Token, secret: str) -> None:
    """Store a new token."""
    platform, account = token.account or (None, None)
    row = {
        "id": token.id, "name": token.name, "digest": digest(secret), "created_at": token.created_at,
        "scopes": " ".join(sorted(token.scopes)), "platform": platform, "account": account,
    }  # fmt: skip
    connection.execute(insert(t.tokens).values(row))


def find_token(connection: Connection, *, secret: str | None = None, id: str | None = None) -> Token | None:
    """The token with that secret or that id, unless it is revoked."""
    same = t.tokens.c.id == id if secret is None else t.tokens.c.digest == digest(secret)
    row = connection.execute(select(t.tokens).where(same, t.tokens.c.revoked_at.is_(None))).one_or_none()
    return _token(row) if row else None


def valid_tokens(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Those of the ids that are of tokens not revoked."""
    asked, valid = sorted(ids), set[str]()
    for start in range(0, len(asked), PIECE):
        same = t.tokens.c.id.in_(asked[start : start + PIECE])
        valid |= set(connection.scalars(select(t.tokens.c.id).where(same, t.tokens.c.revoked_at.is_(None))))
    return valid


def list_tokens(connection: Connection) -> list[Token]:
    """Every token, revoked ones too, oldest first."""
    return [_token(row) for row in connection.execute(select(t.tokens).order_by(t.tokens.c.created_at))]


def revoke_token(connection: Connection, token_id: str, now: int) -> bool:
    """Revoke a token; returns whether there was one to revoke."""
    valid = (t.tokens.c.id == token_id) & t.tokens.c.revoked_at.is_(None)
    return connection.execute(update(t.tokens).where(valid).values(revoked_at=now)).rowcount > 0


def add_login_link(connection: Connection, secret: str, token_id: str, expires_at: int) -> None:
    """Store a link that logs in as a token, once."""
    connection.execute(delete(t.login_links).where(t.login_links.c.expires_at < sql.now_ms()))
    connection.execute(
        insert(t.login_links).values(digest=digest(secret), token=token_id, expires_at=expires_at)
    )


def has_login_link(connection: Connection, secret: str) -> bool:
    """Whether there is such a link."""
    return bool(connection.scalar(select(exists().where(t.login_links.c.digest == digest(secret)))))


def use_login_link(connection: Connection, secret: str, now: int) -> str | None:
    """Take the link away and return its token's id; None if there is none or it has expired."""
    same = t.login_links.c.digest == digest(secret)
    query = select(t.login_links.c.token, t.login_links.c.expires_at).where(same)
    row = connection.execute(query).one_or_none()
    # Of two who come at once only the one that deletes the row is let in.
    taken = row and connection.execute(delete(t.login_links).where(same)).rowcount
    return row.token if row and taken and row.expires_at >= now else None
