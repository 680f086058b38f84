"""Where the settings of the host come from."""

import subprocess
import sys
from pathlib import Path

from tests.host.hosting import ROOT, gunicorn, until
from webhook_app.gunicorn_conf import address
from webhook_app.settings import read_settings

LOADED = """
import sys
import gunicorn.app.wsgiapp, webhook_app.gunicorn_conf, webhook_app.gunicorn_worker
from gevent.monkey import is_anything_patched
late = {"requests", "urllib3", "flask", "sqlalchemy", "psycopg", "marshmallow", "tweepy"}
print(sorted(late & set(sys.modules)), is_anything_patched())
"""


def test_it_listens_for_this_machine_alone_unless_a_host_names_the_port() -> None:
    assert address(read_settings({})) == "127.0.0.1:8000"
    assert address(read_settings({"PORT": "5000"})) == "0.0.0.0:5000"


def test_it_takes_port_and_workers_from_the_environment(tmp_path: Path) -> None:
    with gunicorn(tmp_path, bound=False, WEB_CONCURRENCY="3") as host:
        assert any(f"Listening at: http://0.0.0.0:{host.port} " in line for line in host.log)
        until(lambda: len({host.get("/process") for _ in range(20)}) == 3)


def test_it_does_not_start_with_a_wrong_environment(tmp_path: Path) -> None:
    # Words for WEB_CONCURRENCY do not get this far: gunicorn itself reads it first.
    with gunicorn(tmp_path, awaited=False, WEB_CONCURRENCY="0", PORT="ninety") as host:
        assert host.process.wait(60) == 1
        text = "\n".join(host.log)
    assert "WEB_CONCURRENCY: not a whole number" in text
    assert "PORT: not a whole number" in text
    assert "Traceback" not in text


def test_the_master_loads_nothing_that_must_come_after_monkey_patching() -> None:
    python = [sys.executable, "-c", LOADED]
    done = subprocess.run(python, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[] False"


def test_it_raises_the_limit_of_open_files_to_what_it_needs(tmp_path: Path) -> None:
    with gunicorn(tmp_path, limits="-S -n 300") as host:
        assert host.get("/files") == "4500"


def test_it_takes_fewer_connections_where_files_are_few(tmp_path: Path) -> None:
    with gunicorn(tmp_path, limits="-n 700") as host:
        warning = next(line for line in host.log if 'event="few open files allowed"' in line)
        assert "limit=700 wanted=4500 worker_connections=350" in warning
        assert host.get("/files") == "700"
