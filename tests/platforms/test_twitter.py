"""X's webhook check and signatures."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.platforms.payloads import encode, read_event, reads, signature, signed
from webhook_app.errors import BadChallenge, BadDelivery, BadSignature, InvalidValue, NotConfigured
from webhook_app.platforms.twitter import Twitter
from webhook_app.settings import Settings

SECRET = "a secret"
ALLOWED = "ABCXYZabcxyz019+/=_.-"


def twitter(secret: str | None = SECRET, previous: tuple[str, ...] = ()) -> Twitter:
    """X with that consumer secret."""
    return Twitter(Settings(twitter_consumer_secret=secret, twitter_consumer_secrets_previous=previous))


def answer(token: str, secret: str = SECRET) -> str:
    """The answer to a CRC with that token."""
    return twitter(secret).challenge([("crc_token", token)])["response_token"]


def accepted(body: bytes, headers: dict[str, str], platform: Twitter | None = None) -> int:
    """How many events of a delivery are accepted."""
    return (platform or twitter()).receive(headers, body, NOW).accepted


def test_it_answers_like_the_published_vector() -> None:
    # machinat/sociably@d5f3e35, packages/twitter/src/__tests__/Receiver.spec.ts
    token, secret = "__TOKEN_FROM_TWITTER__", "__APP_SECRET__"
    assert answer(token, secret) == "sha256=rPq0FJoFEukzQI8G52D6xjiQ4BGXK4EuZWYZCWMMlsQ="


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # twitterdev/autohook@b872e84, test/signature.js
        (b"test=1&other_test=2", "sha256=25Cu3iwbbiqBTwQRzcKJZwisjf736V2Q8UaTlkfLSoc="),
        (b'{"test_number":1,"test_string":"two"}', "sha256=YWHphPn/JFq43jkF0y4/w8R/SelmLjvpunhVFY8JhlI="),
    ],
)
def test_it_believes_the_published_signatures(body: bytes, expected: str) -> None:
    assert twitter("test").receive({"X-Twitter-Webhooks-Signature": expected}, body, NOW)


@pytest.mark.parametrize(
    "token",
    ["foo", "challenge_string", "a", ALLOWED, "x" * 256, "MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw"],
)
def test_it_answers_permitted_tokens(token: str) -> None:
    assert answer(token) == signature(token.encode(), SECRET)


@pytest.mark.parametrize(
    "params",
    [
        [],
        [("nonce", "x")],
        [("crc_token", "")],
        [("crc_token", "a"), ("crc_token", "a")],
        [("crc_token", "a"), ("nonce", "n"), ("crc_token", "")],
        [("CRC_TOKEN", "a")],
        [("crc_token", "x" * 257)],
        *[[("crc_token", f"a{bad}b")] for bad in "{}[]\"' &:,\\%\t\n\r\0\x7fé\u0660\ufeff😀"],
        *[[("crc_token", f"a{bad}")] for bad in "\n {"],
        # What a lenient decoder makes of bytes that are no UTF-8, and what it never should.
        *[[("crc_token", f"a{bad}")] for bad in ("\udc80", "\ud800")],
    ],
)
def test_it_refuses_any_other_token(params: list[tuple[str, str]]) -> None:
    with pytest.raises(BadChallenge):
        twitter().challenge(params)


def test_other_parameters_do_not_matter_to_the_check() -> None:
    params = [("nonce", '{"a": 1}'), ("crc_token", "foo"), ("x", "")]
    assert twitter().challenge(params) == {"response_token": signature(b"foo", SECRET)}


@pytest.mark.parametrize("secret", [None, ""])
def test_it_answers_nothing_without_a_secret(secret: str | None) -> None:
    with pytest.raises(NotConfigured):
        twitter(secret).challenge([("crc_token", "foo")])
    body = encode(reads(read_event()))
    with pytest.raises(NotConfigured):
        # The empty key is a key that everybody has.
        accepted(body, signed(body, ""), twitter(secret))


@given(st.characters())
def test_the_character_set_is_exactly_the_contracts(character: str) -> None:
    permitted = character.isascii() and (character.isalnum() or character in "+/=_.-")
    try:
        answer(character)
    except BadChallenge:
        assert not permitted
    else:
        assert permitted


def test_it_verifies_the_raw_bytes() -> None:
    # X escapes slashes and sends tabs; parsed and written again, this would be another body.
    body = encode(reads(read_event(), url="x")).replace(b'"x"', b'\t"https:\\/\\/t.co\\/x"')
    assert accepted(body, signed(body, SECRET)) == 1
    with pytest.raises(BadSignature, match="wrong"):
        accepted(body.replace(b"\\/", b"/"), signed(body, SECRET))


@pytest.mark.parametrize("previous", [("old",), ("older", "old")])
def test_previous_secrets_are_believed_on_deliveries_only(previous: tuple[str, ...]) -> None:
    rotated, body = twitter(SECRET, previous), encode(reads(read_event()))
    assert accepted(body, signed(body, "old"), rotated) == 1
    assert accepted(body, signed(body, SECRET), rotated) == 1
    assert rotated.challenge([("crc_token", "foo")]) == twitter().challenge([("crc_token", "foo")])
    with pytest.raises(BadSignature, match="wrong"):
        accepted(body, signed(body, "never"), rotated)


BODY = encode(reads(read_event()))
RIGHT = signature(BODY, SECRET)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "missing"),
        ("", "malformed"),
        (RIGHT.removeprefix("sha256="), "malformed"),
        (RIGHT.replace("sha256", "sha1"), "malformed"),
        (RIGHT.replace("sha256", "SHA256"), "malformed"),
        (RIGHT.removesuffix("="), "malformed"),
        (f"{RIGHT}=", "malformed"),
        (f" {RIGHT}", "malformed"),
        (f"{RIGHT}\n", "malformed"),
        # Two headers arrive as one.
        (f"{RIGHT},{RIGHT}", "malformed"),
        (f"sha256={'é' * 43}=", "malformed"),
        (f"sha256={'-' * 43}=", "malformed"),
        # The same MAC in hexadecimal.
        (f"sha256={'0' * 64}", "malformed"),
        (f"sha256={'A' * 43}=", "wrong"),
        (signature(BODY, "another"), "wrong"),
        (signature(BODY + b" ", SECRET), "wrong"),
    ],
)
def test_it_refuses_every_other_signature(header: str | None, reason: str) -> None:
    headers = {} if header is None else {"X-Twitter-Webhooks-Signature": header}
    with pytest.raises(BadSignature) as caught:
        accepted(BODY, headers)
    assert caught.value.reason == reason


def test_only_one_spelling_of_a_signature_counts() -> None:
    # The last letter carries two bits that decoders ignore.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = RIGHT[-2]
    twin = RIGHT[:-2] + letters[letters.index(last) ^ 1] + "="
    with pytest.raises(BadSignature, match="wrong"):
        accepted(BODY, {"X-Twitter-Webhooks-Signature": twin})


@pytest.mark.parametrize("body", [b"12", b"null", b"true", b"-1.5", b"1e5", b"x", b"x" * 256])
def test_a_body_that_is_a_permitted_token_is_no_delivery(body: bytes) -> None:
    # Anybody can have it signed: as a CRC.
    forged = {"X-Twitter-Webhooks-Signature": answer(body.decode())}
    with pytest.raises(BadDelivery):
        accepted(body, forged)


VALUES = st.none() | st.integers() | st.text(max_size=8)
bodies = (
    st.builds(encode, st.dictionaries(st.text(max_size=8), VALUES, max_size=3))
    | st.sampled_from([b"{}", b"[]", BODY, BODY.replace(b" ", b""), b'"x"', b" 12", b"12\n"])
    | st.binary(min_size=1, max_size=300)
)


@given(bodies)
def test_no_delivery_can_be_forged_through_the_check(body: bytes) -> None:
    """Whoever asks for the check's answer to a body gets none, or one that is not believed."""
    try:
        forged = answer(body.decode("utf-8", "surrogateescape"))
    except BadChallenge:
        return
    with pytest.raises(BadDelivery):
        accepted(body, {"X-Twitter-Webhooks-Signature": forged})


@given(st.text(alphabet=ALLOWED, min_size=1, max_size=300), st.dictionaries(st.text(max_size=5), VALUES))
def test_no_answer_of_the_check_signs_an_object(token: str, document: dict[str, Any]) -> None:
    try:
        forged = answer(token)
    except BadChallenge:
        return
    with pytest.raises(BadSignature, match="wrong"):
        accepted(encode(document), {"X-Twitter-Webhooks-Signature": forged})


@pytest.mark.parametrize("text", ["", "-1", "1.0", " 1", "1" * 20, str(2**63), "a", "\u0661", "1\n", "\0"])
def test_ids_and_cursors_are_digits_below_two_to_the_63(text: str) -> None:
    with pytest.raises(InvalidValue):
        twitter().reader(text)
    with pytest.raises(InvalidValue) as caught:
        twitter().cursor(text)
    assert caught.value.field == "cursor"


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_is_shown_as_it_came(cursor: int) -> None:
    assert twitter().cursor(twitter().show(cursor)) == cursor
    assert twitter().reader(f"{cursor:019}") == str(cursor)


@pytest.mark.parametrize(
    ("cursor", "moment"),
    [
        (1247310121283321862, 1586216881472),  # 532 ms before the read event of the same capture
        (2080765901528535096, 1784928224342),  # 30 ms before the created_timestamp of X Activity's sample
        (29_700_859_247, 1288834974657 + 7081),  # the first snowflake
        (29_700_859_246, None),
        (0, None),
    ],
)
def test_an_id_tells_when_the_message_was_sent(cursor: int, moment: int | None) -> None:
    assert twitter().moment(cursor) == moment
