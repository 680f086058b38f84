"""Is this process there?"""

from flask import Blueprint, Response

blueprint = Blueprint("ops", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Say that the process answers; nothing else is asked."""
    return Response("ok\n", mimetype="text/plain")
