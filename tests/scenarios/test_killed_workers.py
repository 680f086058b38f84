"""Workers die again and again; nothing that was acknowledged dies with them."""

from contextlib import suppress
from random import Random

import psutil

from tests.scenarios.deliveries import deliveries
from tests.scenarios.load import Load
from tests.scenarios.service import Service
from tests.scenarios.truth import expect_nothing_lost, stored
from webhook_app.storage import Store

MANY = 10_002
KILL_EVERY = 0.15  # seconds
#: So many deliveries are acknowledged between two kills, or all deaths would fall into starts of workers.
BETWEEN = 200


def test_ten_thousand_deliveries_survive_killed_workers(service: Service, store: Store) -> None:
    random, killed, wanted = Random(1), 0, 0
    with Load(service.port, list(deliveries(MANY))) as load:
        while load.running:
            load.wait(KILL_EVERY)
            if len(load.acknowledged) < wanted:
                continue
            wanted = len(load.acknowledged) + BETWEEN
            with suppress(psutil.NoSuchProcess, IndexError):
                random.choice(service.workers).kill()
                killed += 1
    print(f"{killed} workers killed; answers: {dict(load.statuses)}; slowest {load.slowest:.1f} s")
    assert killed >= 10
    assert len(load.acknowledged) == MANY
    expect_nothing_lost(store, load)
    assert len(stored(store)[1]) == MANY
