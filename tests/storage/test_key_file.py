"""The key file beside a SQLite database, emptied."""

from pathlib import Path

import pytest

from webhook_app.errors import DatabaseUnavailable
from webhook_app.storage.secret_key import key_file, secret_keys


@pytest.mark.parametrize("content", ["", "short", "\n"])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: str) -> None:
    url = f"sqlite:///{tmp_path}/readmark.db"
    key_file(url).write_text(content)
    with pytest.raises(DatabaseUnavailable, match="holds no key"):
        secret_keys(url, ())
