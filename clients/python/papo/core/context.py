"""The state that all components share."""

from collections.abc import Iterable
from typing import Any

from .channel_names import ChannelNames
from .decode import Json
from .entry import read_amended
from .errors import error_of, read
from .plain_request import WITHOUT_TOKEN, sort_members
from .requests import SHARED, Frame, Origin, Outstanding, Pending, Requests, is_of_sync, request_line
from .rng import Rng
from .types import page


class Context:
    def __init__(self, seed: int) -> None:
        self.now = 0
        self.account: Json | None = None
        # The later names of channels.
        self.names = ChannelNames()
        self.requests = Requests()
        self.effects: list[Json] = []
        self.rng = Rng(seed)

    @property
    def user(self) -> str | None:
        """The name of the user, if one is logged in."""
        return None if self.account is None else str(self.account["user"])

    def set_names(self, first: str, names: Json) -> None:
        """Replaces the later names of the channel `first`, and reports the change."""
        if self.names.set(first, names):
            self._emit_names(first)

    def rename(self, first: str, name: str) -> None:
        """Applies a renaming that was just published, and reports the change."""
        if self.names.rename(first, name):
            self._emit_names(first)

    def _emit_names(self, channel: str) -> None:
        self.emit_news("named", channel=channel, names=self.names.later(channel))

    def set_own_topic(self, topic: str) -> bool:
        """Sets the user's own topic. Returns whether it has moved."""
        if self.account is None or self.account["topic"] == topic:
            return False
        self.account["topic"] = topic
        return True

    def emit(self, *effects: Json) -> None:
        self.effects.extend(effects)

    def emit_news(self, kind: str, **members: Any) -> None:
        self.effects.append({"kind": "news", "news": {"kind": kind, **members}})

    def answer(self, ticket: int, outcome: Json) -> None:
        self.effects.append({"kind": "answer", "ticket": ticket, "outcome": outcome})

    def take_effects(self) -> list[Json]:
        effects, self.effects = self.effects, []
        return effects

    def request(self, origin: Origin, method: str, params: Json, frame: Frame = SHARED) -> None:
        """Sends a request with the account's token, and repeats it until it has a reply."""
        if self._has_account(origin):
            self._open(frame, origin, method, {**self.token(), **params})

    def request_for(self, ticket: int, pending: Pending, method: str, params: Json) -> None:
        """Like `request`, for a command."""
        self.request(Origin("command", ticket, pending), method, params)

    def request_without_token(self, origin: Origin, method: str, params: Json) -> None:
        """Like `request`, for a method that needs no account."""
        self._open(SHARED, origin, method, params)

    def transmit(self, ticket: int, pending: Pending, method: str, params: Json) -> None:
        """Sends a plain request for a command."""
        origin = Origin("command", ticket, pending)
        needs_token = method not in WITHOUT_TOKEN
        if not needs_token or self._has_account(origin):
            members = {**params, **self.token()} if needs_token else params
            self._open(SHARED, origin, method, sort_members(members))

    def token(self) -> Json:
        """The token of the account, as a parameter."""
        token = None if self.account is None else self.account["token"]
        return {} if token is None else {"token": token}

    def _has_account(self, origin: Origin) -> bool:
        """Whether a user is logged in. Otherwise a command fails."""
        if self.account is None and origin.kind == "command":
            self.answer(origin.ticket, {"error": error_of("not_logged_in")})
        return self.account is not None

    def _open(self, frame: Frame, origin: Origin, method: str, params: Json) -> None:
        self.emit(self.requests.open(self.now, self.rng, origin, frame, method, params))

    def repeat_requests(self) -> bool:
        """Repeats the requests that are due. Returns whether one of them had no reply."""
        resent, is_reply_missing = self.requests.take_due(self.now, self.rng)
        self.emit(*resent)
        return is_reply_missing

    def resend_requests(self) -> None:
        """Repeats the pending requests at once, except the requests of sync."""
        due = self.now + self.rng.wait_ms(0)
        self.emit(*self.requests.resend(due, 0, lambda origin: not is_of_sync(origin)))

    def complete_request(self, id: int, error: Json | None) -> Outstanding | None:
        return self.requests.complete(self.now, self.rng, id, error)

    def send_once(self, method: str, params: Json) -> int:
        """Sends a request without retries. Returns its id."""
        id = self.requests.fresh_id()
        line = request_line(id, method, {**self.token(), **params})
        self.emit({"kind": "send", "id": id, "line": line})
        return id

    def entries(self, result: Any) -> tuple[int, list[Json]]:
        """Decodes a page of history: the head and the entries."""
        found = read(page, result)
        events: Iterable[Any] = found["events"]
        entries = [read_amended(self.user or "", event) for event in events]
        return found["head"], [entry for entry in entries if entry is not None]
