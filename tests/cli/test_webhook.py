"""Webhooks are registered, listed, validated and deleted at X, and every refusal is one plain sentence."""

import json

import pytest

from tests.cli.connected import Ask, StartX, environment_of, refused
from tests.conftest import CONSUMER_SECRET
from tests.sandbox.consumer import Consumer, Reply
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.storage.audit import list_audit


def test_a_webhook_is_registered_listed_validated_and_deleted(
    ask: Ask, service: str, beside: Services
) -> None:
    made = ask("register", service)
    assert made.stderr == "Nothing is subscribed to it yet: readmark webhook subscribe ACCOUNT\n"
    (line,) = made.stdout.splitlines()
    id, url, state, since = line.split("  ")
    assert (url, state, since[:13]) == (service, "valid", "registered 20")
    assert ask("list").stdout == made.stdout
    assert json.loads(ask("list", "--json").stdout) == {
        "id": id, "url": service, "valid": True, "created_at": since.removeprefix("registered "),
    }  # fmt: skip
    assert ask("validate", id).stdout == f"{id}: valid\n"
    assert ask("delete", id, "--yes").stdout == f"{id}: deleted\n"
    none = ask("list")
    assert (none.exit_code, none.stdout) == (0, "")
    assert none.stderr == "none: readmark webhook register URL\n"
    deeds = beside.store.read(lambda connection: list_audit(connection, None, 10))
    assert [(deed.who, deed.action, deed.subject) for deed in deeds[-4:]][::-1] == [
        ("command line", f"{verb} webhook", f"twitter/{id}") for verb in ("register", "validate", "delete")
    ]


def test_an_invalid_webhook_is_listed_as_such_until_it_passes_again(ask: Ask, x: Sandbox) -> None:
    with Consumer(CONSUMER_SECRET) as consumer:
        id = ask("register", consumer.url).stdout.split()[0]
        consumer.crc_reply = Reply(body=b'{"response_token": "sha256=wrong"}')
        sentence = refused(ask("validate", id))
        assert sentence.startswith(
            f"X called the webhook {id} and did not get the right answer to its check (Invalid CRC"
        )
        assert "TWITTER_CONSUMER_SECRET" in sentence
        assert "  invalid  " in ask("list").stdout
        consumer.crc_reply = None
        assert ask("validate", id).exit_code == 0
        assert "  valid  " in ask("list").stdout


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://readmark.example/webhooks/twitter", "X does not take the address http://readmark.example"),
        ("https://readmark.example:8443/webhooks/twitter", "X does not take the address https://readmark"),
        ("nonsense", "X does not take the address nonsense ("),
        ("", "X does not take the address "),
        # Nobody listens there.
        ("http://127.0.0.1:9/webhooks/twitter", "X called http://127.0.0.1:9/webhooks/twitter and did not"),
    ],
)
def test_an_address_that_cannot_work_is_refused(ask: Ask, url: str, sentence: str) -> None:
    assert refused(ask("register", url)).startswith(sentence)
    assert ask("list").stdout == ""


@pytest.mark.parametrize("typed", ["", "n\n"])
def test_what_goes_with_a_webhook_is_said_before_it_goes(ask: Ask, x: Sandbox, typed: str) -> None:
    with Consumer(CONSUMER_SECRET) as consumer:
        id = ask("register", consumer.url).stdout.split()[0]
    result = ask("delete", id, typed=typed)
    assert (result.exit_code, result.stdout) == (1, "")
    for words in ("X delivers nothing to it any more", "cannot be replayed", f"Delete the webhook {id}"):
        assert words in result.stderr
    assert id in x.world.state.webhooks
    assert ask("delete", id, typed="y\n").stdout == f"{id}: deleted\n"


def test_an_address_twice_and_one_too_many_are_refused(ask: Ask) -> None:
    with Consumer(CONSUMER_SECRET) as one, Consumer(CONSUMER_SECRET) as other:
        assert ask("register", one.url).exit_code == 0
        assert refused(ask("register", one.url)).startswith(f"X has {one.url} already: ")
        assert refused(ask("register", other.url)).startswith("The app has as many webhooks as its access")
        assert len(ask("list").stdout.splitlines()) == 1


@pytest.mark.parametrize("id", ["42", "../account_activity", "x", "1" * 20])
@pytest.mark.parametrize("verb", [("validate",), ("delete", "--yes")])
def test_a_webhook_that_is_not_there_is_refused(ask: Ask, verb: tuple[str, ...], id: str) -> None:
    sentence = refused(ask(*verb, id))
    assert sentence.startswith("X knows no webhook ")
    assert sentence.endswith("readmark webhook list shows which there are.")


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"TWITTER_BEARER_TOKEN": ""}, "TWITTER_BEARER_TOKEN is not set: "),
        *(
            ({"TWITTER_BEARER_TOKEN": text}, "TWITTER_BEARER_TOKEN is not a bearer token: ")
            for text in ("not one", "\u201cquoted\u201d", "cut\u2026", "two\nlines")
        ),
        (
            {"TWITTER_BEARER_TOKEN": "another-apps"},
            "X does not believe TWITTER_BEARER_TOKEN: give it as X's developer console showed it",
        ),
        ({"TWITTER_API_URL": "http://127.0.0.1:9"}, "X did not answer (ConnectionError): "),
    ],
)
def test_without_the_right_token_or_x_nothing_happens(ask: Ask, env: dict[str, str], sentence: str) -> None:
    assert refused(ask("list", **env)).startswith(sentence)


def test_an_app_without_the_access_tier_is_told_so(ask: Ask, start_x: StartX) -> None:
    result = ask("list", **environment_of(start_x(tier="none")))
    assert refused(result).startswith("The access tier of the X app does not include this (")


def test_what_the_audit_log_could_not_say_is_not_done(ask: Ask, x: Sandbox) -> None:
    with Consumer(CONSUMER_SECRET) as consumer:
        sentence = refused(ask("register", consumer.url, DATABASE_URL="sqlite:////nowhere/readmark.db"))
        assert consumer.challenges == []
    assert "readmark.db" in sentence or "database" in sentence.lower()
