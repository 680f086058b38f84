"""A page as its reader sees it, and what it makes a browser do."""

import re
from html.parser import HTMLParser


class Texts(HTMLParser):
    """What a page says, and what it loads or runs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._within = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember addresses, and whatever runs or paints by itself."""
        self._within = tag
        for key, value in attrs:
            if key in ("href", "src", "action", "data-api", "data-sections"):
                self.addresses.append(value or "")
            if key.startswith("on") or key == "style":
                self.inline.append(key)

    def handle_data(self, data: str) -> None:
        """Remember the words."""
        if data.strip():
            (self.inline if self._within in ("script", "style") else self.said).append(data.strip())

    @property
    def text(self) -> str:
        """The words in one line."""
        return re.sub(r"\s+", " ", " ".join(self.said))
