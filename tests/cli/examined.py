"""What `doctor` says, and services to be examined, whole and broken."""

import json
from typing import NamedTuple

from tests.cli.conftest import Run

#: A port at which nobody listens.
NOWHERE = "http://127.0.0.1:9"


class Said(NamedTuple):
    """A finding."""

    judgement: str
    subject: str
    words: str
    remedy: str | None


class Report(NamedTuple):
    """All of them."""

    status: int
    findings: list[Said]

    def about(self, subject: str) -> list[Said]:
        """The findings about a subject."""
        return [finding for finding in self.findings if finding.subject == subject]

    def one(self, subject: str, judgement: str) -> Said:
        """The finding about a subject that judges so; there is one."""
        (found,) = [finding for finding in self.about(subject) if finding.judgement == judgement]
        return found

    @property
    def bad(self) -> set[str]:
        """What is not well."""
        return {one.subject for one in self.findings if one.judgement in ("wrong", "unknown")}


def examine(run: Run, *words: str, **env: str) -> Report:
    """Run `doctor --json`; its status follows from what it says, and no setting's value shows in it."""
    result = run("doctor", "--json", *words, **env)
    assert result.stderr == ""
    report = Report(result.exit_code, [Said(**json.loads(line)) for line in result.stdout.splitlines()])
    assert report.status == (1 if report.bad else 0)
    secret = [
        value for name, value in env.items() if name.endswith(("SECRET", "TOKEN", "KEY")) and len(value) > 3
    ]
    assert not [value for value in secret if value in result.stdout]
    return report
