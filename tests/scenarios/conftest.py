"""The service over either database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.service import Service, serving


@pytest.fixture
def service(environ: dict[str, str], tmp_path: Path) -> Iterator[Service]:
    """The service in two workers."""
    with serving(tmp_path, **environ) as service:
        yield service
