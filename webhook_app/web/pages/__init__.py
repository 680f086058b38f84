"""What people look at: the page, the way in, and refusals in words. All of it works without JavaScript."""

from webhook_app.web.pages.board import fragments
from webhook_app.web.pages.frame import blueprint, finish

__all__ = ["blueprint", "finish", "fragments"]
