"""Simulated people: who they are, and that they write and read."""

from random import Random

from tests.sandbox.conftest import ALICE, CONFIG, Clock, Drive
from tests.sandbox.consumer import Consumer, eventually
from webhook_app.sandbox.moments import moment_of
from webhook_app.sandbox.people import make_people
from webhook_app.sandbox.world import World


def test_people_have_different_ids_and_names_that_are_hard_to_bear() -> None:
    people = make_people(200, Random(1))
    assert len({person.id for person in people}) == 200
    names = " ".join(person.name for person in people)
    for hard in ("ü", "王", "🌻", "سارة", "O'Brien", "<script>", '"', "&"):
        assert hard in names
    assert {len(person.id) for person in people} >= {10, 19}
    assert all(int(person.id) < 2**63 and 1 <= len(person.handle) <= 15 for person in people)


def test_the_same_seed_makes_the_same_people() -> None:
    assert make_people(20, Random(7)) == make_people(20, Random(7))


def test_people_write_are_answered_and_read_after_a_few_seconds() -> None:
    clock = Clock()
    world = World(CONFIG, clock)
    world.life.set_rate(2.0)
    for _ in range(120):
        while world.life.step():
            pass
        clock.now += 0.1
    bot, threads = ALICE.user_id, world.state.threads.values()
    written = [thread for thread in threads if thread.reader == bot]
    answered = {thread.reader: thread for thread in threads if thread.author == bot}
    assert len(written) == CONFIG.people
    read = [thread for thread in answered.values() if thread.read_up_to]
    assert len(read) > CONFIG.people // 2
    for thread in read:
        assert thread.read_up_to <= thread.last
        assert moment_of(thread.read_up_to) <= clock.now * 1000


def test_who_did_not_come_while_the_machine_slept_does_not_come_afterwards() -> None:
    clock = Clock()
    world = World(CONFIG, clock)
    world.life.set_rate(8.0)
    for _ in range(40):
        world.life.step()
    clock.now += 8 * 3600
    for _ in range(2000):
        world.life.step()
    assert sum(thread.messages for thread in world.state.threads.values()) < 1000


def test_nobody_writes_while_the_rate_is_nothing() -> None:
    world = World(CONFIG, Clock())
    assert not world.life.step()
    world.life.set_rate(0)
    assert not world.life.step()


def test_a_hundred_positions_are_reached(drive: Drive, consumer: Consumer) -> None:
    driver = drive(
        webhook_url=consumer.url,
        people=120,
        reads_per_second=60.0,
        reading_seconds=(0.01, 0.05),
        in_flight=8,
    )
    eventually(lambda: len(_acknowledged(driver.get("/positions")["items"])) >= 100)
    people = {person["id"] for person in driver.get("/people")["items"]}
    readers = {position["reader"] for position in driver.get("/positions")["items"]}
    assert readers <= people - {ALICE.user_id}
    kinds = {delivery["kind"] for delivery in driver.get("/deliveries?limit=10000&state=delivered")["items"]}
    assert kinds >= {"direct_message_mark_read_events", "dm.read", "direct_message_events", "dm.received"}
    assert driver.get("/conversations")["items"][0].keys() >= {"author", "reader", "last_message_id"}


def test_a_test_can_set_people_in_motion_and_stop_them(drive: Drive, consumer: Consumer) -> None:
    driver = drive(reading_seconds=(0.0, 0.01))
    driver.subscribe(consumer)
    driver.do("/life", visits_per_second=100, expect=200)
    eventually(lambda: len(consumer.deliveries) > 10)
    driver.do("/life", visits_per_second=0, expect=200)


def _acknowledged(positions: list[dict[str, object]]) -> list[dict[str, object]]:
    return [position for position in positions if position["acknowledged"]]
