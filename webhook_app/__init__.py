"""readmark: read receipts for bots."""

from typing import Any


def create_app(settings: Any = None) -> Any:
    """Return the WSGI application (`webhook_app.web.app.create_app`), for gunicorn and the flask command."""
    # Late: `import webhook_app` comes before monkey-patching, which must come before everything it imports.
    from webhook_app.web.app import create_app as create

    return create(settings)
