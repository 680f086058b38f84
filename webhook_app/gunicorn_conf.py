"""gunicorn's settings, for `gunicorn -c python:webhook_app.gunicorn_conf "webhook_app:create_app()"`.

gunicorn imports this module in its master process, which is never monkey-patched: under gevent its signal
queue and its forks would run through a hub. Each worker patches itself right after the fork and imports the
application only then. So what this module imports must not reach requests, urllib3 or anything else that
keeps unpatched parts of ssl, socket or threading.
"""

import logging
import os
import resource
import signal
from typing import Any

from gunicorn.glogging import Logger

from webhook_app.environment import environment
from webhook_app.logs import configure, formatter
from webhook_app.settings import Settings, read_settings

SPARE_FILES = 500  # beside connections: databases, platforms, listeners, thread pools


def address(settings: Settings) -> str:
    """Return where to listen: everywhere if a host says on which port, else only for this machine."""
    return "127.0.0.1:8000" if settings.port is None else f"0.0.0.0:{settings.port}"


_settings = read_settings(environment())

bind = address(_settings)
workers = _settings.web_concurrency
worker_class = "webhook_app.gunicorn_worker.ReadmarkWorker"

# gunicorn's 1000 could all be taken by streams or by half-sent bodies, and the CRC would wait behind them.
worker_connections = 4000
# Heroku's router keeps idle connections for 90 s; the side that closes last loses no request.
keepalive = 95
# Heroku kills 30 s after SIGTERM.
graceful_timeout = 25
timeout = 30
# The heartbeat must not wait for a disk that is busy with our fsyncs.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

# Whom to believe about addresses and schemes is TRUSTED_PROXIES, for the application; not 127.0.0.1 here, and
# not FORWARDED_ALLOW_IPS, which some hosts set to `*`.
forwarded_allow_ips = ""
# As much as Heroku's router passes on.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# A thread in the master, which forks, and a socket at a path that two services on one machine would share.
control_socket_disable = True

accesslog = None
errorlog = "-"
loglevel = "info"


class LogfmtLogger(Logger):  # type: ignore[misc]  # gunicorn publishes no types
    """gunicorn's own log, one line of logfmt an event, like the application's."""

    def setup(self, cfg: Any) -> None:
        """Set up as gunicorn does, with our format."""
        super().setup(cfg)
        for handler in logging.getLogger("gunicorn.error").handlers:
            handler.setFormatter(formatter())
        configure()


logger_class = LogfmtLogger


def on_starting(server: Any) -> None:
    """Raise the limit of open files to what the connections need, or else take fewer connections."""
    for doubt in _settings.doubts:
        server.log.warning(doubt)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = server.cfg.worker_connections + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if soft < wanted:
            server.cfg.set("worker_connections", max(soft - SPARE_FILES, soft // 2))
            fewer = {"limit": soft, "wanted": wanted, "worker_connections": server.cfg.worker_connections}
            server.log.warning("few open files allowed", extra=fewer)


def post_fork(server: Any, worker: Any) -> None:
    """Obey signals that come before the worker listens to them; the master's handlers only queue them."""
    orders = {
        signal.SIGTERM: worker.handle_exit,
        signal.SIGINT: worker.handle_quit,
        signal.SIGQUIT: worker.handle_quit,
    }
    for order, obey in orders.items():
        signal.signal(order, obey)
    while not server.SIG_QUEUE.empty():
        order = server.SIG_QUEUE.get_nowait()
        if order in orders:
            orders[order](order, None)
