"""What a check has found: whether it is well, and what to do if not."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple


class Judgement(StrEnum):
    """How well it is."""

    OK = "ok"
    #: It works, and is probably not meant, or will not work for ever.
    DOUBT = "doubt"
    WRONG = "wrong"
    #: It could not be told.
    UNKNOWN = "unknown"
    #: There is nothing of the kind to check.
    SKIPPED = "skipped"


class Finding(NamedTuple):
    """One line of an examination."""

    judgement: Judgement
    #: What was looked at.
    subject: str
    words: str
    #: What to do; empty where there is nothing to be done.
    remedy: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing must be done: what could not be told is not well."""
        return self.judgement not in (Judgement.WRONG, Judgement.UNKNOWN)


def ok(subject: str, words: str) -> Finding:
    """It is well."""
    return Finding(Judgement.OK, subject, words)


def doubt(subject: str, words: str, remedy: str = "") -> Finding:
    """It works, but."""
    return Finding(Judgement.DOUBT, subject, words, remedy)


def wrong(subject: str, words: str, remedy: str = "") -> Finding:
    """It does not work, or will not when it is needed."""
    return Finding(Judgement.WRONG, subject, words, remedy)


def unknown(subject: str, words: str, remedy: str = "") -> Finding:
    """It could not be told."""
    return Finding(Judgement.UNKNOWN, subject, words, remedy)


def skipped(subject: str, words: str, remedy: str = "") -> Finding:
    """There is nothing to check."""
    return Finding(Judgement.SKIPPED, subject, words, remedy)


class Patient(NamedTuple):
    """An account under examination."""

    #: Empty if only the platform could tell, and has not.
    id: str
    #: What it has given us.
    credentials: Mapping[str, str]
    #: How many calls we have counted in its present rate window; None if the database does not say.
    spent: Callable[[], int | None]
