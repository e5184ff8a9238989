"""The outbox: messages without an acknowledgement, in the order of sending.

The outbox sends messages in flights. A flight is one frame of messages. The next flight is sent
when each message of the current flight has a reply, so messages stay in order even if a frame is
lost and repeated.

A message with a temporary error stays in the outbox: after the delay that the server requested,
it is the first message of the next flight. A message with a permanent error is removed.

Each message is stored on the client before it is sent: see persist.py.
"""

from dataclasses import dataclass

from . import limits
from .context import Context
from .decode import Json
from .entry import own_entry
from .errors import error_of, is_temporary, outcome_of, read, take
from .names import utf8_length
from .requests import request_line
from .types import sent


@dataclass
class QueuedMessage:
    """A message in the queue. Persisted messages are in front of the other messages.

    `since` is the time at which the user sent it. `request` is the id of all attempts.
    """

    message: Json
    since: int
    is_persisted: bool
    request: int | None = None
    is_in_flight: bool = False


@dataclass
class Stored:
    """A message that the server has stored, with its event. `entry` is None after an error."""

    message: Json
    entry: Json | None


class Outbox:
    def __init__(self) -> None:
        # The sender of all messages.
        self.owner: str | None = None
        self.queue: list[QueuedMessage] = []
        # Bytes of text in the queue.
        self.bytes = 0
        # The number of messages at the front that were reported as "delayed" or "outboxLoaded".
        self.reported = 0
        # The number of messages of the flight without a reply.
        self.in_flight = 0
        self.has_flight = False
        # The timeout of the flight. Without a flight, the earliest time of the next flight.
        self.due = 0
        # The number of consecutive flights that timed out or had postponed messages.
        self.attempt = 0
        # The delay of the next flight, if messages of the current flight were postponed.
        self.postponed_ms: int | None = None

    def deadline(self) -> int | None:
        return self.due if self.queue and self.queue[0].is_persisted else None

    def send(self, cx: Context, message: Json) -> bool:
        """Adds a message, which is sent when it is persisted. Returns whether it was accepted."""
        if cx.user is None:
            report_refusal(cx, message, error_of("not_logged_in"))
            return False
        size = utf8_length(message["text"])
        is_long = len(self.queue) >= limits.OUTBOX_MESSAGES_MAX
        if is_long or self.bytes + size > limits.OUTBOX_BYTES_MAX:
            report_refusal(cx, message, error_of("outbox_full"))
            return False
        self.set_owner(cx.now, cx.user)
        cx.emit({"kind": "persist", "message": message})
        self.bytes += size
        self.queue.append(QueuedMessage(message, cx.now, is_persisted=False))
        return True

    def set_owner(self, now: int, owner: str) -> None:
        self.owner = owner
        if not self.queue:
            self.due = now

    def send_due(self, cx: Context) -> bool:
        """Sends the next flight if it is due. Returns whether the previous flight timed out."""
        due = self.deadline()
        if cx.account is None or due is None or due > cx.now:
            return False
        is_overdue = self.in_flight > 0
        if is_overdue:
            self._abort_flight()
            self.attempt += 1
        self._start_flight(cx)
        self.due = cx.now + cx.rng.wait_ms(self.attempt)
        return is_overdue

    def _start_flight(self, cx: Context) -> None:
        size = 0
        self.postponed_ms = None
        self.in_flight = 0
        for item in self.queue[: limits.FLIGHT_MESSAGES_MAX]:
            if not item.is_persisted or size >= limits.FLIGHT_BYTES_MAX:
                break
            if item.request is None:
                item.request = cx.requests.fresh_id()
            message = item.message
            params = {**cx.token(), **{name: message[name] for name in ("to", "id", "text")}}
            if message["reply"] is not None:
                params["reply"] = message["reply"]
            line = request_line(item.request, "message.send", params)
            size += utf8_length(line)
            item.is_in_flight = True
            self.in_flight += 1
            cx.emit({"kind": "send", "id": item.request, "line": line})
        self.has_flight = self.in_flight > 0

    def resend_flight(self, cx: Context, attempt: int) -> None:
        """Sends the messages of the flight again, to another endpoint."""
        if self.in_flight > 0:
            self._abort_flight()
            self.attempt = attempt
            self.due = cx.now
            self.send_due(cx)

    def _abort_flight(self) -> None:
        for item in self.queue:
            item.is_in_flight = False
        self.in_flight = 0
        self.has_flight = False

    def reply(self, cx: Context, id: int, outcome: Json) -> Stored | None:
        """Handles a reply. None if its request is not a message of the outbox."""
        found = (at for at, item in enumerate(self.queue) if item.request == id)
        position = next(found, None)
        if position is None:
            return None
        item = self.queue[position]
        self.in_flight -= 1 if item.is_in_flight else 0
        item.is_in_flight = False
        reply = outcome_of(lambda: read(sent, take(outcome)))
        if "ok" in reply:
            message = self.remove(position)
            return Stored(message, own_entry(cx.user or "", message, reply["ok"]))
        if is_temporary(reply["error"]):
            self._postpone(cx, reply["error"])
        else:
            _discard(cx, self.remove(position), reply["error"])
        return Stored(item.message, None)

    def _postpone(self, cx: Context, error: Json) -> None:
        """Delays the next flight for the time that the server requested.

        Without a requested time, it is the usual wait for a reply.
        """
        usual = cx.rng.wait_ms(self.attempt)
        requested = error["data"].get("wait_ms")
        wait_ms = usual if requested is None else max(requested, limits.POSTPONED_MS_MIN)
        self.postponed_ms = max(self.postponed_ms or 0, wait_ms)

    def end_flight(self, cx: Context) -> None:
        """Ends the flight if each of its messages has a reply.

        The next flight is sent now, or after a requested delay.
        """
        if not self.has_flight or self.in_flight > 0:
            return
        self.has_flight = False
        self.attempt = 0 if self.postponed_ms is None else self.attempt + 1
        self.due = cx.now + (self.postponed_ms or 0)
        self.postponed_ms = None
        self.send_due(cx)

    def remove(self, position: int) -> Json:
        item = self.queue.pop(position)
        self.bytes -= utf8_length(item.message["text"])
        self.reported -= 1 if position < self.reported else 0
        return item.message

    def forget_request_ids(self) -> None:
        """Forgets the ids of the requests: replies to the ended session must be ignored."""
        self._abort_flight()
        for item in self.queue:
            item.request = None

    def discard_unless_owned_by(self, cx: Context, user: str | None) -> None:
        """Discards all messages unless `user` wrote them: another user must not send them."""
        if self.owner != user:
            queue = self.queue
            vars(self).update(vars(Outbox()))
            for item in queue:
                _discard(cx, item.message, error_of("unsent_at_end"))


def acknowledge(cx: Context, message: Json, entry: Json, entry_follows: bool) -> None:
    """Reports that the server has stored a message."""
    cx.emit({"kind": "forget", "id": message["id"]})
    cx.emit_news("sent", message=message, outcome={"ok": entry}, entryFollows=entry_follows)


def _discard(cx: Context, message: Json, error: Json) -> None:
    """Deletes a message from the storage, and reports that the message was not sent."""
    cx.emit({"kind": "forget", "id": message["id"]})
    report_refusal(cx, message, error)


def report_refusal(cx: Context, message: Json, error: Json) -> None:
    cx.emit_news("sent", message=message, outcome={"error": error}, entryFollows=False)
