"""SIGTERM in mid-load, as at every deployment."""

import signal

from tests.scenarios.deliveries import deliveries
from tests.scenarios.load import Load
from tests.scenarios.service import Service
from tests.scenarios.truth import counted, expect_nothing_lost
from webhook_app.storage import Store


def test_what_is_answered_while_it_ends_is_stored(service: Service, store: Store) -> None:
    with Load(service.port, deliveries(1_000_000, marks_each=2)) as load:
        load.acknowledge(500)
        # Heroku sends it to every process.
        service.signal_all(signal.SIGTERM)
        code = service.process.wait(25)
    print(f"answers: {dict(load.statuses)}; slowest {load.slowest:.1f} s")
    assert code == 0
    assert not [line for line in service.log if "unfinished" in line or "Traceback" in line]
    expect_nothing_lost(store, load)
    # The store stays open until the last request is answered, and the counts are written after it.
    assert load.statuses[503] == load.overdue
    assert counted(store)["deliveries|twitter"] >= len(load.acknowledged)


def test_what_was_counted_is_written_when_it_ends(service: Service, store: Store) -> None:
    with Load(service.port, deliveries(999)) as load:
        load.wait(20)
    assert service.terminate() < 20
    assert service.process.returncode == 0
    assert counted(store)["deliveries|twitter"] == len(load.acknowledged) == 999
