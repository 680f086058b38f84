"""Signatures and bytes, against vectors that others have published."""

import json

import pytest

from webhook_app.sandbox.wire import encode, sign


@pytest.mark.parametrize(
    ("secret", "message", "expected"),
    [
        # machinat/sociably@d5f3e35: a challenge's query, and the answer to its token.
        (
            "__APP_SECRET__",
            "crc_token=__TOKEN_FROM_TWITTER__&nonce=__NONCE__",
            "sha256=bsQqpx1cyheVTwyNGGPmTeY+SLC8YZIwOfr5Kcb2fQE=",
        ),
        (
            "__APP_SECRET__",
            "__TOKEN_FROM_TWITTER__",
            "sha256=rPq0FJoFEukzQI8G52D6xjiQ4BGXK4EuZWYZCWMMlsQ=",
        ),
        # twitterdev/autohook@b872e84: bodies.
        ("test", "test=1&other_test=2", "sha256=25Cu3iwbbiqBTwQRzcKJZwisjf736V2Q8UaTlkfLSoc="),
        (
            "test",
            '{"test_number":1,"test_string":"two"}',
            "sha256=YWHphPn/JFq43jkF0y4/w8R/SelmLjvpunhVFY8JhlI=",
        ),
    ],
)
def test_it_signs_as_x_does(secret: str, message: str, expected: str) -> None:
    assert sign(secret, message.encode()) == expected


def test_it_escapes_slashes_and_everything_beyond_ascii() -> None:
    assert (
        encode({"url": "https://t.co/ä", "e": "🌻"})
        == rb'{"url":"https:\/\/t.co\/\u00e4","e":"\ud83c\udf3b"}'
    )


@pytest.mark.parametrize("text", ["\\/", "/", "\\\\/", "</script>", '"/', "\u2028"])
def test_its_escapes_mean_the_same_text(text: str) -> None:
    assert json.loads(encode([text])) == [text]
