"""Tokens and login links come and go, each with its entry in the audit log."""

import secrets

from sqlalchemy import Connection

from webhook_app.errors import NotFound
from webhook_app.storage import audit, tokens
from webhook_app.storage.tokens import Token

SCOPES = ("read", "mark", "admin")
#: For how long a login link is good.
LINK = 10 * 60_000  # milliseconds
#: The token that login links stand for while nobody has made another one.
FIRST = "first-login"


def issue_token(
    connection: Connection,
    name: str,
    scopes: frozenset[str],
    account: tuple[str, str] | None,
    now: int,
    who: str,
    *,
    token_id: str | None = None,
) -> tuple[Token, str]:
    """Store a new token; returns it with its secret, which is stored nowhere."""
    secret = f"rm_{secrets.token_urlsafe(32)}"
    token = Token(token_id or secrets.token_hex(6), name, scopes, account, now, None)
    tokens.add_token(connection, token, secret)
    audit.log(connection, who, "create token", token.id, f"{name}: {' '.join(sorted(scopes))}")
    return token, secret


def revoke_token(connection: Connection, token_id: str, now: int, who: str) -> None:
    """Revoke a token. Raises NotFound if there is none, or it is revoked already."""
    if not tokens.revoke_token(connection, token_id, now):
        raise NotFound("There is no valid token of this id.")
    audit.log(connection, who, "revoke token", token_id)


def first_login(connection: Connection, now: int, who: str) -> str | None:
    """The secret of a login link with every scope while nobody has made a token, else None.

    The link stands for a token whose secret nobody knows; revoking it ends these links too.
    """
    known = tokens.list_tokens(connection)
    if any(token.revoked_at is None for token in known if token.id != FIRST):
        return None
    first = next((token for token in known if token.id == FIRST), None)
    if first is None:
        issue_token(connection, "first login", frozenset(SCOPES), None, now, who, token_id=FIRST)
    elif first.revoked_at is not None:
        return None
    secret = secrets.token_urlsafe(32)
    tokens.add_login_link(connection, secret, FIRST, now + LINK)
    audit.log(connection, who, "create login link", FIRST)
    return secret
