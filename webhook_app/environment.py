"""The environment: the process's own over the file `.env` of the working directory."""

import os
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from webhook_app.errors import SettingsError

FILE = Path(".env")


def environment() -> dict[str, str]:
    """All variables. Raises SettingsError naming every fault of the file."""
    env, faults = read_environment()
    if faults:
        raise SettingsError.of(faults)
    return env


def read_environment() -> tuple[dict[str, str], list[str]]:
    """All variables, and the faults of the file, `.env: why`; what is faulty in it is left out."""
    try:
        # A folder of this name is no settings file: some keep a virtual environment there.
        content = FILE.read_bytes() if FILE.exists() and not FILE.is_dir() else b""
    except OSError as error:
        return dict(os.environ), [f".env: it cannot be read: {error.strerror}"]
    bindings = list(parse_stream(StringIO(content.decode("utf-8", "replace"))))
    faults = [f".env: line {_line(one)} is not NAME=VALUE" for one in bindings if one.error]
    good = StringIO("".join(one.original.string for one in bindings if not one.error))
    file = {key: value for key, value in dotenv_values(stream=good).items() if value is not None}
    return {**file, **os.environ}, _undecodable(content) + faults


def _undecodable(content: bytes) -> list[str]:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return [f".env: line {line} is not UTF-8: save the file anew, in that encoding"]
    return []


def _line(binding: Binding) -> int:
    """Where it begins, behind the empty lines that the parser counts with it."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
