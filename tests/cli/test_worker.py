"""`worker`, as a process of its own."""

import signal

from tests.cli.conftest import Run
from tests.cli.processes import Start
from tests.host.hosting import until
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.storage import Store

LONG_AGO = 1_000_000_000_000  # 2001


def test_it_keeps_house_until_it_is_told_to_end(
    process: Start, environ: dict[str, str], store: Store
) -> None:
    store.record(Inbound("twitter", marks=[Mark("twitter", "1", "2", c, LONG_AGO) for c in (1, 2, 3)]))
    worker = process("worker", **environ)
    until(lambda: len(store.position(("twitter", "1", "2"))[1]) == 1)
    worker.popen.send_signal(signal.SIGTERM)
    assert worker.popen.wait(60) == 0
    assert worker.out.splitlines() == ["worker: passing marks on", "worker: ended"]


def test_on_a_dyno_it_refuses_sqlite(run_bare: Run, tmp_path: object) -> None:
    result = run_bare("worker", DYNO="worker.1", DATABASE_URL=f"sqlite:///{tmp_path}/x.db")
    assert result.exit_code == 1
    assert "add Postgres" in result.stderr
