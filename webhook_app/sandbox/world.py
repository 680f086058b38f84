"""All parts of a sandbox, put together."""

import random
import threading
import time
from collections.abc import Callable

from webhook_app.sandbox import account_activity, activity, webhooks
from webhook_app.sandbox.bot import Bot
from webhook_app.sandbox.config import ACCOUNT_ACTIVITY, ACTIVITY, SandboxConfig
from webhook_app.sandbox.conversations import Conversations
from webhook_app.sandbox.courier import Courier
from webhook_app.sandbox.flood import Flood
from webhook_app.sandbox.inspector import Inspector
from webhook_app.sandbox.life import Life
from webhook_app.sandbox.moments import Clock
from webhook_app.sandbox.pins import Pins
from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.publisher import Publisher
from webhook_app.sandbox.replayer import Replayer
from webhook_app.sandbox.sender import Sender
from webhook_app.sandbox.state import State, Webhook

#: Seconds between two attempts to register a consumer that may still be starting.
_PATIENCE = 0.5
#: What the bot subscribes to in X Activity.
_EVENT_TYPES = ("dm.read", "dm.sent", "dm.received", "dm.indicate_typing")


class World:
    """State and everything that moves in it."""

    def __init__(self, config: SandboxConfig, clock: Clock = time.time) -> None:
        self.state = State(config, clock, random.Random(config.seed))
        self.courier = Courier(self.state)
        self.sender = Sender(self.state, self.courier)
        self.publisher = Publisher(self.state, self.sender)
        self.inspector = Inspector(self.state)
        self.pins = Pins(self.state)
        self.replayer = Replayer(self.state, self.sender, self.courier, self.publisher)
        self.bot = Bot(self.state)
        self.conversations = Conversations(self.state, self.publisher, self.bot.hear)
        self.life = Life(self.state, self.conversations)
        self.flood = Flood(self.state, self.conversations)
        self._leaving = threading.Event()
        self._enrolment: threading.Thread | None = None

    def start(self) -> None:
        """Sets couriers and people in motion; nobody writes before a rate is set or a consumer enrolled."""
        self.courier.start()
        self.bot.start()
        self.life.start()
        self.inspector.start()

    def stop(self) -> None:
        """Brings everything to rest, in the order of causes."""
        self._leaving.set()
        if self._enrolment is not None:
            self._enrolment.join()
        self.inspector.stop()
        self.flood.stop()
        self.life.stop()
        self.bot.stop()
        self.courier.stop()
        self.replayer.stop()

    def enrol_soon(self, url: str, say: Callable[[str], object]) -> None:
        """Enrols the consumer in the background, as soon as it answers its challenge."""
        self._enrolment = threading.Thread(target=self._enrol, args=(url, say), name="enrolment", daemon=True)
        self._enrolment.start()

    def enrol(self, url: str) -> Webhook | None:
        """Registers the URL, subscribes the bot and lets people write; None where the challenge failed."""
        try:
            webhook = webhooks.register(self.state, url)
        except Invalid as refused:
            if refused.reason != "CrcValidationFailed":
                raise
            return None
        config = self.state.config
        if ACCOUNT_ACTIVITY in config.shapes:
            account_activity.subscribe(self.state, webhook.id, config.bot.user_id)
        if ACTIVITY in config.shapes:
            for event_type in _EVENT_TYPES:
                activity.subscribe(self.state, event_type, {"user_id": config.bot.user_id}, None, webhook.id)
        self.life.set_rate(config.reads_per_second)
        return webhook

    def _enrol(self, url: str, say: Callable[[str], object]) -> None:
        waiting = False
        while not self._leaving.is_set():
            try:
                webhook = self.enrol(url)
            except Invalid as refused:
                # Nothing that waiting could change.
                say(f"sandbox: cannot register {url}: {refused}")
                return
            if webhook is not None:
                say(f"sandbox: registered {url} as webhook {webhook.id}, people begin to write")
                return
            if not waiting:
                say(f"sandbox: waiting for {url} to answer its challenge")
            waiting = True
            self._leaving.wait(_PATIENCE)
