"""The documents: their shell blocks, the commands in these, and every command of ours they name."""

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from tests.host.hosting import ROOT

GUIDES = sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", *GUIDES)
SHELL = re.compile(r"^( *)```(?:sh|console|bash|shell)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
#: In a line of a block that is no shell's, and between backticks in prose.
OURS_IN_CODE = re.compile(r"(?:^|[ /$(])(?:readmark|python -m webhook_app) +([a-z][^\n#|;&)]*)", re.MULTILINE)
OURS_IN_PROSE = re.compile(r"`(?:readmark|python -m webhook_app)\s+([a-z][^`]*)`")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


class Block(NamedTuple):
    """A shell block."""

    document: str
    #: Of its first line.
    line: int
    code: str


def text_of(document: str) -> str:
    """A document; one that is not there yet is empty."""
    path = ROOT / document
    return path.read_text() if path.exists() else ""


def blocks() -> Iterator[Block]:
    """All shell blocks, in order."""
    for document in DOCUMENTS:
        text = text_of(document)
        for found in SHELL.finditer(text):
            code = re.sub(rf"^{found[1]}", "", found[2], flags=re.MULTILINE)
            yield Block(document, text.count("\n", 0, found.start()) + 2, code)


def block(document: str, words: str) -> str:
    """The one block of a document in `docs/` that holds these words."""
    (found,) = (one.code for one in blocks() if one.document == f"docs/{document}" and words in one.code)
    return found


def commands(code: str) -> Iterator[str]:
    """The commands of a block, each with its further lines."""
    command = ""
    for line in code.splitlines(keepends=True):
        command += line
        if words(command) is not None and not command.endswith("\\\n"):
            if words(command):
                yield command
            command = ""
    assert not command, command


def words(command: str) -> list[str] | None:
    """What a command begins with, settings of its environment left out; None while a quotation is open."""
    try:
        split = shlex.split(command, comments=True)
    except ValueError:
        return None
    while len(split) > 1 and ASSIGNMENT.match(split[0]):
        split.pop(0)
    return split


def ours() -> Iterator[tuple[str, list[str]]]:
    """(document, words) of every command of ours, in shell blocks, other blocks and prose."""
    for one in blocks():
        for command in commands(one.code):
            split = words(command) or []
            if "readmark" in split[:1] or "webhook_app" in split:
                begin = split.index("webhook_app" if "webhook_app" in split else "readmark") + 1
                yield one.document, list(takewhile(lambda word: word not in ("|", "&&", ";"), split[begin:]))
    for document in DOCUMENTS:
        rest = SHELL.sub("", text_of(document))
        others = "".join(found[0] for found in FENCED.finditer(rest))
        prose = FENCED.sub("", rest)
        for found in [*OURS_IN_CODE.finditer(others), *OURS_IN_PROSE.finditer(prose)]:
            yield document, found[1].replace("\\|", "|").split()
