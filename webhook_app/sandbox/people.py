"""Made-up people, whose names are as hard on a consumer as real ones are."""

from dataclasses import dataclass
from random import Random

from webhook_app.sandbox.config import Account
from webhook_app.sandbox.moments import snowflake

#: Names that have broken programs before: they come first, so that even a small world has them.
_AWKWARD = (
    ("Zoë Müller", "zoe_mueller"),
    ("王小明", "xiaoming_wang"),
    ("Sam 🌻👩‍🚀", "sunflower_sam"),
    ("سارة الحسن", "sara_alhassan"),
    ("Siobhán O'Brien", "siobhan_ob"),
    ("<script>alert(1)</script>", "robert_tables"),
    ("山田 花子", "hanako_y"),
    ("דניאל לוי", "daniel_levi"),
    ('Ann "Annie" & Co', "annie_and_co"),
    ("Nguyễn Thị Ánh", "anh_nguyen"),
)
_FIRST = (
    "Ada", "Amir", "Björn", "Chidi", "Dilara", "Élodie", "Farid", "Grażyna", "Hüseyin", "Ingrid", "João",
    "Kamala", "Lars", "Mei", "Nikolai", "Oksana", "Pedro", "Quinn", "Rosa", "Søren", "Tariq", "Uma",
    "Vera", "Wanjiru",
)  # fmt: skip
_LAST = (
    "Abe", "Becker", "Castro", "Díaz", "Eriksen", "Fischer", "García", "Haddad", "Ito", "Jones", "Kovač",
    "Lindqvist", "Moreau", "Novák", "Okafor", "Petrov", "Qureshi", "Rossi", "Šimić", "Tanaka",
    "Usman", "Vogel", "Weiß", "Zając",
)  # fmt: skip
#: 2026-01-01, the last moment at which anybody here has joined: not the clock's, so that a seed says it all.
_LATEST_OPENING_MS = 1_767_225_600_000
_PLACES = ("", "Berlin", "東京", "São Paulo", "Lagos", "Reykjavík", "القاهرة", "Denver, CO")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account at X."""

    id: str
    name: str
    handle: str
    #: When the account was opened, in milliseconds.
    opened_ms: int
    location: str = ""
    followers: int = 0

    @property
    def picture(self) -> str:
        """The address of the person's picture, in the form of X's own."""
        return f"https://pbs.twimg.com/profile_images/{self.id}/face_normal.jpg"

    def as_json(self) -> dict[str, str]:
        """The person as the control endpoints show it."""
        return {"id": self.id, "name": self.name, "handle": self.handle}


def owner(account: Account) -> Person:
    """Who is behind an account that authorises the app."""
    return Person(account.user_id, account.name, account.handle, _LATEST_OPENING_MS)


def stranger(user_id: str) -> Person:
    """Somebody of whom no more is known than the id a test has named."""
    return Person(user_id, f"Stranger {user_id}", f"s{user_id}"[:15], _LATEST_OPENING_MS)


def make_people(count: int, random: Random) -> list[Person]:
    """That many different people; the first ten have the awkward names."""
    people: dict[str, Person] = {}
    while len(people) < count:
        number = len(people)
        name, handle = _AWKWARD[number] if number < len(_AWKWARD) else _ordinary(random, number)
        person = Person(
            id=_user_id(random),
            name=name,
            handle=handle,
            opened_ms=_LATEST_OPENING_MS - random.randrange(10**10, 10**11),
            location=random.choice(_PLACES),
            followers=int(random.paretovariate(0.8)),
        )
        people.setdefault(person.id, person)
    return list(people.values())


def _ordinary(random: Random, number: int) -> tuple[str, str]:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    ascii_first = first.encode("ascii", "ignore").decode().lower()
    return f"{first} {last}", f"{ascii_first}_{number}"


def _user_id(random: Random) -> str:
    """Old accounts have short ids that were counted up, new ones have snowflakes."""
    if random.random() < 0.4:
        return str(random.randrange(10**6, 4 * 10**9))
    opened = _LATEST_OPENING_MS - random.randrange(10**9, 10**11)
    return str(snowflake(opened, random.randrange(2**22)))
