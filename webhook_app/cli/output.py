"""How facts are printed: times, texts of strangers, JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import click

#: For commands whose facts a script would read.
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


def moment(ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(text: str) -> str:
    """A text on one line, without what would steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False))
