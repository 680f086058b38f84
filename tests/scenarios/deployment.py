"""A service whose settings change while it serves: in its `.env`, and by SIGHUP, worker by worker."""

import itertools
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner

from tests.conftest import CONSUMER_SECRET
from tests.host.hosting import until
from tests.scenarios.deliveries import Delivery, body_of, mark, sign, signed
from tests.scenarios.load import Load
from tests.scenarios.service import Service, serving
from tests.scenarios.truth import stored
from tests.scenarios.wire import Wire, get
from webhook_app.cli import main
from webhook_app.domain.position import furthest
from webhook_app.storage import Store


class Deployment:
    """The service, what it is told, and what X signs with."""

    def __init__(self, service: Service, folder: Path, settings: dict[str, str]) -> None:
        self.service = service
        self.settings = settings
        #: The consumer secret as X knows it.
        self.secret = CONSUMER_SECRET
        self._numbers = itertools.count()
        self._folder = folder

    @property
    def url(self) -> str:
        """Where the service answers."""
        return f"http://127.0.0.1:{self.service.port}"

    def deploy(self, **changes: str) -> None:
        """Change settings; an empty one is unset. Returns when no process with the former ones is left."""
        self.settings = {name: value for name, value in (self.settings | changes).items() if value}
        write(self._folder, self.settings)
        before = {worker.pid for worker in self.service.workers}
        self.service.process.send_signal(signal.SIGHUP)
        until(lambda: before.isdisjoint(worker.pid for worker in self.service.workers))

    def run(self, *words: str, typed: str = "") -> str:
        """What a command prints that runs beside the service, with its settings."""
        done = CliRunner().invoke(main, words, input=typed, env=self.settings, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    def challenge(self) -> tuple[int, bytes]:
        """Status and body of the answer to a webhook check."""
        with Wire(self.service.port) as wire:
            answer = wire.exchange(get("/webhooks/twitter?crc_token=foo"))
        return answer.status, answer.body

    def answers_as(self, secret: str) -> bool:
        """Whether a webhook check is answered as X expects it under this secret."""
        status, body = self.challenge()
        return status == 200 and sign(b"foo", secret).encode() in body

    def delivers(self, secret: str) -> int:
        """The status of a delivery signed with this secret."""
        with Wire(self.service.port) as wire:
            return wire.exchange(signed(body_of([mark(next(self._numbers))]), secret)).status

    @contextmanager
    def loaded(self) -> Iterator[Load]:
        """X delivers all the time, on new connections; none is lost, or refused while the machine goes."""
        with Load(self.service.port, self._deliveries(), kept=False) as load:
            load.acknowledge(50)
            yield load
            load.acknowledge(50)
        print(f"answers: {dict(load.statuses)}; slowest {load.slowest:.1f} s")
        assert (set(load.statuses) - {503}, load.strange) == ({200}, [])
        assert load.statuses[503] == load.overdue
        store = Store(self.settings["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"), ("any",))
        positions, history = stored(store)
        store.close()
        assert {mark for delivery in load.acknowledged for mark in delivery.marks} <= history
        assert positions == set(furthest(sorted(history)))

    def _deliveries(self) -> Iterator[Delivery]:
        """Deliveries without end, some dozens a second, signed with the secret of the moment they leave."""
        for number in self._numbers:
            time.sleep(0.02)
            marks = (mark(number),)
            yield Delivery(marks, signed(body_of(marks), self.secret))


def write(folder: Path, settings: dict[str, str]) -> None:
    """Write the settings into the file that the service reads."""
    (folder / ".env").write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))


@contextmanager
def deployed(folder: Path, settings: dict[str, str]) -> Iterator[Deployment]:
    """The service in two workers, told everything by its `.env`."""
    write(folder, settings)
    with serving(folder) as service:
        yield Deployment(service, folder, settings)
