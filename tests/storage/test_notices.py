"""The latest word of a platform about a job is kept, and found by its id."""

from webhook_app.domain.inbound import Inbound, Notice
from webhook_app.storage import Store


def test_a_notice_is_found_by_platform_kind_and_subject(store: Store) -> None:
    older = Notice("twitter", "replay", "7", 1000, '{"state": "Incomplete"}')
    later = older._replace(at=2000, detail='{"state": "Complete"}')
    store.record(Inbound("twitter", notices=[later, older]))
    assert store.notice("twitter", "replay", "7") == later
    assert store.notice("twitter", "replay", "8") is None
    assert store.notice("twitter", "revocation", "7") is None
    assert store.notice("slack", "replay", "7") is None
