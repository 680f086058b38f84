"""What hosts are told: the Procfile, `app.json` and the README say the same."""

import json
import re

from tests.host.hosting import ROOT
from webhook_app.settings import read_settings

README = (ROOT / "README.md").read_text()
APP = json.loads((ROOT / "app.json").read_text())


def test_the_readme_shows_the_procfile_as_it_is() -> None:
    assert f"```\n{(ROOT / 'Procfile').read_text()}```\n" in README


def test_app_json_asks_for_settings_that_there_are() -> None:
    settings = set(re.findall(r"`([A-Z_]+)`", README[README.index("## Settings") :]))
    assert APP["env"].keys() <= settings
    assert all(question["description"] for question in APP["env"].values())


def test_app_json_asks_for_all_that_a_dyno_needs() -> None:
    made = {
        name: question.get("value") or "made-or-given-by-somebody"
        for name, question in APP["env"].items()
        if question.get("required", True)
    }
    settings = read_settings({"DYNO": "web.1", "DATABASE_URL": "postgres://u:p@host/name", **made})
    assert settings.doubts == []
    assert settings.trusted_proxies == 1
    assert APP["addons"] == ["heroku-postgresql:essential-0"]
    # Web dynos pass marks on; nothing that sleeps.
    assert APP["formation"] == {"web": {"quantity": 1, "size": "basic"}}
