"""What every registered platform keeps."""

import pytest

from webhook_app.errors import InvalidValue, NotFound
from webhook_app.platforms import REGISTRY, open_platforms
from webhook_app.settings import Settings

platforms = open_platforms(Settings())
each = pytest.mark.parametrize("name", sorted(REGISTRY))


@each
def test_it_is_found_by_its_name(name: str) -> None:
    assert platforms.named(name).name == name


@pytest.mark.parametrize("name", ["", "TWITTER", "twitter ", "myspace", "\0"])
def test_there_is_no_other(name: str) -> None:
    with pytest.raises(NotFound):
        platforms.named(name)


@each
@pytest.mark.parametrize("cursor", [0, 1, 999_999, 1_000_000, 1_593_473_566_000_200, 9_999_999_999_999_999])
def test_show_and_cursor_undo_each_other(name: str, cursor: int) -> None:
    platform = platforms.named(name)
    assert platform.cursor(platform.show(cursor)) == cursor


@each
def test_moments_order_like_cursors(name: str) -> None:
    platform = platforms.named(name)
    moments = [platform.moment(10**n) for n in range(11, 17)]
    assert None not in moments
    assert moments == sorted(moments, key=lambda moment: moment or 0)


@each
@pytest.mark.parametrize("text", ["", "a\0b", " ", "é", "x" * 1000, "'; DROP TABLE", "\ud800"])
def test_nothing_else_becomes_an_id_or_a_cursor(name: str, text: str) -> None:
    with pytest.raises(InvalidValue):
        platforms.named(name).reader(text)
    with pytest.raises(InvalidValue):
        platforms.named(name).cursor(text)
