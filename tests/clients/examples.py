"""Takes the examples out of docs/clients.md, and runs them as their readers would."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import API_TOKEN
from tests.host.hosting import LONGEST, ROOT
from tests.scenarios.service import Service

DOCUMENT = (ROOT / "docs" / "clients.md").read_text()


def examples(heading: str) -> list[str]:
    """The code below a heading, block for block."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert section, heading
    return re.findall(r"^```\w+\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)


def environment(service: Service) -> dict[str, str]:
    """What the document asks its readers to set."""
    return {
        "PATH": os.environ["PATH"],
        "READMARK_URL": f"http://127.0.0.1:{service.port}",
        "READMARK_TOKEN": API_TOKEN,
    }


def run(words: list[str], service: Service, folder: Path) -> str:
    """Run a program that ends, and return what it prints; it complains about nothing."""
    done = subprocess.run(
        words, env=environment(service), cwd=folder, capture_output=True, text=True, timeout=2 * LONGEST
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def shell(code: str, service: Service, folder: Path) -> str:
    """Run an example in a shell."""
    return run(["bash", "-e", "-c", code], service, folder)


def python(code: str, service: Service, folder: Path) -> str:
    """Run an example in a Python that knows what the tests know."""
    return run([sys.executable, "-W", "error", "-c", code], service, folder)
