"""The far end of a platform's line."""

from collections.abc import Iterator

import pytest

from tests.platforms.far_end import FarEnd


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    """What platforms call."""
    with FarEnd() as far_end:
        yield far_end
