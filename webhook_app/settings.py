"""The settings: read once, from a mapping, validated all together, every fault named in one message."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from webhook_app.errors import SettingsError

T = TypeVar("T")
DEFAULT_DATABASE = "sqlite:///readmark.db"
SHORT_KEY = 16
NONE: tuple[str, ...] = ()
#: Settings that are of no use without others: credentials are whole, and X's calls are signed with four.
NEEDS = {
    "TWITTER_CONSUMER_SECRETS_PREVIOUS": ("TWITTER_CONSUMER_SECRET",),
    "TWITTER_ACCESS_TOKEN": (
        "TWITTER_ACCESS_TOKEN_SECRET",
        "TWITTER_CONSUMER_KEY",
        "TWITTER_CONSUMER_SECRET",
    ),
    "TWITTER_ACCESS_TOKEN_SECRET": ("TWITTER_ACCESS_TOKEN",),
}
TWITTER_API = "https://api.twitter.com"
SLACK_API = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls per so many seconds."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says; the README's table explains each."""

    database_url: str = DEFAULT_DATABASE
    #: Whether DATABASE_URL was set; on a dyno SQLite must be.
    database_named: bool = False
    #: Whether this is a Heroku dyno, whose disk does not last.
    dyno: bool = False
    port: int | None = None
    web_concurrency: int = 2
    #: The first writes, all read. Empty: a file beside the SQLite database.
    secret_keys: tuple[str, ...] = ()
    api_token: str | None = None
    twitter_consumer_key: str | None = None
    twitter_consumer_secret: str | None = None
    twitter_consumer_secrets_previous: tuple[str, ...] = ()
    twitter_access_token: str | None = None
    twitter_access_token_secret: str | None = None
    twitter_bearer_token: str | None = None
    slack_token: str | None = None
    twitter_api_url: str = TWITTER_API
    slack_api_url: str = SLACK_API
    twitter_mark_read_limit: Limit = Limit(1000, 900)
    slack_mark_limit: Limit = Limit(50, 60)
    coalesce_seconds: float = 5.0
    outbox_limit: int = 100_000
    dispatch: bool = True
    history_days: int = 90
    trusted_proxies: int = 0
    cors_origins: tuple[str, ...] = ()

    @property
    def sqlite(self) -> bool:
        """Whether the database is a file."""
        return self.database_url.startswith("sqlite")

    @property
    def doubts(self) -> list[str]:
        """What is allowed, and probably not meant."""
        short = any(len(key) < SHORT_KEY for key in self.secret_keys)
        routed = self.dyno and not self.trusted_proxies
        doubts = {
            "TWITTER_CONSUMER_SECRET is not set: webhooks answer 503": not self.twitter_consumer_secret,
            f"SECRET_KEY has fewer than {SHORT_KEY} characters and may be guessed": short,
            "DATABASE_URL is a file on a dyno, whose disk is thrown away daily": self.dyno and self.sqlite,
            "TRUSTED_PROXIES is 0 on a dyno: every caller seems to be its router; set it to 1": routed,
        }
        return [words for words, so in doubts.items() if so]


def read_settings(env: Mapping[str, str]) -> Settings:
    """Return the settings of a mapping. Raises SettingsError naming every fault."""
    settings, faults = parse_settings(env)
    if faults:
        raise SettingsError.of(faults)
    return settings


def parse_settings(env: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """Return the settings of a mapping and their faults, `NAME: why`; what is faulty has its default."""
    faults: list[str] = []

    def take(name: str, default: T, parse: Callable[[str], T]) -> T:
        text = env.get(name, "").strip()
        if not text:
            return default
        try:
            text.encode()
            if "\0" not in text:
                return parse(text)
            faults.append(f"{name}: a NUL in it")
        except UnicodeEncodeError:
            # A byte of the environment that is no text; Python's own words would show it.
            faults.append(f"{name}: not UTF-8")
        except ValueError as exc:
            faults.append(f"{name}: {exc}")
        return default

    values: dict[str, Any] = {
        "database_url": take("DATABASE_URL", DEFAULT_DATABASE, _database),
        "database_named": bool(env.get("DATABASE_URL", "").strip()),
        "dyno": bool(env.get("DYNO")),
        "port": take("PORT", None, _whole(1, 65535)),
        "web_concurrency": take("WEB_CONCURRENCY", 2, _whole(1, 256)),
        "secret_keys": take("SECRET_KEY", NONE, _secrets),
        "api_token": take("API_TOKEN", None, _api_token),
        "twitter_consumer_secrets_previous": take("TWITTER_CONSUMER_SECRETS_PREVIOUS", NONE, _list),
        "twitter_api_url": take("TWITTER_API_URL", TWITTER_API, _url),
        "slack_api_url": take("SLACK_API_URL", SLACK_API, _url),
        "twitter_mark_read_limit": take("TWITTER_MARK_READ_LIMIT", Limit(1000, 900), _limit),
        "slack_mark_limit": take("SLACK_MARK_LIMIT", Limit(50, 60), _limit),
        "coalesce_seconds": take("COALESCE_SECONDS", 5.0, _seconds),
        "outbox_limit": take("OUTBOX_LIMIT", 100_000, _whole(1, 10**9)),
        "dispatch": take("DISPATCH", True, _flag),
        "history_days": take("HISTORY_DAYS", 90, _whole(1, 36500)),
        "trusted_proxies": take("TRUSTED_PROXIES", 0, _whole(0, 10)),
        "cors_origins": take("CORS_ORIGINS", NONE, _origins),
    }
    for name in ("TWITTER_CONSUMER_KEY", "TWITTER_CONSUMER_SECRET", "TWITTER_ACCESS_TOKEN",
                 "TWITTER_ACCESS_TOKEN_SECRET", "TWITTER_BEARER_TOKEN", "SLACK_TOKEN"):  # fmt: skip
        values[name.lower()] = take(name, None, str)
    return (settings := Settings(**values)), faults + _together(settings)


def _together(settings: Settings) -> list[str]:
    """Faults that only two settings together make."""
    faults = []
    if settings.dyno and settings.sqlite and not settings.database_named:
        faults.append(
            "DATABASE_URL: required on a dyno, whose disk is thrown away daily;"
            " add Postgres, or name sqlite:///… to accept that"
        )
    if not settings.sqlite and not settings.secret_keys:
        faults.append("SECRET_KEY: required with Postgres; for instance the output of: openssl rand -hex 32")
    for name, others in NEEDS.items():
        missing = [other for other in others if not getattr(settings, other.lower())]
        if missing and getattr(settings, name.lower()):
            faults.append(f"{name}: needs {' and '.join(missing)} beside it")
    return faults


def _database(text: str) -> str:
    scheme, _, rest = text.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and not re.search(r"\?|%00", rest):
        if ":memory:" in rest or rest.startswith("/file:"):
            raise ValueError("a database in memory is of one connection, and lost; name a file")
        return text
    if scheme in ("postgres", "postgresql", "postgresql+psycopg") and rest:
        _check_port(text)
        return f"postgresql+psycopg://{rest}"
    raise ValueError("not sqlite:///FILE, without options, or postgres://…")


def _check_port(url: str) -> None:
    try:
        _ = urlsplit(url).port
    except ValueError:
        # Not Python's own words: they quote the text, which may be part of a password.
        raise ValueError("not a URL, or its port is not a number from 0 to 65535") from None


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) or not least <= int(text) <= most:
            raise ValueError(f"not a whole number from {least} to {most}")
        return int(text)

    return parse


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text, re.ASCII):
        raise ValueError("not a number of seconds")
    return float(text)


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("not 0 or 1")
    return text == "1"


def _limit(text: str) -> Limit:
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,6})", text, re.ASCII)
    if not match or not int(match[1]) or not int(match[2]):
        raise ValueError("not CALLS/SECONDS, like 1000/900")
    return Limit(int(match[1]), int(match[2]))


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _secrets(text: str) -> tuple[str, ...]:
    keys = _list(text)
    if not keys:
        raise ValueError("only commas")
    return keys


def _api_token(text: str) -> str:
    if len(text) < 12:
        raise ValueError("fewer than 12 characters")
    return text


def _origins(text: str) -> tuple[str, ...]:
    origins = _list(text)
    for origin in origins:
        if not re.fullmatch(r"https?://[^/\s*]+", origin):
            raise ValueError("not a list of origins like https://dash.example.com")
    return origins


def _url(text: str) -> str:
    _check_port(text)
    url = urlsplit(text)
    if "@" in url.netloc:
        raise ValueError("with a user or a password in it, which would be shown; leave them out")
    if url.scheme == "https" and url.hostname:
        return text
    if url.scheme == "http" and url.hostname and _loopback(url.hostname):
        return text
    raise ValueError("not an https URL (plain http only to a loopback address)")


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
