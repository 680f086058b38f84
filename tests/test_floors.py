"""The house keeps its floors: who imports whom, where vendors are named, how long modules are."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path.relative_to(ROOT)
    for folder in ("webhook_app", "schemas", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
OURS = [path for path in MODULES if path.parts[0] in ("webhook_app", "schemas")]

#: What a part of the house may import of ours: only from floors below its own.
BELOW: dict[str, set[str]] = {
    "webhook_app/domain": {"webhook_app.domain"},
    "webhook_app/errors.py": {"webhook_app.domain"},
    "webhook_app/settings.py": {"webhook_app.errors"},
    "webhook_app/environment.py": {"webhook_app.errors"},
    "schemas": {"schemas"},
    "webhook_app/sandbox": {"webhook_app.sandbox"},
}
BELOW["webhook_app/platforms"] = {
    "webhook_app.platforms", "webhook_app.domain", "webhook_app.errors", "webhook_app.settings", "schemas",
}  # fmt: skip
BELOW["webhook_app/storage"] = {"webhook_app.storage", "webhook_app.domain", "webhook_app.errors"}
OF_OUTBOUND = {"webhook_app.known", "webhook_app.accounts", "webhook_app.admission"}
OF_SERVICES = {"webhook_app.clock", "webhook_app.outbound"}
BELOW["webhook_app/known.py"] = {*BELOW["webhook_app/platforms"], *BELOW["webhook_app/storage"]}
BELOW["webhook_app/accounts.py"] = {*BELOW["webhook_app/known.py"], "webhook_app.known"}
BELOW["webhook_app/admission.py"] = BELOW["webhook_app/accounts.py"]
BELOW["webhook_app/export.py"] = BELOW["webhook_app/known.py"]
BELOW["webhook_app/outbound.py"] = {*BELOW["webhook_app/accounts.py"], *OF_OUTBOUND}
BELOW["webhook_app/services.py"] = {*BELOW["webhook_app/outbound.py"], *OF_SERVICES}
BELOW["webhook_app/dispatcher.py"] = {*BELOW["webhook_app/services.py"], "webhook_app.services"}
BELOW["webhook_app/housekeeping.py"] = BELOW["webhook_app/dispatcher.py"]
BELOW["webhook_app/doctor"] = {*BELOW["webhook_app/dispatcher.py"], "webhook_app.doctor"}
BELOW["webhook_app/replays.py"] = BELOW["webhook_app/dispatcher.py"]
BELOW["webhook_app/watchdog.py"] = {*BELOW["webhook_app/dispatcher.py"], "webhook_app.replays"}
BELOW["webhook_app/web"] = {
    *BELOW["webhook_app/dispatcher.py"],
    *(
        f"webhook_app.{name}"
        for name in ("dispatcher", "environment", "export", "housekeeping", "watchdog", "web")
    ),
}

#: Libraries that only one part knows.
ALONE = {
    "flask": ("webhook_app/web", "webhook_app/sandbox"),
    "flask_smorest": ("webhook_app/web",),
    "sqlalchemy": ("webhook_app/storage",),
    "alembic": ("webhook_app/storage",),
    "psycopg": ("webhook_app/storage",),
    "tweepy": ("webhook_app/platforms",),
    "xdk": ("webhook_app/platforms",),
    "slack_sdk": ("webhook_app/platforms",),
    "oauthlib": ("webhook_app/platforms", "webhook_app/sandbox"),
}
VENDORS = re.compile(r"twitter|slack|tweepy|xdk", re.IGNORECASE)
#: Where vendors may be named.
SLICES = (
    "webhook_app/platforms/",
    "schemas/",
    "webhook_app/sandbox/",
    "webhook_app/settings.py",
    "webhook_app/cli",
)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """What a module imports, and how many dots of relative import it needs."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.level
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module":
            yield ast.literal_eval(node.args[0]), 0


def named(path: Path) -> str:
    """A module as a test's name."""
    return path.as_posix()


def within(name: str, packages: set[str]) -> bool:
    """Whether a module lies in one of the packages, or is one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


each_of_ours = pytest.mark.parametrize("path", OURS, ids=named)


@each_of_ours
def test_it_imports_only_from_floors_below(path: Path) -> None:
    floor = next((part for part in BELOW if named(path).startswith(part)), None)
    if floor is None:
        return
    found = {
        name for name, _ in imports(path) if within(name, {"webhook_app", "schemas", "tests", "benchmarks"})
    }
    assert {name for name in found if not within(name, BELOW[floor])} == set()


@pytest.mark.parametrize("path", [p for p in OURS if p.parts[:2] == ("webhook_app", "domain")], ids=named)
def test_the_domain_knows_the_standard_library_only(path: Path) -> None:
    outside = {name.split(".")[0] for name, _ in imports(path)} - {"webhook_app"}
    assert outside <= sys.stdlib_module_names
    assert outside.isdisjoint(
        {"time", "datetime", "os", "io", "pathlib", "socket", "threading", "random", "logging"}
    )


@each_of_ours
def test_each_library_is_known_to_one_part(path: Path) -> None:
    for name, _ in imports(path):
        rooms = ALONE.get(name.split(".")[0])
        assert rooms is None or named(path).startswith(rooms), name


@each_of_ours
def test_imports_are_absolute(path: Path) -> None:
    assert not [name for name, level in imports(path) if level]


@pytest.mark.parametrize("path", [p for p in OURS if not named(p).startswith(SLICES)], ids=named)
def test_vendors_are_named_in_their_slices_only(path: Path) -> None:
    assert VENDORS.findall((ROOT / path).read_text()) == []


def test_pages_name_no_vendor() -> None:
    pages = [
        path for kind in ("templates", "static") for path in (ROOT / "webhook_app/web" / kind).rglob("*")
    ]
    named = [
        path.name for path in pages if path.is_file() and VENDORS.search(path.read_text(errors="replace"))
    ]
    assert named == []


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_is_short_and_opens_with_one_sentence(path: Path) -> None:
    text = (ROOT / path).read_text()
    assert len(text.splitlines()) <= 250
    opening = ast.get_docstring(ast.parse(text)) or ""
    sentence = " ".join(opening.split("\n\n")[0].split())
    assert re.fullmatch(r"([A-Z`]|gunicorn|readmark).*[.?!:]", sentence), opening


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_is_named_after_what_it_holds(path: Path) -> None:
    assert re.fullmatch(r"(__init__|__main__|[a-z0-9]+(_[a-z0-9]+)*)", path.stem)
    assert path.stem not in {"utils", "util", "helpers", "common", "misc", "base", "core", "lib", "manager"}


@pytest.mark.parametrize("path", OURS, ids=named)
def test_everything_public_says_what_it_is_for(path: Path) -> None:
    parts = ast.parse((ROOT / path).read_text()).body
    classes = [part for part in parts if isinstance(part, ast.ClassDef) and not part.name.startswith("_")]
    inside = [part for whole in classes for part in whole.body]
    functions = [part for part in [*parts, *inside] if isinstance(part, ast.FunctionDef)]
    public: list[ast.ClassDef | ast.FunctionDef] = [*classes, *functions]
    for part in public:
        assert part.name.startswith("_") or ast.get_docstring(part), f"{path}: {part.name}"


def test_a_platform_is_one_slice_with_one_name() -> None:
    for folder in ("schemas", "webhook_app/platforms"):
        names = {path.stem for path in (ROOT / folder).glob("*.py")}
        assert "twitter" in names, folder
    assert (ROOT / "webhook_app/platforms/slack.py").exists()
