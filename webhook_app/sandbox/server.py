"""Serves a sandbox on loopback: in a thread of a test, or as the process of ``readmark sandbox``."""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from flask import Flask

from webhook_app.sandbox import (
    account_activity,
    activity,
    app_control,
    auth,
    authorize,
    classic,
    control,
    mark_control,
    mark_faults,
    mark_read,
    problems,
    replay,
    slack,
    webhooks,
)
from webhook_app.sandbox.config import SandboxConfig
from webhook_app.sandbox.connections import Server
from webhook_app.sandbox.moments import Clock
from webhook_app.sandbox.world import World

HOST = "127.0.0.1"
#: Seconds between two looks whether to stop: the standard library's half a second would be every test's.
_POLL = 0.02
BLUEPRINTS = (
    webhooks.blueprint,
    replay.blueprint,
    account_activity.blueprint,
    activity.blueprint,
    mark_read.blueprint,
    classic.blueprint,
    slack.blueprint,
    authorize.blueprint,
    control.blueprint,
    mark_control.blueprint,
    app_control.blueprint,
)


def create_app(world: World) -> Flask:
    """The sandbox's endpoints over this world."""
    app = Flask(__name__)
    app.extensions["sandbox_world"] = world
    app.extensions["sandbox_state"] = world.state
    problems.init_app(app)
    auth.init_app(app)
    mark_faults.init_app(app, world.state.mark_faults, world.state.clock)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


class Sandbox:
    """A running sandbox, for as long as the ``with`` block lasts; it patches nothing in its process."""

    def __init__(
        self, config: SandboxConfig, *, clock: Clock = time.time, say: Callable[[str], object] = print
    ) -> None:
        self.world = World(config, clock)
        self._say = say
        self._server = Server(HOST, config.port, create_app(self.world))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL,), name="sandbox", daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL to give to a client, or as ``TWITTER_API_URL``."""
        return f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Answers from here on."""
        self.world.start()
        self._thread.start()
        if self.world.state.config.webhook_url is not None:
            self.world.enrol_soon(self.world.state.config.webhook_url, self._say)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Answers no more, and leaves no thread behind."""
        self.world.state.mark_faults.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()
        self.world.stop()


def serve(
    config: SandboxConfig,
    *,
    say: Callable[[str], object] = print,
    ready: Callable[[str], object] = lambda url: None,
) -> None:
    """Runs a sandbox until SIGTERM or SIGINT; when it is ready, tells its base URL and says its address."""
    leaving = threading.Event()

    def leave(_number: int, _frame: FrameType | None) -> None:
        leaving.set()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    with Sandbox(config, say=say) as sandbox:
        ready(sandbox.url)
        say(f"sandbox: listening on {sandbox.url}")
        leaving.wait()
