"""X's refusals, in the two shapes its v2 endpoints use."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

_PROBLEMS = "https://api.twitter.com/2/problems/"


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, body: Mapping[str, Any], content_type: str = "application/json") -> None:
        errors = body.get("errors")
        super().__init__(errors[0]["message"] if errors else body["detail"])
        self.status = status
        self.body = body
        self.content_type = content_type


class Invalid(Refusal):
    """400 with ``<Reason>: <Details>``, the envelope of webhooks and subscriptions."""

    #: HTTP's.
    code = 400

    def __init__(self, reason: str, details: str) -> None:
        self.reason = reason
        super().__init__(
            self.code,
            {
                "errors": [{"message": f"{reason}: {details}"}],
                "title": "Invalid Request",
                "detail": "One or more parameters to your request was invalid.",
                "type": _PROBLEMS + "invalid-request",
            },
        )


class Conflict(Invalid):
    """The same envelope where the request was right, but not now."""

    code = 409


class Problem(Refusal):
    """A problem document (RFC 7807): X's shape for everything that is not about parameters."""

    def __init__(self, status: int, title: str, detail: str, kind: str = "") -> None:
        type_ = _PROBLEMS + kind if kind else "about:blank"
        body = {"title": title, "type": type_, "status": status, "detail": detail}
        super().__init__(status, body, "application/problem+json")


def unauthorized() -> Problem:
    """No credentials, or credentials that X does not know."""
    return Problem(401, "Unauthorized", "Unauthorized")


def unsupported_authentication(used: str, supported: str) -> Problem:
    """Good credentials of the wrong kind."""
    detail = (
        f"Authenticating with {used} is forbidden for this endpoint.  "
        f"Supported authentication types are [{supported}]."
    )
    return Problem(403, "Unsupported Authentication", detail, "unsupported-authentication")


def permissions_missing() -> Problem:
    """A token, good in itself, that was not granted what this call needs."""
    detail = (
        "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint."
    )
    return Problem(403, "Forbidden", detail, "oauth1-permissions")


def too_many_requests() -> Problem:
    """The window of this endpoint is spent."""
    return Problem(429, "Too Many Requests", "Too Many Requests")


def not_found(what: str, value: str) -> Problem:
    """The thing named in the path does not exist for this app."""
    detail = f"Could not find {what} with id: [{value}]."
    return Problem(404, "Not Found Error", detail, "resource-not-found")


def init_app(app: Flask) -> None:
    """Answers every refusal, ours and Flask's own, in X's shapes."""

    @app.errorhandler(Refusal)
    def refuse(refusal: Refusal) -> Response:
        response = jsonify(refusal.body)
        response.status_code = refusal.status
        response.content_type = refusal.content_type
        return response

    @app.errorhandler(HTTPException)
    def refuse_otherwise(error: HTTPException) -> Response:
        return refuse(Problem(error.code or 500, error.name, error.description or error.name))
