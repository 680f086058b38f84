"""CSRF tokens that look different in every answer.

Answers are compressed, and what they repeat of a request makes them shorter or longer: who can make a browser
ask often, and see how long the answers are, could guess a constant token letter by letter (BREACH). So a
page carries a random part and its HMAC under the session's own secret, which is never shown.
"""

import hmac
import secrets

#: Characters of the random part.
LENGTH = 16


def show_token(secret: str) -> str:
    """A token of the session with that secret, another one each time."""
    nonce = secrets.token_urlsafe(LENGTH)[:LENGTH]
    return nonce + _sign(secret, nonce)


def is_token(text: str, secret: str) -> bool:
    """Whether it is one of the session with that secret."""
    nonce, signature = text[:LENGTH], text[LENGTH:]
    return bool(secret) and hmac.compare_digest(
        signature.encode("utf-8", "replace"), _sign(secret, nonce).encode()
    )


def _sign(secret: str, nonce: str) -> str:
    return hmac.digest(secret.encode(), nonce.encode("utf-8", "replace"), "sha256").hex()
