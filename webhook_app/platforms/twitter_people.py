"""The `users` of a delivery: names to show, taken where they are well-formed and never required."""

from typing import Any

from webhook_app.domain.inbound import Inbound, Person
from webhook_app.platforms.json_body import clean


def take_people(inbound: Inbound, users: Any, marks: int = 0, messages: int = 0) -> None:
    """Take the names of the people who appear in the marks and messages; `users` may be anything.

    `marks` and `messages` say from where on: a body of many elements would else be searched once for each.
    """
    if not isinstance(users, dict) or not users:
        return
    seen_at: dict[str, int] = {}
    for _, reader, peer, _, at in (*inbound.marks[marks:], *inbound.messages[messages:]):
        for person in (reader, peer):
            if at > seen_at.get(person, -1):
                seen_at[person] = at
    for person, at in seen_at.items():
        user = users.get(person)
        if isinstance(user, dict):
            inbound.people.append(_person(person, user, at))


def _person(person: str, user: dict[str, Any], at: int) -> Person:
    """Account Activity sends v1.1 users, X Activity v2 users under `data`."""
    inner = user.get("data")
    user = inner if isinstance(inner, dict) else user
    picture = clean(user.get("profile_image_url_https") or user.get("profile_image_url"), 500)
    return Person(
        platform="twitter",
        id=person,
        name=clean(user.get("name"), 200),
        handle=clean(user.get("screen_name") or user.get("username"), 100),
        # X writes the text "null" for no picture.
        picture=picture if picture.startswith(("https://", "http://")) else "",
        seen_at=at,
    )
