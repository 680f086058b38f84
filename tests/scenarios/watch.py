"""Asks for webhook checks all the time, beside whatever else happens."""

import threading
from typing import Self

from tests.host.hosting import until
from tests.scenarios.service import Service

PAUSE = 0.02  # seconds
#: X waits so long for the answer to a check.
PATIENCE = 3.0  # seconds


class CrcWatch:
    """Every check must be answered rightly; how many took too long is the reader's to judge."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._failure: Exception | None = None
        self.looks = 0
        self.slowest = 0.0
        self._late = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def __str__(self) -> str:
        return f"{self.looks} checks, the slowest took {self.slowest * 1000:.0f} ms"

    @property
    def in_time(self) -> bool:
        """Whether X gives up on none, but for a few while the machine itself may have stood still."""
        return self._late <= self.looks / 20

    def look(self, many: int) -> None:
        """Return when so many more checks are answered."""
        wanted = self.looks + many
        until(lambda: self.looks >= wanted)

    def _look(self) -> None:
        while not self._stopped.wait(PAUSE):
            try:
                took = self._service.crc()
            except Exception as failure:  # raised in the thread that runs the test
                self._failure = failure
                return
            self.looks += 1
            self.slowest = max(self.slowest, took)
            self._late += took > PATIENCE
