"""What every platform keeps, those of the registry and a third: names, ids, cursors, credentials."""

import re

import pytest

from tests.platforms.far_end import FarEnd
from tests.platforms.specimens import PLATFORMS, SPECIMENS, each
from webhook_app.domain.finding import Patient
from webhook_app.errors import InvalidValue, NotFound
from webhook_app.platforms import REGISTRY

NONSENSE = ["", "a\0b", " ", "é", "x" * 1000, "'; DROP TABLE", "\ud800"]


def test_there_is_a_specimen_of_each() -> None:
    assert set(SPECIMENS) == set(PLATFORMS) == {*REGISTRY, "pigeon"}


@each
def test_it_is_found_by_its_name(name: str) -> None:
    assert PLATFORMS.named(name).name == name


@pytest.mark.parametrize("name", ["", "TWITTER", "twitter ", "myspace", "\0"])
def test_there_is_no_other(name: str) -> None:
    with pytest.raises(NotFound):
        PLATFORMS.named(name)


@each
@pytest.mark.parametrize("cursor", [0, 1, 999_999, 1_000_000, 1_593_473_566_000_200, 9_999_999_999_999_999])
def test_show_and_cursor_undo_each_other(name: str, cursor: int) -> None:
    platform = PLATFORMS.named(name)
    assert platform.cursor(platform.show(cursor)) == cursor


@each
def test_moments_order_like_cursors(name: str) -> None:
    platform = PLATFORMS.named(name)
    moments = [platform.moment(10**n) for n in range(11, 17)]
    assert None not in moments
    assert moments == sorted(moments, key=lambda moment: moment or 0)


@each
@pytest.mark.parametrize("cursor", [0, 29_700_859_246, 29_700_859_247, 10**15, 2**63 - 1])
def test_the_database_reads_moments_by_the_same_rule(name: str, cursor: int) -> None:
    platform = PLATFORMS.named(name)
    assert platform.moment(cursor) == platform.sent_at.moment(cursor)


@each
@pytest.mark.parametrize("text", NONSENSE)
def test_nothing_else_becomes_an_id_or_a_cursor(name: str, text: str) -> None:
    platform = PLATFORMS.named(name)
    for read, field in ((platform.reader, "id"), (platform.peer, "peer"), (platform.cursor, "cursor")):
        with pytest.raises(InvalidValue) as caught:
            read(text)
        assert caught.value.field == field


@each
def test_a_peer_has_one_spelling(name: str) -> None:
    platform, peer = PLATFORMS.named(name), SPECIMENS[name].peer
    assert platform.peer(platform.peer(peer)) == platform.peer(peer) == platform.reader(peer)


@each
def test_its_policy_lets_calls_through(name: str) -> None:
    method, limit, coalescing = PLATFORMS.named(name).policy
    assert re.fullmatch(r"[a-z_./]+", method)
    assert limit.calls > 0
    assert limit.window >= 1000
    assert coalescing.apart > 0


def test_paths_are_folders_of_one_platform_each() -> None:
    paths = [path for platform in PLATFORMS.values() for path in platform.paths]
    assert all(re.fullmatch(r"/([a-z0-9._]+/)+", path) for path in paths)
    assert not [(a, b) for a in paths for b in paths if a is not b and a.startswith(b)]


@each
def test_the_environment_is_silent_unless_it_is_set(name: str) -> None:
    assert PLATFORMS.named(name).configured() is None


@each
def test_its_digest_tells_credentials_apart(name: str) -> None:
    specimen = SPECIMENS[name]
    one, other = (
        specimen.platform.digest(each) for each in (specimen.credentials, specimen.other_credentials)
    )
    assert one == specimen.platform.digest(dict(specimen.credentials)) != other
    assert re.fullmatch(r"([0-9a-f]{64})?", one)


@each
def test_it_knows_whose_credentials_they_are(name: str, far_end: FarEnd) -> None:
    specimen = SPECIMENS[name]
    far_end.always = specimen.introduction
    identity = specimen.at(far_end.url).introduce(specimen.credentials)
    assert identity.id == specimen.account == specimen.platform.reader(identity.id)
    assert identity.owner == identity.id.partition(".")[0]


@each
def test_an_examination_ends_in_findings_if_nobody_answers(name: str) -> None:
    specimen = SPECIMENS[name]
    patient = Patient(specimen.account, specimen.credentials, lambda: None)
    nowhere = "http://127.0.0.1:9"
    findings = list(specimen.at(nowhere).examine([patient], [f"{nowhere}/webhooks/{name}"], lambda: 0))
    assert findings
    assert all(re.match(rf"{name}[/ ]", finding.subject) for finding in findings)
    assert not [secret for secret in specimen.credentials.values() if secret in str(findings)]


@each
def test_it_names_the_credential_that_is_wrong(name: str) -> None:
    specimen = SPECIMENS[name]
    assert tuple(specimen.credentials) == specimen.platform.credential_names
    for missing in specimen.credentials:
        for credentials in (
            {key: value for key, value in specimen.credentials.items() if key != missing},
            {**specimen.credentials, missing: ""},
            {**specimen.credentials, missing: "\n\0"},
        ):
            with pytest.raises(InvalidValue) as caught:
                specimen.platform.introduce(credentials)
            assert caught.value.field in (missing, "id")
    with pytest.raises(InvalidValue) as caught:
        specimen.platform.introduce({**specimen.credentials, "shoe_size": "44"})
    assert caught.value.field == "shoe_size"
