"""The network thread: it owns the sockets and the session core."""

import contextlib
import queue
import secrets
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import zmq

from .address import Address
from .core.decode import Json
from .core.driver import step
from .core.errors import PapoError, error_of, is_temporary
from .core.limits import FRAME_BYTES_MAX, FRAME_LINES_MAX, HISTORY_EVENTS_MAX, LINE_BYTES_MAX
from .core.session import Session
from .feed import Feed, PageRequest
from .outbox_file import Outbox

# The messages that one round of the loop receives from one socket.
MESSAGES_PER_ROUND_MAX = 256
# The request lines that wait for a socket. The session sends a dropped line again.
LINES_QUEUED_MAX = 2 * FRAME_LINES_MAX
# The silence after which the socket for requests is replaced.
RENEW_AFTER_MS = 10_000
# The wait before the next attempt to read the history after a temporary error.
PAGE_RETRY_MS = 1_000
# The wait for the reply to the report that the user is offline.
QUIT_MS_MAX = 500


class Closed(Exception):
    """The client is closed."""


class Network(threading.Thread):
    """Runs until `stop` is called. All methods except `submit` and `stop` are of the thread."""

    def __init__(
        self,
        addresses: list[Address],
        outbox: Outbox,
        feed: Feed,
        on_news: Callable[[Json], None],
    ) -> None:
        super().__init__(name="papo", daemon=True)
        self.addresses = addresses
        self.outbox = outbox
        self.feed = feed
        self.on_news = on_news
        self.session = Session(secrets.randbits(64), len(addresses))
        self.context: zmq.Context[Any] = zmq.Context()
        self.address = addresses[0]
        self.dealer = self._new_dealer()
        self.subscriber: zmq.Socket[Any] | None = None
        # Lines that share a frame, and lines that are alone in their frame, by request id.
        self.lines: dict[int, str] = {}
        self.alone: dict[int, tuple[str, bytes | None]] = {}
        self.answers: dict[int, Future[Json]] = {}
        # The futures of the messages without an acknowledgement, by the id of the message.
        self.sending: dict[str, list[Future[Json]]] = {}
        self.last_ticket = 0
        self.renew_at: int | None = None
        self.page_at = 0
        self.inputs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.wake_reader, self.wake_writer = socket.socketpair()
        self.wake_reader.setblocking(False)
        self.wake_writer.setblocking(False)
        self.is_stopping = False
        self.failure: Exception | None = None
        self.end_lock = threading.Lock()
        self.started_at = time.monotonic()

    # Any thread

    def submit(self, run: Callable[[], None]) -> None:
        """Runs a function in the thread."""
        with self.end_lock:
            if self.failure is not None:
                raise self.failure
            self.inputs.put(run)
            self._wake()

    def command(self, command: Json) -> "Future[Json]":
        """Carries out a command of the session. The future has its answer."""
        future: Future[Json] = Future()

        def run() -> None:
            self.last_ticket += 1
            self.answers[self.last_ticket] = future
            self.session.command(self.now(), self.last_ticket, command)

        self.submit(run)
        return future

    def send(self, message: Json) -> "Future[Json]":
        """Sends a message. The future has its entry."""
        future: Future[Json] = Future()

        def run() -> None:
            self.sending.setdefault(message["id"], []).append(future)
            self.session.command(self.now(), 0, {"kind": "send", "message": message})

        self.submit(run)
        return future

    def stop(self) -> None:
        self.is_stopping = True
        with contextlib.suppress(Exception):
            self.submit(lambda: None)

    def _wake(self) -> None:
        # A full buffer wakes the thread already.
        with contextlib.suppress(BlockingIOError):
            self.wake_writer.send(b"x")

    # The thread

    def run(self) -> None:
        failure: Exception = Closed("the client is closed")
        try:
            while not self.is_stopping:
                self._wait(self._deadline())
                self._round()
            self._quit()
        except Exception as problem:
            failure = problem
        finally:
            self._end(failure)

    def _round(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.wake_reader.recv(4096)
        with contextlib.suppress(queue.Empty):
            while True:
                self.inputs.get_nowait()()
        self._receive_events()
        self._receive_replies()
        self._renew_if_due()
        self._request_page()
        self.session.tick(self.now())
        while self.session.cx.effects:
            step(self.session, self)
        self._flush()

    def _deadline(self) -> int | None:
        page_at = self.page_at if self.feed.needs_page() else None
        times = (self.session.deadline(), self.renew_at, page_at)
        return min((at for at in times if at is not None), default=None)

    def _wait(self, deadline: int | None) -> None:
        poller = zmq.Poller()
        is_waiting = bool(self.lines or self.alone)
        poller.register(self.dealer, zmq.POLLIN | (zmq.POLLOUT if is_waiting else 0))
        if self.subscriber is not None:
            poller.register(self.subscriber, zmq.POLLIN)
        poller.register(self.wake_reader, zmq.POLLIN)
        poller.poll(None if deadline is None else max(deadline - self.now(), 0))

    def _receive_events(self) -> None:
        for _ in range(MESSAGES_PER_ROUND_MAX):
            frames = _receive(self.subscriber)
            if frames is None:
                return
            if len(frames) == 2:
                topic, lines = (frame.decode(errors="replace") for frame in frames)
                self.session.events(self.now(), topic, lines)

    def _receive_replies(self) -> None:
        for _ in range(MESSAGES_PER_ROUND_MAX):
            frames = _receive(self.dealer)
            if frames is None:
                return
            if len(frames) < 2 or frames[0] != b"":
                continue
            lines = frames[1].decode(errors="replace")
            if len(frames) == 2:
                self.session.replies(self.now(), lines)
            else:
                self.session.replies_with_bytes(self.now(), lines, frames[2])

    def _renew_if_due(self) -> None:
        """Replaces the socket for requests, with new keys, while the server does not reply."""
        if self.renew_at is not None and self.renew_at <= self.now():
            self.renew_at = self.now() + RENEW_AFTER_MS
            self.renew()

    def renew(self) -> None:
        """Connects again with new keys. The session sends lost lines again."""
        self.dealer.close()
        self.dealer = self._new_dealer()

    def use_addresses(self, addresses: list[Address]) -> None:
        """Connects to other addresses of the node."""
        self.addresses, self.address = addresses, addresses[0]
        self.session.link.endpoints = len(addresses)
        self.session.link.endpoint = 0
        self.renew()

    def _new_dealer(self) -> "zmq.Socket[Any]":
        return self.address.connect(self.context, zmq.DEALER, self.address.endpoint)

    def _request_page(self) -> None:
        """Requests the next page of the history for the feed."""
        if self.now() < self.page_at or self.session.cx.account is None:
            return
        page = self.feed.next_page()
        if page is None:
            return
        future: Future[Json] = Future()
        future.add_done_callback(lambda done: self._page_received(page, done))
        self.last_ticket += 1
        self.answers[self.last_ticket] = future
        position = {"conversation": page.conversation, "after": page.after}
        params = {**position, "limit": HISTORY_EVENTS_MAX}
        command = {"kind": "request", "method": "message.history", "params": params}
        self.session.command(self.now(), self.last_ticket, command)

    def _page_received(self, page: PageRequest, done: "Future[Json]") -> None:
        try:
            head, entries = self.session.cx.entries(done.result()["result"])
            self.feed.page(page, head, entries)
        except PapoError as failure:
            is_lost = failure.reason == "unauthenticated"
            self.feed.page_failed(page, not is_temporary(failure.error) and not is_lost)
            self.page_at = self.now() + PAGE_RETRY_MS
        except Closed:
            pass

    def _flush(self) -> None:
        """Sends request lines while the socket accepts them."""
        try:
            while self.lines:
                frame = _first_lines(self.lines)
                text = "".join(line for _, line in frame)
                self.dealer.send_multipart([b"", text.encode()], zmq.NOBLOCK)
                for id, _ in frame:
                    del self.lines[id]
            while self.alone:
                id = min(self.alone)
                line, content = self.alone[id]
                frames = [b"", line.encode(), *([] if content is None else [content])]
                self.dealer.send_multipart(frames, zmq.NOBLOCK)
                del self.alone[id]
        except zmq.Again:
            pass

    def _quit(self) -> None:
        """Reports that the user is offline, and waits a short time for the reply."""
        if not self.session.quit():
            return
        deadline = self.now() + QUIT_MS_MAX
        while not self.session.has_quit() and self.now() < deadline:
            step(self.session, self)
            self._flush()
            self._wait(deadline)
            self._receive_replies()

    def _end(self, failure: Exception) -> None:
        with self.end_lock:
            self.failure = failure
        with contextlib.suppress(queue.Empty):
            while True:
                self.inputs.get_nowait()()
        futures = [*self.answers.values(), *(of for all in self.sending.values() for of in all)]
        for future in futures:
            # The program can have cancelled the future.
            if future.set_running_or_notify_cancel():
                future.set_exception(failure)
        self.outbox.close()
        self.context.destroy(linger=0)
        self.wake_reader.close()
        self.wake_writer.close()
        self.feed.fail(failure)

    # The operations of `driver.Io`

    def now(self) -> int:
        return int((time.monotonic() - self.started_at) * 1000)

    def load_outbox(self, user: str) -> list[Json]:
        return self.outbox.load(user)

    def persist(self, messages: list[Json]) -> Json | None:
        try:
            self.outbox.persist(self.session.cx.user or "", messages)
        except OSError as problem:
            return error_of("not_stored_locally", {"error": str(problem)})
        return None

    def forget(self, ids: list[str]) -> None:
        self.outbox.forget(ids)

    def carry_out(self, effect: Json) -> None:
        kind = effect["kind"]
        if kind == "send":
            self.lines[effect["id"]] = effect["line"]
            if len(self.lines) > LINES_QUEUED_MAX:
                del self.lines[min(self.lines)]
        elif kind == "sendAlone":
            self.alone[effect["id"]] = (effect["line"], effect["bytes"])
        elif kind == "useEndpoint":
            self.address = self.addresses[effect["index"]]
            self.renew()
        elif kind == "connect":
            self._connect_events(effect["endpoint"])
        elif kind in ("subscribe", "unsubscribe") and self.subscriber is not None:
            getattr(self.subscriber, kind)(effect["topic"].encode())
        elif kind == "answer":
            self._answer(effect["ticket"], effect["outcome"])
        elif kind == "news":
            self._news(effect["news"])

    def _connect_events(self, advertised: str) -> None:
        """Replaces the socket for events with a new socket without subscriptions."""
        if self.subscriber is not None:
            self.subscriber.close()
            self.subscriber = None
        endpoint = self.address.events_endpoint(advertised)
        # After an error, no barrier arrives, and the session connects again.
        with contextlib.suppress(zmq.ZMQError):
            self.subscriber = self.address.connect(self.context, zmq.SUB, endpoint)

    def _answer(self, ticket: int, outcome: Json) -> None:
        future = self.answers.pop(ticket, None)
        if future is not None:
            _resolve(future, outcome)

    def _news(self, news: Json) -> None:
        kind = news["kind"]
        if kind == "entry":
            self.feed.offer(news["entry"])
        elif kind == "sent":
            for future in self.sending.pop(news["message"]["id"], ()):
                _resolve(future, news["outcome"])
        elif kind == "connectionLost":
            self.renew_at = self.now() + RENEW_AFTER_MS
        elif kind == "connectionRestored":
            self.renew_at = None
        elif kind == "rolledBack":
            self.feed.clear()
        elif kind == "sessionEnded":
            self.feed.fail(PapoError(news["error"]))
        self.on_news(news)


def _resolve(future: "Future[Json]", outcome: Json) -> None:
    # The program can have cancelled the future.
    if future.set_running_or_notify_cancel():
        if "error" in outcome:
            future.set_exception(PapoError(outcome["error"]))
        else:
            future.set_result(outcome["ok"])


def _receive(source: "zmq.Socket[Any] | None") -> list[bytes] | None:
    """The frames of the next message, if one has arrived."""
    try:
        return None if source is None else source.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return None


def _first_lines(lines: dict[int, str]) -> list[tuple[int, str]]:
    """The first lines in the order of their ids, up to the limits of a frame."""
    frame, size = [], 0
    for id in sorted(lines)[:FRAME_LINES_MAX]:
        if size + LINE_BYTES_MAX > FRAME_BYTES_MAX:
            break
        frame.append((id, lines[id]))
        size += len(lines[id].encode())
    return frame
