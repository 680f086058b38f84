"""One line of logfmt an event, for gunicorn and for us; never a secret, a body or a query string."""

import logging
import os
import traceback
from pathlib import PurePath
from typing import Any

import structlog
from structlog.typing import EventDict


def describe(_: Any, __: str, event: EventDict) -> EventDict:
    """Add the process id, and of an exception its type and place: its message may quote a URL or a secret."""
    event["pid"] = os.getpid()
    exc_info = event.pop("exc_info", None)
    if exc_info and exc_info[0]:
        frames = traceback.extract_tb(exc_info[2])[-6:]
        causes = [exc_info[1]]
        while causes[-1].__cause__ is not None:
            causes.append(causes[-1].__cause__)
        event["error"] = " from ".join(type(cause).__name__ for cause in causes)
        event["at"] = " ".join(f"{PurePath(f.filename).name}:{f.lineno}:{f.name}" for f in reversed(frames))
    return event


def formatter() -> logging.Formatter:
    """Return what makes the line of a record; a record's `extra` becomes its keys."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            describe,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.LogfmtRenderer(key_order=["ts", "level", "event", "pid"]),
        ],
    )


def configure() -> None:
    """Log what our own modules say; once a process."""
    logger = logging.getLogger("webhook_app")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(formatter())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
