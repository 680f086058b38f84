"""The search for secrets finds one that was planted, however it is written, and nothing else."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from tests.scenarios.canaries import DRESS, Canaries, spellings

#: How an ordinary word may be written without looking any different.
PLAIN = ("plain", "URL-encoded", "HTML-escaped", "JSON-escaped")
SECRET = f"5ec2e7{DRESS}of-the-tests"


@pytest.fixture
def canaries() -> Canaries:
    """One secret, planted nowhere."""
    canaries = Canaries()
    canaries.add("planted", SECRET)
    return canaries


@pytest.mark.parametrize("which", range(len(list(spellings("s")))))
def test_it_finds_a_secret_however_it_is_written(canaries: Canaries, which: int) -> None:
    how, written = list(spellings(SECRET))[which]
    assert f"planted ({how})" in canaries.found_in(f"so long as {written} is there".encode())


@pytest.mark.parametrize("before", ["", "a", "ab", "user:"])
def test_it_finds_a_secret_within_what_is_encoded(canaries: Canaries, before: str) -> None:
    whole = f"{before}{SECRET} and so on".encode()
    for encoded in (b64encode(whole), urlsafe_b64encode(whole), whole.hex().encode()):
        assert canaries.found_in(b"Basic " + encoded)


def test_it_finds_what_was_cut_off_or_changed_behind_the_middle() -> None:
    canaries = Canaries()
    secret = canaries.make("planted", "xoxb-")
    assert canaries.found_in(secret[:21].encode()) == [f"planted ({how})" for how in PLAIN]


def test_it_finds_nothing_where_nothing_is(canaries: Canaries) -> None:
    assert canaries.found_in(b"of-the-tests, 5ec2e7 and " + DRESS.encode()) == []
