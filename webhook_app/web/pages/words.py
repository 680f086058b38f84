"""Times and people in a few words; static/told.js says them alike."""

UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
#: Discs have so many colours.
TINTS = 6


def duration(seconds: float) -> str:
    """Seconds in the largest unit that they fill."""
    return next((f"{int(seconds // size)} {unit}" for size, unit in UNITS if seconds >= size), "0 s")


def figure(seconds: float) -> str:
    """The same to two digits, as far as a figure is that exact."""
    size, unit = next((one for one in UNITS if seconds >= one[0]), UNITS[-1])
    number = seconds / size
    return f"{number:.1f} {unit}" if number < 9.95 else f"{number:.0f} {unit}"


def told(kind: str, at: int, now: int) -> str:
    """A moment seen from now, both in milliseconds since 1970.

    `ago`, `since` (for how long), `in` (a countdown), and `minute`: some time in the minute that began then.
    """
    if kind == "in":
        return f"in {duration((at - now) / 1000)}" if at > now else "now"
    passed = max(0, now - at) / 1000
    if kind == "minute":
        return "this minute" if passed < 60 else f"{duration(passed)} ago"
    return duration(passed) if kind == "since" else f"{duration(passed)} ago"


def initials(name: str, person: str) -> str:
    """The first letters of the first and the last word; of who has no name, the end of the id."""
    words = [word for word in ("".join(filter(str.isalnum, part)) for part in name.split()) if word]
    letters = [word[0] for word in (words[:1] + words[1:][-1:])]
    return "".join(letters).upper() or name.strip()[:1] or person[-2:]


def tint(person: str) -> int:
    """The colour of somebody's disc."""
    return sum(map(ord, person)) % TINTS
