"""Bots: programs that answer slash commands and messages.

A bot answers each command once, also the commands that arrived while it was away. Its read mark is
the position from which it continues after a restart, and the id of an answer depends only on the
command, so the server stores a repeated answer once.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .client import Client
from .connection import READ_MARKS, News, Sent
from .core.errors import PapoError
from .event import Event
from .ids import answer_id

log = logging.getLogger("papo")

# The maximum wait for an event, after which the bot looks whether it must stop.
WAIT_SECONDS_MAX = 1.0


@dataclass
class Command:
    """A message that runs a command of the bot."""

    name: str
    # The text after the name of the command.
    arguments: str
    event: Event
    client: Client
    answers: int = 0

    def reply(self, text: str) -> Sent:
        """Answers the command.

        After a crash, the bot runs the command again. Its answers then have the same ids, and the
        server stores each of them once.
        """
        event = self.event
        id = answer_id(event.conversation, event.n, event.at, self.answers)
        self.answers += 1
        return self.client.send(event.conversation, text, reply=event.n, id=id)


Handler = Callable[[Command], str | None]
MessageHandler = Callable[[Event], None]


class Bot:
    """A bot with a token of `papo bot create NAME --in '#channel'`.

    `outbox` is a file for the messages that the server has not acknowledged.
    """

    def __init__(
        self, server: str, token: str, *, outbox: str | os.PathLike[str] | None = None
    ) -> None:
        self.client = Client(server, outbox=outbox, timeout=None, on_news=self._on_news)
        self._token = token
        self._handlers: dict[str, Handler] = {}
        self._descriptions: list[dict[str, str]] = []
        self._on_message: MessageHandler | None = None
        self._periodic: list[tuple[float, Callable[[], None]]] = []
        self._stop = threading.Event()
        self._was_rolled_back = threading.Event()

    def command(self, name: str, description: str, usage: str = "") -> Callable[[Handler], Handler]:
        """Registers a slash command. The text that the function returns is the answer."""

        def register(handler: Handler) -> Handler:
            self._handlers[name] = handler
            described = {"name": name, "description": description}
            self._descriptions.append({**described, "usage": usage} if usage else described)
            return handler

        return register

    def on_message(self, handler: MessageHandler) -> MessageHandler:
        """Receives the messages of others that run no command of the bot.

        A message that arrived before a crash can be received again.
        """
        self._on_message = handler
        return handler

    def every(self, seconds: float) -> Callable[[Callable[[], None]], Callable[[], None]]:
        """Calls a function again and again, between two events."""

        def register(function: Callable[[], None]) -> Callable[[], None]:
            self._periodic.append((seconds, function))
            return function

        return register

    def run(self, on_ready: Callable[[], object] | None = None) -> None:
        """Answers commands until `stop` is called or the session ends."""
        try:
            self.client.use_token(self._token)
            self._register()
            self.client.set_presence("always")
            self.client.subscribe(after=READ_MARKS)
            if on_ready is not None:
                on_ready()
            self._loop()
        finally:
            self.client.close()

    def stop(self) -> None:
        """Ends `run` soon. Any thread may call it."""
        self._stop.set()

    def _register(self) -> None:
        self.client.call("command.register", commands=self._descriptions)

    def _on_news(self, news: News) -> None:
        if news["kind"] == "rolledBack":
            self._was_rolled_back.set()

    def _loop(self) -> None:
        due = [(time.monotonic(), *of) for of in self._periodic]
        while not self._stop.is_set():
            now = time.monotonic()
            for at, (next_call, seconds, function) in enumerate(due):
                if next_call <= now:
                    self._guarded(function)
                    due[at] = (now + seconds, seconds, function)
            waits = [next_call - now for next_call, _, _ in due] + [WAIT_SECONDS_MAX]
            if self._was_rolled_back.is_set():
                # A restored node has the commands and the read marks of its backup.
                self._was_rolled_back.clear()
                self._guarded(self._register)
                self.client.subscribe(after=READ_MARKS)
            event = self.client.next_event(max(min(waits), 0.01))
            if event is not None:
                self._take(event)

    def _take(self, event: Event) -> None:
        command = event.fields.get("command", {})
        handler = self._handlers.get(command.get("name", ""))
        if not event.is_message or event.sender == self.client.user:
            return
        if handler is not None and command["bot"] == self.client.user:
            self._guarded(lambda: self._answer(handler, event))
            self._guarded(lambda: self.client.mark_read(event))
        elif self._on_message is not None:
            on_message = self._on_message
            self._guarded(lambda: on_message(event))
            self._guarded(lambda: self.client.mark_read(event))

    def _answer(self, handler: Handler, event: Event) -> None:
        arguments = event.text.partition(" ")[2].strip()
        name = event.fields["command"]["name"]
        command = Command(name, arguments, event, self.client)
        answer = handler(command)
        if answer:
            command.reply(answer)

    def _guarded(self, function: Callable[[], None]) -> None:
        """Runs a function of the bot. An error must not end the other commands."""
        try:
            function()
        except PapoError as failure:
            if failure.reason in ("unauthenticated", "session_disabled"):
                raise
            log.warning("refused: %s", failure)
        except Exception:
            log.exception("a handler failed")
