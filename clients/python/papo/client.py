"""The client with blocking methods."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

from . import files
from .address import parse_addresses
from .connection import Connection, News, Sent, Steps
from .core.decode import Json
from .core.errors import PapoError
from .event import Event
from .network import Closed

T = TypeVar("T")

# The seconds that `close` waits for the acknowledgements of sent messages.
FLUSH_SECONDS = 5.0


class Client:
    """A client of a node. A thread keeps the connection, also while the program works.

    `server` is an invite, `papo://<key>@host:port`, or several addresses of one node separated by
    commas. `outbox` is a file for messages without an acknowledgement, which then survive a kill
    of the program. `timeout` is the maximum time of an operation in seconds, None for no maximum:
    while the server does not answer, the client repeats requests. `on_news` receives all news of
    the session in another thread.
    """

    def __init__(
        self,
        server: str,
        *,
        outbox: str | os.PathLike[str] | None = None,
        timeout: float | None = 30.0,
        on_news: Callable[[News], None] | None = None,
    ) -> None:
        self.timeout = timeout
        self._changed = threading.Condition()
        self._connection = Connection(server, self._on_change, outbox, on_news)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def user(self) -> str:
        """The name of the user who is logged in."""
        return self._connection.user

    def register(self, user: str, password: str, code: str | None = None) -> None:
        """Creates an account."""
        command = {"kind": "register", "user": user, "password": password, "code": code}
        self._wait(self._connection.network.command(command), self._deadline())

    def login(self, user: str, password: str) -> None:
        """Opens a session."""
        self._run(self._connection.login(user, password))

    def use_token(self, token: str) -> None:
        """Continues with the token of a bot or of a session."""
        self._run(self._connection.use_token(token))

    def call(self, method: str, **params: Any) -> Any:
        """Calls any method of docs/PROTOCOL.md. Raises `PapoError` if it is refused."""
        return self._run(self._connection.call(method, params))

    def send(self, to: str, text: str, *, reply: int | None = None, id: str | None = None) -> Sent:
        """Sends a message, and waits until the server has stored it.

        After a `TimeoutError` the message is still in the outbox, and is sent later.
        """
        return self._run(self._connection.send(to, text, reply, id))

    def queue(self, to: str, text: str, *, reply: int | None = None, id: str | None = None) -> str:
        """Sends a message without waiting. Returns its id.

        The messages of a client are stored in the order of sending.
        """
        return self._connection.queue(to, text, reply, id)[0]

    def send_file(
        self,
        to: str,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        id: str | None = None,
    ) -> Sent:
        """Sends a file, and waits until the server has stored it.

        `timeout` is the maximum for the whole file. Give an `id` (`new_message_id()`) to continue
        an interrupted upload with a second call; the server stores the file once.
        """
        return self._run(files.send(self._connection, to, path, name, id))

    def get_file(self, event: Event, path: str | os.PathLike[str]) -> None:
        """Downloads the file of an event into a new file; an existing file is not replaced.

        The sender chose the name of the event's file: do not use it as a path.
        """
        self._run(files.get(self._connection, event, path))

    def flush(self, timeout: float | None = None) -> bool:
        """Waits until all messages are acknowledged. Returns whether they are."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._connection.messages_waiting() > 0:
            if deadline is not None and time.monotonic() >= deadline:
                return False
            # The status is read after the messages that were queued before.
            self._wait(self._connection.network.command({"kind": "status"}), deadline)
            time.sleep(0.01)
        return True

    def subscribe(self, *conversations: str, after: Mapping[str, int] | str | None = None) -> None:
        """Receives the events of these conversations from now on, or of all of them.

        With `after`, a conversation continues after this number. `READ_MARKS` continues after the
        read marks that `mark_read` has moved.
        """
        self._run(self._connection.subscribe(conversations, after))

    def next_event(self, timeout: float | None = None) -> Event | None:
        """The next event: each once, in the order of its conversation, without a gap.

        Returns None after `timeout` seconds without an event.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while (event := self._connection.take()) is None:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
        return event

    def events(self) -> Iterator[Event]:
        """All events, forever."""
        while True:
            event = self.next_event()
            if event is not None:
                yield event

    def mark_read(self, event: Event) -> None:
        """Moves the read mark of the conversation to this event."""
        self._run(self._connection.mark_read(event.conversation, event.n))

    def history(self, conversation: str, **params: Any) -> list[Event]:
        """A page of a conversation, with the parameters of `message.history`."""
        return self._run(self._connection.history({"conversation": conversation, **params}))

    def create(self, channel: str, *, private: bool = False) -> str:
        """Creates a channel."""
        command = {"kind": "create", "channel": channel, "private": private}
        return self._run(self._connection.membership(command))

    def join(self, channel: str) -> str:
        """Joins a channel. Returns its first name, which events have."""
        return self._run(self._connection.membership({"kind": "join", "channel": channel}))

    def leave(self, channel: str) -> None:
        """Leaves a channel."""
        self._run(self._connection.membership({"kind": "leave", "channel": channel}))

    def set_presence(self, mode: str) -> None:
        """Reports presence from now on: "always" online, "atKeyboard" or "away"."""
        self._run(self._connection.set_presence(mode))

    def reconnect(self, server: str | None = None) -> None:
        """Connects again with new keys, and to another address of the node if it is given."""
        network = self._connection.network
        addresses = network.addresses if server is None else parse_addresses(server)
        network.submit(lambda: network.use_addresses(addresses))

    def close(self, flush_seconds: float = FLUSH_SECONDS) -> None:
        """Waits a short time for the acknowledgements of sent messages, and ends the session.

        Messages without an acknowledgement stay in the file of the outbox.
        """
        network = self._connection.network
        if network.is_alive():
            try:
                self.flush(flush_seconds)
            except (PapoError, TimeoutError, Closed):
                pass
            network.stop()
            network.join()

    def _on_change(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _deadline(self) -> float | None:
        return None if self.timeout is None else time.monotonic() + self.timeout

    def _run(self, steps: Steps[T]) -> T:
        """Runs the steps of an operation."""
        deadline = self._deadline()
        try:
            future = next(steps)
            while True:
                future = steps.send(self._wait(future, deadline))
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            # Steps that did not end release what they opened.
            steps.close()

    @staticmethod
    def _wait(future: "Future[Json]", deadline: float | None) -> Json:
        left = None if deadline is None else max(deadline - time.monotonic(), 0)
        try:
            return future.result(left)
        except TimeoutError:
            raise TimeoutError("the server does not answer: try again later") from None
