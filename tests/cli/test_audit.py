"""Every command that changes what an operator answers for leaves an entry in the audit log."""

import json
from collections.abc import Iterator

import click

from tests.cli.conftest import Run
from webhook_app.cli import main
from webhook_app.domain.inbound import Inbound, Unreadable
from webhook_app.settings import Settings
from webhook_app.storage import Store
from webhook_app.storage.audit import list_audit

BOT = "1245855954975051776"
CREDENTIALS = {"access_token": f"{BOT}-of-the-tests", "access_token_secret": "a-secret-of-the-tests"}
IGNORED = b'{"data": {"event_type": "post.create"}}'
#: Commands that run, read, or ask a platform for something that it keeps itself.
UNWRITTEN = {
    "serve", "worker", "demo", "sandbox", "doctor", "export", "mark",
    "accounts list", "tokens list", "quarantine list", "quarantine show",
}  # fmt: skip
OF_THE_PLATFORM = "webhook "
#: `connect` asks a person for a number, and stores what it gets as `add` does.
AS_ADD = {"accounts connect"}
#: Command → its arguments, and what the entry says was done.
DEEDS = {
    "accounts add": (("twitter", "--from", "-"), "add account"),
    "accounts pause": (("twitter", BOT), "pause account"),
    "accounts resume": (("twitter", BOT), "resume account"),
    "migrate": ((), "seal credentials anew"),
    "accounts remove": (("twitter", BOT, "--now"), "remove account"),
    "tokens create": (("--name", "dash", "--scope", "read"), "create token"),
    "tokens revoke": (("TOKEN",), "revoke token"),
    "positions set": (("twitter", "7", "8", "5"), "set position"),
    "quarantine retry": (("1",), "retry quarantined"),
    "quarantine discard": (("2",), "discard quarantined"),
    "forget": (("twitter", "7", "--yes"), "forget person"),
}


def commands(command: click.Command, path: str = "") -> Iterator[str]:
    """The names of all commands."""
    if not isinstance(command, click.Group):
        yield path
        return
    for name, child in command.commands.items():
        yield from commands(child, f"{path} {name}".strip())


def test_every_command_is_said_to_change_something_or_not() -> None:
    """A command that somebody adds fails here."""
    every = {name for name in commands(main) if not name.startswith(OF_THE_PLATFORM)}
    assert every - UNWRITTEN - AS_ADD == DEEDS.keys()


def test_every_change_is_written_down(run: Run, store: Store, settings: Settings) -> None:
    parts = [Unreadable("twitter", body, {}) for body in (IGNORED, b"nothing that anybody could read")]
    store.record(Inbound("twitter", unreadable=parts))
    token, entries = "", 0
    for name, (arguments, action) in DEEDS.items():
        words = [token if word == "TOKEN" else word for word in arguments]
        more = {"SECRET_KEY": f"a-newer-secret-key,{settings.secret_keys[0]}"} if name == "migrate" else {}
        if name == "accounts remove":
            more = {"SECRET_KEY": "a-newer-secret-key"}
        result = run(*name.split(), *words, typed=json.dumps(CREDENTIALS), **more)
        assert result.exit_code == 0, (name, result.output)
        told = store.read(lambda connection: list_audit(connection, None, 100))
        assert (len(told) - entries, told[0].action) == (1, action)
        assert told[0].who in ("command line", "migrate")
        assert not [secret for secret in CREDENTIALS.values() if secret in repr(told)]
        token, entries = told[0].subject, len(told)
