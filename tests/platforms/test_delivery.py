"""How every platform is called, those of the registry and a third."""

import pytest

from tests.platforms.far_end import Answer, FarEnd
from tests.platforms.specimens import SPECIMENS, each
from webhook_app.domain.outbox import Verdict
from webhook_app.domain.rate import Word
from webhook_app.errors import DeliveryError


@each
def test_it_delivers_over_connections_that_are_kept(name: str, far_end: FarEnd) -> None:
    specimen = SPECIMENS[name]
    far_end.always = specimen.thanks
    platform = specimen.at(far_end.url)
    for cursor in (1, 2, 3):
        word = platform.deliver(specimen.account, specimen.credentials, specimen.peer, cursor)
        assert word == Word()
    assert len(far_end.came) == 3
    assert len(far_end.connections) == 1


@each
@pytest.mark.parametrize(
    "answer",
    [
        Answer(drop=True),
        Answer(503, b"<html>Service Unavailable</html>", (("Content-Type", "text/html"),)),
        Answer(502),
        Answer(500, b"[]"),
        Answer(200, b'{"ok":true}', cut=True),
    ],
)
def test_what_a_platform_suffers_from_is_tried_again(name: str, answer: Answer, far_end: FarEnd) -> None:
    specimen = SPECIMENS[name]
    far_end.always = answer
    with pytest.raises(DeliveryError) as caught:
        specimen.at(far_end.url).deliver(specimen.account, specimen.credentials, specimen.peer, 1)
    assert caught.value.verdict is Verdict.RETRY
    assert caught.value.word is None
    assert caught.value.state is None


@each
def test_a_platform_that_cannot_be_reached_is_tried_again(name: str) -> None:
    with FarEnd() as gone:
        url = gone.url
    specimen = SPECIMENS[name]
    with pytest.raises(DeliveryError) as caught:
        specimen.at(url).deliver(specimen.account, specimen.credentials, specimen.peer, 1)
    assert caught.value.verdict is Verdict.RETRY
    assert caught.value.word is None


@each
def test_after_a_lost_connection_it_opens_another(name: str, far_end: FarEnd) -> None:
    specimen = SPECIMENS[name]
    far_end.answers.extend([specimen.thanks, Answer(drop=True)])
    far_end.always = specimen.thanks
    platform = specimen.at(far_end.url)
    platform.deliver(specimen.account, specimen.credentials, specimen.peer, 1)
    with pytest.raises(DeliveryError):
        platform.deliver(specimen.account, specimen.credentials, specimen.peer, 2)
    platform.deliver(specimen.account, specimen.credentials, specimen.peer, 2)
    assert len(far_end.connections) == 2
