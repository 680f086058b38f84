"""Credentials, sealed: the database alone does not give them away."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from webhook_app.errors import SealedElsewhere
from webhook_app.storage.secret_key import derive


class Sealing:
    """Seals under the first of the secret keys, and opens what was sealed under any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        fernets = [Fernet(urlsafe_b64encode(derive(key, "readmark/credentials"))) for key in keys]
        self._first, self._all = fernets[0], MultiFernet(fernets)

    def seal(self, credentials: Mapping[str, str]) -> bytes:
        """What may be stored of credentials."""
        return self._first.encrypt(orjson.dumps(dict(credentials)))

    def open(self, sealed: bytes) -> dict[str, str]:
        """The credentials. Raises SealedElsewhere: under a key that is not known."""
        try:
            credentials: dict[str, str] = orjson.loads(self._all.decrypt(sealed))
        except InvalidToken:
            raise SealedElsewhere from None
        return credentials

    def renew(self, sealed: bytes) -> bytes | None:
        """The same under the first key; None if it is already. Raises SealedElsewhere."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            try:
                return self._all.rotate(sealed)
            except InvalidToken:
                raise SealedElsewhere from None
        return None
