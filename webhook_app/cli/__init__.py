"""The command line: parse, call a floor below, print one line a fact."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from webhook_app.cli.accounts import accounts
from webhook_app.cli.connect import connect
from webhook_app.cli.demo import demo
from webhook_app.cli.doctor import doctor
from webhook_app.cli.export import export
from webhook_app.cli.mark import mark
from webhook_app.cli.people import forget
from webhook_app.cli.positions import positions
from webhook_app.cli.quarantine import quarantine
from webhook_app.cli.run import migrate, serve
from webhook_app.cli.sandbox import sandbox
from webhook_app.cli.tokens import tokens
from webhook_app.cli.webhook import webhook
from webhook_app.cli.worker import worker
from webhook_app.errors import InvalidValue, NoAccount, ReadmarkError, words_of
from webhook_app.web.version import version

#: What a file system answers that takes no more; files that commands write are named in their errors.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Commands(click.Group):
    """Says what went wrong in one sentence on stderr, exit status 1; wrong usage is 2."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line; `--help` and `--version` print already here."""
        with _written():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the command; our errors become messages without a traceback."""
        try:
            with _written():
                return super().invoke(ctx)
        except InvalidValue as error:
            raise click.ClickException(f"{error.field}: {error}") from error
        except NoAccount as error:
            raise click.ClickException(f"{error} readmark accounts list shows all.") from error
        except ReadmarkError as error:
            raise click.ClickException(words_of(error)) from error


@contextmanager
def _written() -> Iterator[None]:
    """Says in a sentence that the output cannot be written. Raises ClickException."""
    try:
        yield
    except OSError as error:
        if error.errno not in UNWRITABLE or error.filename is not None:
            raise
        # What is left of the output would be tried again, and fail, at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise click.ClickException(f"standard output cannot be written: {error.strerror}.") from error


def _print_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"readmark {version()}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Print the version.",
)  # fmt: skip
def main() -> None:
    """Keep read receipts for bots: who has read what, up to where.

    Settings come from the environment, and where it is silent from the file .env of the working
    directory; the README's table explains each. Exit status: 0 done; 1 not done, or a value
    that cannot be used; 2 wrong usage: something missing, unknown or out of the range that --help names.
    """


accounts.add_command(connect)
for _command in (
    serve, worker, migrate, demo, sandbox, accounts, webhook, doctor, mark, tokens, positions, quarantine,
    forget, export,
):  # fmt: skip
    main.add_command(_command)
