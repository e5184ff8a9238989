"""Requests and their replies: ids, origins and retries.

The core repeats a request until a reply arrives. All attempts have the same id, so a late reply
to an earlier attempt is valid.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .decode import Json, encode
from .errors import is_temporary
from .limits import COMMANDS_PENDING_MAX, REPLY_WAIT_MS
from .order import earliest
from .plain_request import Pager
from .rng import Rng


@dataclass
class Pending:
    """A command without an answer, with the data that the handler of its reply needs.

    "endSessions" is `auth.password` or `session.revoke`, "join" is `channel.create` or
    `channel.join`.
    """

    kind: str
    conversation: str = ""
    pager: Pager | None = None


@dataclass
class Origin:
    """The source of a request. It determines how the core handles the reply.

    The kind is "command", "info", "presence", "mark", "heads" or "repair". `heads` is the reason
    for a request for heads: "all" for the initial heads of all conversations, "afterBarrier" for
    events that were published before the subscriptions were in force, "periodic" for events that
    the fan-out lost.
    """

    kind: str
    ticket: int = 0
    pending: Pending = field(default_factory=lambda: Pending("request"))
    heads: str = ""
    cursor: int | None = None
    conversation: str = ""


@dataclass
class Frame:
    """The frame of a request line. Alone: a frame without other lines, with optional bytes."""

    is_alone: bool = False
    content: bytes | None = None


SHARED = Frame()


@dataclass
class Outstanding:
    """A request without a final reply.

    It is postponed after a temporary error: until the next attempt, no reply is expected.
    """

    id: int
    origin: Origin
    line: str
    frame: Frame
    due: int
    attempt: int = 0
    is_postponed: bool = False

    def effect(self) -> Json:
        if self.frame.is_alone:
            return {
                "kind": "sendAlone",
                "id": self.id,
                "line": self.line,
                "bytes": self.frame.content,
            }
        return {"kind": "send", "id": self.id, "line": self.line}

    def is_wait_too_long(self, error: Json) -> bool:
        """Whether the requested delay is too long for a command: the error is then the answer."""
        return self.origin.kind == "command" and error["data"].get("wait_ms", 0) > REPLY_WAIT_MS


def request_line(id: int, method: str, params: Json) -> str:
    return encode({"jsonrpc": "2.0", "id": str(id), "method": method, "params": params}) + "\n"


def is_of_sync(origin: Origin) -> bool:
    """Whether sync sent the request, to follow conversations."""
    return origin.kind in ("info", "heads")


class Requests:
    """All requests except the requests of the outbox, in the order of their ids."""

    def __init__(self) -> None:
        self.last_id = 0
        self.outstanding: dict[int, Outstanding] = {}

    def fresh_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def is_full(self) -> bool:
        return len(self._commands()) >= COMMANDS_PENDING_MAX

    def is_joining_or_leaving(self, channel: str) -> bool:
        """Whether a command to join or leave this channel is pending."""
        return any(
            of.kind in ("join", "leave") and of.conversation == channel for of in self._commands()
        )

    def is_opening(self, conversation: str) -> bool:
        """Whether the page that opens this conversation is pending."""
        return any(
            of.kind == "open" and of.conversation == conversation for of in self._commands()
        )

    def is_beginning_sync(self) -> bool:
        """Whether a request for all heads, or for the endpoint before it, is pending."""
        origins = (request.origin for request in self.outstanding.values())
        return any(
            of.kind == "info" or (of.kind == "heads" and of.heads == "all") for of in origins
        )

    def _commands(self) -> list[Pending]:
        origins = (request.origin for request in self.outstanding.values())
        return [origin.pending for origin in origins if origin.kind == "command"]

    def open(
        self, now: int, rng: Rng, origin: Origin, frame: Frame, method: str, params: Json
    ) -> Json:
        """Adds a request, and returns the effect that sends it."""
        id = self.fresh_id()
        due = now + rng.wait_ms(0)
        request = Outstanding(id, origin, request_line(id, method, params), frame, due)
        self.outstanding[id] = request
        return request.effect()

    def complete(self, now: int, rng: Rng, id: int, error: Json | None) -> Outstanding | None:
        """Removes the request that a reply answers.

        None if the id is unknown, or if the request will be repeated after a temporary error.
        """
        request = self.outstanding.get(id)
        if request is None:
            return None
        if error is not None and is_temporary(error) and not request.is_wait_too_long(error):
            request.due = now + rng.wait_ms(request.attempt)
            request.is_postponed = True
            return None
        del self.outstanding[id]
        return request

    def take_due(self, now: int, rng: Rng) -> tuple[list[Json], bool]:
        """Repeats the requests that are due. Also returns whether one of them had no reply."""
        resent, is_reply_missing = [], False
        for request in self.outstanding.values():
            if request.due <= now:
                is_reply_missing |= not request.is_postponed
                request.is_postponed = False
                request.attempt += 1
                request.due = now + rng.wait_ms(request.attempt)
                resent.append(request.effect())
        return resent, is_reply_missing

    def resend(self, due: int, attempt: int, matches: Callable[[Origin], bool]) -> list[Json]:
        """Repeats the requests whose origin matches at once.

        `due` is the time of the next attempt.
        """
        resent = []
        for request in self.outstanding.values():
            if matches(request.origin):
                request.due, request.attempt, request.is_postponed = due, attempt, False
                resent.append(request.effect())
        return resent

    def deadline(self) -> int | None:
        return earliest(request.due for request in self.outstanding.values())

    def forget(self, matches: Callable[[Origin], bool]) -> None:
        """Forgets the requests whose origin matches. Their replies will be ignored."""
        kept = self.outstanding.items()
        self.outstanding = {id: of for id, of in kept if not matches(of.origin)}

    def clear(self) -> list[int]:
        """Forgets all requests. Returns the tickets of the pending commands."""
        origins = [request.origin for request in self.outstanding.values()]
        self.outstanding.clear()
        return [origin.ticket for origin in origins if origin.kind == "command"]
