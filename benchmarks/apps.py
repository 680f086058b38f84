"""The applications that are compared: ours, ours without its store, and others that do as much or nothing."""

import sqlite3
import threading
from typing import Any, cast

from flask import Flask, request
from twitterwebhooks import TwitterWebhookAdapter

from benchmarks.bodies import SECRET
from webhook_app.domain.inbound import Inbound
from webhook_app.environment import environment
from webhook_app.settings import read_settings
from webhook_app.web.app import create_app


class _NoStore:
    """Keeps nothing."""

    def record(self, inbound: Inbound) -> None:
        """Return at once."""


def storeless() -> Flask:
    """Our application; whatever would be stored is dropped."""
    app = create_app()
    services: Any = app.extensions["webhook_app"].services()
    services.store = _NoStore()
    # Nothing to keep house of.
    del app.extensions["readmark.start"]
    return app


def empty() -> Flask:
    """A Flask view that only reads the body and answers 200."""
    app = Flask(__name__)

    @app.post("/webhooks/twitter")
    @app.post("/api/conversations.mark")
    def view() -> str:
        request.get_data()
        return ""

    return app


def library() -> Flask:
    """The library `twitterwebhooks` with a listener that does nothing."""
    adapter = TwitterWebhookAdapter(SECRET, "/webhooks/twitter")
    adapter.on("direct_message_mark_read_events", lambda event: None)
    return cast(Flask, adapter.server)


def library_storing() -> Flask:
    """The same with the listener its user would write: an upsert and a commit an event."""
    adapter = TwitterWebhookAdapter(SECRET, "/webhooks/twitter")
    path = read_settings(environment()).database_url.removeprefix("sqlite:///")
    local = threading.local()

    def keep(data: dict[str, Any]) -> None:
        if not hasattr(local, "connection"):
            local.connection = _connect(path)
        event = data["event"]
        with local.connection as connection:
            connection.execute(
                "INSERT INTO reads VALUES (?, ?, ?, ?) ON CONFLICT (reader, peer) DO UPDATE"
                " SET cursor = excluded.cursor, read_at = excluded.read_at WHERE excluded.cursor > cursor",
                (
                    event["sender_id"],
                    event["target"]["recipient_id"],
                    int(event["last_read_event_id"]),
                    int(event["created_timestamp"]),
                ),
            )

    adapter.on("direct_message_mark_read_events", keep)
    return cast(Flask, adapter.server)


def _connect(path: str) -> sqlite3.Connection:
    """As the standard library opens it, which is durable too."""
    connection = sqlite3.connect(f"{path}.library", check_same_thread=False)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS reads"
        " (reader TEXT, peer TEXT, cursor INTEGER, read_at INTEGER, PRIMARY KEY (reader, peer))"
    )
    return connection
