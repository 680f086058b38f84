"""Settings are read once from a mapping; every fault is named in one message, and no value is shown."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from webhook_app.environment import environment
from webhook_app.errors import SettingsError
from webhook_app.settings import Limit, Settings, read_settings

POSTGRES = {"DATABASE_URL": "postgres://u:p@h:5432/d", "SECRET_KEY": "k"}


def faults(**env: str) -> str:
    """What is said against an environment."""
    with pytest.raises(SettingsError) as caught:
        read_settings(env)
    return str(caught.value)


def test_nothing_needs_to_be_set() -> None:
    assert read_settings({}) == Settings()


def test_the_defaults_are_the_contracts() -> None:
    settings = read_settings({})
    assert settings.database_url == "sqlite:///readmark.db"
    assert (settings.port, settings.web_concurrency) == (None, 2)
    assert settings.twitter_mark_read_limit == Limit(1000, 900)
    assert settings.slack_mark_limit == Limit(50, 60)
    assert (settings.coalesce_seconds, settings.outbox_limit, settings.history_days) == (5, 100_000, 90)
    assert settings.dispatch
    assert settings.trusted_proxies == 0


def test_every_variable_is_read() -> None:
    env = {
        **POSTGRES,
        "PORT": "5000", "WEB_CONCURRENCY": "3", "API_TOKEN": "twelve chars", "DYNO": "web.1",
        "TWITTER_CONSUMER_KEY": "a", "TWITTER_CONSUMER_SECRET": "b",
        "TWITTER_CONSUMER_SECRETS_PREVIOUS": "c, d,", "TWITTER_ACCESS_TOKEN": "e",
        "TWITTER_ACCESS_TOKEN_SECRET": "f", "TWITTER_BEARER_TOKEN": "g", "SLACK_TOKEN": "h",
        "TWITTER_API_URL": "https://x.example", "SLACK_API_URL": "http://127.0.0.1:9/api/",
        "TWITTER_MARK_READ_LIMIT": "15/60", "SLACK_MARK_LIMIT": "1/1", "COALESCE_SECONDS": "0.5",
        "OUTBOX_LIMIT": "7", "DISPATCH": "0", "HISTORY_DAYS": "30", "TRUSTED_PROXIES": "1",
        "CORS_ORIGINS": "https://a.example,http://localhost:3000",
    }  # fmt: skip
    settings = read_settings(env)
    unchanged = [field.name for field in fields(Settings) if getattr(settings, field.name) == field.default]
    assert unchanged == []
    assert settings.twitter_consumer_secrets_previous == ("c", "d")
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")


@pytest.mark.parametrize("url", ["postgres://u:p@h:5432/d", "postgresql://u:p@h:5432/d"])
def test_herokus_database_url_is_accepted(url: str) -> None:
    settings = read_settings({"DATABASE_URL": url, "SECRET_KEY": "k"})
    assert settings.database_url == "postgresql+psycopg://u:p@h:5432/d"
    assert not settings.sqlite


@pytest.mark.parametrize(
    "url",
    ["mysql://h/d", "readmark.db", "sqlite://", "sqlite:///", "sqlite:readmark.db", "postgres://",
     # Each request would see an empty database of its own.
     "postgres:d", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true",
     "postgres://u:p@h:port/d", "postgres://u:p@h:99999/d", "postgres://[",
     "sqlite:///a%00b", "sqlite:///x.db?timeout=abc", "sqlite:///x.db?mode=ro"],
)  # fmt: skip
def test_other_databases_are_refused(url: str) -> None:
    assert "DATABASE_URL" in faults(DATABASE_URL=url, SECRET_KEY="k")


@pytest.mark.parametrize("empty", ["", " ", "\t\n"])
def test_empty_is_not_set(empty: str) -> None:
    names = ["DATABASE_URL", "PORT", "SECRET_KEY", "API_TOKEN", "TWITTER_CONSUMER_SECRET", "DISPATCH"]
    assert read_settings(dict.fromkeys(names, empty)) == Settings()


def test_values_are_stripped() -> None:
    assert read_settings({"TWITTER_CONSUMER_SECRET": " secret\n"}).twitter_consumer_secret == "secret"


BAD = [
    ("PORT", ["0", "65536", "x", "-1", "8000.0", "8_000", "\u0661", "0x1F", "9" * 30]),
    ("WEB_CONCURRENCY", ["0", "x", "257"]),
    ("SECRET_KEY", [",", " , "]),
    ("TWITTER_CONSUMER_SECRET", ["x\0y"]),
    ("API_TOKEN", ["short", "elevenchars"]),
    (
        "TWITTER_API_URL",
        [
            "http://api.twitter.com",
            "api.twitter.com",
            "ftp://h",
            "https://",
            "http://",
            "http://10.0.0.1",
            "https://u:p@h/",
            "https://u@h",
            "http://:p@127.0.0.1:9",
        ],
    ),
    (
        "SLACK_API_URL",
        [
            "https://u:p@slack.com/api/",
            "http://slack.com/api/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example/",
            "https://[",
        ],
    ),
    (
        "TWITTER_MARK_READ_LIMIT",
        ["1000", "1000/", "/900", "0/900", "1000/0", "a/b", "1000/900/1", "-1/5", "1.5/2"],
    ),
    ("SLACK_MARK_LIMIT", ["50 / 60", "x"]),
    ("COALESCE_SECONDS", ["x", "-1", "inf", "nan", "1e3", "1,5"]),
    ("OUTBOX_LIMIT", ["0", "-1", "x"]),
    ("DISPATCH", ["yes", "true", "2", "01"]),
    ("HISTORY_DAYS", ["0", "x", "36501"]),
    ("TRUSTED_PROXIES", ["-1", "11", "x", "*"]),
    (
        "CORS_ORIGINS",
        ["*", "dash.example.com", "https://a.example/path", "https://*.example.com", "https://a b"],
    ),
]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD for value in values])
def test_what_is_not_understood_is_refused_by_name(name: str, value: str) -> None:
    said = faults(**{name: value})
    assert said.count("\n") == 1
    assert f"  {name}: " in said


def test_all_faults_are_named_at_once() -> None:
    said = faults(**{name: values[0] for name, values in BAD})
    assert all(f"  {name}: " in said for name, _ in BAD)


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL",
        "SECRET_KEY",
        "API_TOKEN",
        "TWITTER_API_URL",
        "SLACK_API_URL",
        "TWITTER_CONSUMER_SECRETS_PREVIOUS",
    ],
)
def test_no_value_that_may_be_secret_is_shown(name: str) -> None:
    for url in ("ftp://u:hush@h", "https://u:hush@h"):
        assert "hush" not in faults(**{name: url, "PORT": "x", "API_TOKEN": "hush"})


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "SECRET_KEY", "API_TOKEN", "SLACK_TOKEN", "TWITTER_CONSUMER_SECRET"]
)
def test_what_is_not_utf_8_is_refused_by_name(name: str) -> None:
    # As Python reads such a byte of the environment.
    said = faults(**{name: "sqlite:///hush-hush\udcff"})
    assert f"  {name}: not UTF-8" in said
    assert "hush" not in said


def test_loopback_may_be_plain() -> None:
    for url in ("http://127.0.0.1:8000", "http://localhost/", "http://[::1]:1/", "http://127.9.9.9"):
        assert read_settings({"TWITTER_API_URL": url}).twitter_api_url == url


@pytest.mark.parametrize("url", ["https://[x", "https://h:port/", "http://[::1"])
def test_a_broken_url_is_a_fault_like_others(url: str) -> None:
    assert "TWITTER_API_URL" in faults(TWITTER_API_URL=url)


def test_a_dyno_needs_a_lasting_database_or_an_explicit_word() -> None:
    assert "DATABASE_URL" in faults(DYNO="web.1")
    assert read_settings({"DYNO": "web.1", "DATABASE_URL": "sqlite:///x.db"}).sqlite
    assert not read_settings({"DYNO": "web.1", **POSTGRES}).sqlite


def test_what_is_allowed_on_a_dyno_may_be_doubted() -> None:
    def doubted(**env: str) -> set[str]:
        return {words.split()[0] for words in read_settings({"TWITTER_CONSUMER_SECRET": "x", **env}).doubts}

    assert doubted(DYNO="web.1", DATABASE_URL="sqlite:///x.db") == {"DATABASE_URL", "TRUSTED_PROXIES"}
    assert doubted(DYNO="web.1", TRUSTED_PROXIES="1", **POSTGRES) == {"SECRET_KEY"}
    assert doubted(DATABASE_URL="sqlite:///x.db") == set()


def test_postgres_needs_a_secret_key() -> None:
    assert "SECRET_KEY" in faults(DATABASE_URL=POSTGRES["DATABASE_URL"])
    assert read_settings({**POSTGRES, "SECRET_KEY": "new, old"}).secret_keys == ("new", "old")


def test_previous_secrets_need_a_present_one() -> None:
    assert "TWITTER_CONSUMER_SECRETS_PREVIOUS" in faults(TWITTER_CONSUMER_SECRETS_PREVIOUS="old")


X = {
    "TWITTER_CONSUMER_KEY": "a", "TWITTER_CONSUMER_SECRET": "b", "TWITTER_ACCESS_TOKEN": "1-c",
    "TWITTER_ACCESS_TOKEN_SECRET": "d",
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("TWITTER_ACCESS_TOKEN_SECRET", [
            "TWITTER_ACCESS_TOKEN_SECRET: needs TWITTER_ACCESS_TOKEN beside it"]),
        # Nobody could sign a call with these: the marks would wait for ever.
        ("TWITTER_ACCESS_TOKEN", [
            "TWITTER_ACCESS_TOKEN: needs TWITTER_ACCESS_TOKEN_SECRET and TWITTER_CONSUMER_KEY and"
            " TWITTER_CONSUMER_SECRET beside it"]),
        ("TWITTER_ACCESS_TOKEN TWITTER_ACCESS_TOKEN_SECRET TWITTER_CONSUMER_SECRET", [
            "TWITTER_ACCESS_TOKEN: needs TWITTER_CONSUMER_KEY beside it"]),
        ("TWITTER_CONSUMER_KEY TWITTER_CONSUMER_SECRET TWITTER_ACCESS_TOKEN", [
            "TWITTER_ACCESS_TOKEN: needs TWITTER_ACCESS_TOKEN_SECRET beside it"]),
    ],
)  # fmt: skip
def test_half_an_account_is_named_with_what_it_lacks(given: str, said: list[str]) -> None:
    told = faults(PORT="x", **{name: X[name] for name in given.split()})
    assert [line.strip() for line in told.splitlines()[2:]] == said
    assert "  PORT: " in told


@pytest.mark.parametrize(
    "given",
    # A webhook needs the secret alone, and accounts of the database need no token in the environment.
    ["TWITTER_CONSUMER_SECRET", "TWITTER_CONSUMER_KEY TWITTER_CONSUMER_SECRET", " ".join(X)],
)
def test_an_app_needs_no_account(given: str) -> None:
    env = {name: X[name] for name in given.split()}
    settings = read_settings(env)
    assert all(getattr(settings, name.lower()) == value for name, value in env.items())


def test_the_environment_outranks_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PORT=1\nHISTORY_DAYS=2\nEMPTY\n")
    monkeypatch.setenv("PORT", "3")
    env = environment()
    assert (env["PORT"], env["HISTORY_DAYS"]) == ("3", "2")
    assert "EMPTY" not in env
    assert "HISTORY_DAYS" not in os.environ
