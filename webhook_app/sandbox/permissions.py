"""What the app may do on behalf of its users: a level of the app, and of each token it was granted under."""

from webhook_app.sandbox.config import PERMISSIONS

#: As X spells them in ``x-access-level``.
ACCESS_LEVELS = dict(zip(PERMISSIONS, ("read", "read-write", "read-write-directmessages"), strict=True))
_WORDS = dict(zip(PERMISSIONS, ("read", "read and write", "read, write and direct messages"), strict=True))


class Permissions:
    """The app's level, and the levels of those who have authorised it; the state's lock guards them.

    A token keeps the level it was authorised under: raising the app's changes nothing for those who have
    authorised it before, which is what users of X stumble over.
    """

    def __init__(self, level: str) -> None:
        self.app = level
        self._granted: dict[str, str] = {}
        self._initially = level

    def grant(self, user_id: str) -> None:
        """The user authorises the app as it is now."""
        self._granted[user_id] = self.app

    def of(self, user_id: str) -> str:
        """What the user's token allows: the lower one of the app's level and its own."""
        return min(self.app, self.granted(user_id), key=PERMISSIONS.index)

    def granted(self, user_id: str) -> str:
        """The level the user has authorised; those of the beginning, the app's of the beginning."""
        return self._granted.get(user_id, self._initially)

    def in_words(self) -> str:
        """What somebody who authorises the app now allows it."""
        return _WORDS[self.app]
