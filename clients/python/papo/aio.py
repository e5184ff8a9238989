"""The client for asyncio. It has the methods of `Client` as coroutines."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from . import files
from .address import parse_addresses
from .connection import Connection, News, Sent, Steps
from .event import Event

T = TypeVar("T")

FLUSH_SECONDS = 5.0


class AsyncClient:
    """A client of a node, for the running event loop. See `Client` for the parameters.

    A coroutine waits until the server answers: use `asyncio.timeout` for a maximum.
    """

    def __init__(
        self,
        server: str,
        *,
        outbox: str | os.PathLike[str] | None = None,
        on_news: Callable[[News], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._connection = Connection(server, self._on_change, outbox, on_news)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def user(self) -> str:
        """The name of the user who is logged in."""
        return self._connection.user

    async def register(self, user: str, password: str, code: str | None = None) -> None:
        command = {"kind": "register", "user": user, "password": password, "code": code}
        await asyncio.wrap_future(self._connection.network.command(command))

    async def login(self, user: str, password: str) -> None:
        await self._run(self._connection.login(user, password))

    async def use_token(self, token: str) -> None:
        await self._run(self._connection.use_token(token))

    async def call(self, method: str, **params: Any) -> Any:
        return await self._run(self._connection.call(method, params))

    async def send(
        self, to: str, text: str, *, reply: int | None = None, id: str | None = None
    ) -> Sent:
        """Sends a message. A cancelled coroutine leaves the message in the outbox."""
        return await self._run(self._connection.send(to, text, reply, id))

    def queue(self, to: str, text: str, *, reply: int | None = None, id: str | None = None) -> str:
        return self._connection.queue(to, text, reply, id)[0]

    async def send_file(
        self,
        to: str,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        id: str | None = None,
    ) -> Sent:
        """Sends a file. After a cancellation, the same `id` continues the upload."""
        return await self._run(files.send(self._connection, to, path, name, id))

    async def get_file(self, event: Event, path: str | os.PathLike[str]) -> None:
        await self._run(files.get(self._connection, event, path))

    async def flush(self) -> None:
        while self._connection.messages_waiting() > 0:
            await asyncio.wrap_future(self._connection.network.command({"kind": "status"}))
            await asyncio.sleep(0.01)

    async def subscribe(
        self, *conversations: str, after: Mapping[str, int] | str | None = None
    ) -> None:
        await self._run(self._connection.subscribe(conversations, after))

    async def next_event(self) -> Event:
        while True:
            self._changed.clear()
            event = self._connection.take()
            if event is not None:
                return event
            await self._changed.wait()

    async def events(self) -> AsyncIterator[Event]:
        while True:
            yield await self.next_event()

    async def mark_read(self, event: Event) -> None:
        await self._run(self._connection.mark_read(event.conversation, event.n))

    async def history(self, conversation: str, **params: Any) -> list[Event]:
        return await self._run(self._connection.history({"conversation": conversation, **params}))

    async def create(self, channel: str, *, private: bool = False) -> str:
        command = {"kind": "create", "channel": channel, "private": private}
        return await self._run(self._connection.membership(command))

    async def join(self, channel: str) -> str:
        return await self._run(self._connection.membership({"kind": "join", "channel": channel}))

    async def leave(self, channel: str) -> None:
        await self._run(self._connection.membership({"kind": "leave", "channel": channel}))

    async def set_presence(self, mode: str) -> None:
        await self._run(self._connection.set_presence(mode))

    def reconnect(self, server: str | None = None) -> None:
        network = self._connection.network
        addresses = network.addresses if server is None else parse_addresses(server)
        network.submit(lambda: network.use_addresses(addresses))

    async def close(self, flush_seconds: float = FLUSH_SECONDS) -> None:
        network = self._connection.network
        if network.is_alive():
            try:
                await asyncio.wait_for(self.flush(), flush_seconds)
            except Exception:
                # The messages stay in the outbox.
                pass
            network.stop()
            await asyncio.to_thread(network.join)

    def _on_change(self) -> None:
        # The loop may have ended.
        try:
            self._loop.call_soon_threadsafe(self._changed.set)
        except RuntimeError:
            pass

    async def _run(self, steps: Steps[T]) -> T:
        """Runs the steps of an operation."""
        try:
            future = next(steps)
            while True:
                future = steps.send(await asyncio.wrap_future(future))
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            # Steps that did not end release what they opened.
            steps.close()
