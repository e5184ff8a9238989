"""The link to the server.

It records whether the server replies, and switches to another endpoint of the node if replies
are missing. A round is one attempt at each endpoint. In later rounds the core waits longer.
"""

from .context import Context
from .limits import ENDPOINT_SWITCH_MS_MIN, OFFLINE_AFTER_MS
from .requests import Origin, Pending


class Link:
    def __init__(self, endpoints: int) -> None:
        self.endpoints = max(endpoints, 1)
        self.endpoint = 0
        # The number of switches since the last reply.
        self.switches = 0
        self.next_switch_ms = 0
        self.has_replied = False
        # The time at which the first missing reply was overdue.
        self.silent_since: int | None = None

    def is_up(self) -> bool:
        """Whether no reply is overdue."""
        return self.silent_since is None

    def connectivity(self, now: int) -> str:
        if self.silent_since is None:
            return "connected" if self.has_replied else "connecting"
        is_recent = now < self.silent_since + OFFLINE_AFTER_MS
        return "reconnecting" if self.has_replied and is_recent else "offline"

    def reply_missing(self, cx: Context) -> int | None:
        """Handles a missing reply.

        Emits "connectionLost" once, and repeats all requests at the next endpoint, if a switch is
        allowed. Returns the number of completed rounds after a switch, else None.
        """
        self.lost(cx)
        if self.endpoints < 2 or cx.now < self.next_switch_ms:
            return None
        self.endpoint = (self.endpoint + 1) % self.endpoints
        attempt = self.switches // self.endpoints
        self.switches += 1
        cx.emit({"kind": "useEndpoint", "index": self.endpoint})
        self.next_switch_ms = cx.now + ENDPOINT_SWITCH_MS_MIN
        due = cx.now + cx.rng.wait_ms(attempt)
        cx.emit(*cx.requests.resend(due, attempt, lambda _: True))
        return attempt

    def lost(self, cx: Context) -> None:
        """Notes that the server does not reply."""
        if self.silent_since is None:
            self.silent_since = cx.now
            cx.emit_news("connectionLost")

    def reply_received(self, cx: Context) -> bool:
        """Handles any reply. Returns whether replies were missing before this reply."""
        self.has_replied = True
        self.switches = 0
        was_silent = self.silent_since is not None
        self.silent_since = None
        if was_silent:
            cx.emit_news("connectionRestored")
        return was_silent


def ping(cx: Context, ticket: int) -> None:
    cx.request_without_token(Origin("command", ticket, Pending("ping")), "server.info", {})
