"""Presence: the user's own heartbeat, and that of the other user of the open conversation."""

from .context import Context
from .decode import Json
from .errors import outcome_of, read, take
from .limits import AWAY_AFTER_MS, HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN
from .names import is_channel
from .requests import Origin
from .types import presence_reply


def _is_heartbeat(origin: Origin) -> bool:
    return origin.kind == "presence"


class Presence:
    def __init__(self) -> None:
        # "atKeyboard", "always" or "away". None means that the session reports no presence.
        self.mode: str | None = None
        # The state of the last heartbeat.
        self.last_reported: str | None = None
        # The time of the next heartbeat. None without a login.
        self.due: int | None = None
        self.last_key_ms = 0
        self.connection: str | None = None
        # The open conversation, and the emitted state of its other user.
        self.watched: str | None = None
        self.watched_state: str | None = None
        # The pending request that reports the user as offline.
        self.quit_request: int | None = None

    def deadline(self) -> int | None:
        if self.due is None or self.mode != "atKeyboard" or self.last_reported != "online":
            return self.due
        return min(self.due, self.last_key_ms + AWAY_AFTER_MS)

    def _connection_id(self, cx: Context) -> str:
        """The id of this program among all programs that use the session."""
        if self.connection is None:
            self.connection = cx.rng.uuid()
        return self.connection

    def _state(self, now: int) -> str | None:
        if self.mode is None:
            return None
        is_idle = self.mode == "atKeyboard" and now >= self.last_key_ms + AWAY_AFTER_MS
        return "away" if is_idle or self.mode == "away" else "online"

    def set_mode(self, cx: Context, mode: str) -> None:
        self.mode = mode
        self.last_key_ms = cx.now
        self.report_now(cx)

    def key_typed(self, cx: Context) -> None:
        self.last_key_ms = cx.now
        self.tick(cx)

    def report_now(self, cx: Context) -> None:
        if cx.account is not None and self.mode is not None:
            self.due = cx.now
            self.tick(cx)

    def end(self) -> None:
        self.due = None
        self.last_reported = None

    def tick(self, cx: Context) -> None:
        """Sends a heartbeat if it is due, or if the state has changed."""
        state = self._state(cx.now)
        if state is None or self.due is None:
            return
        if self.due > cx.now and self.last_reported == state:
            return
        self.last_reported = state
        # A pending heartbeat may report an earlier state.
        cx.requests.forget(_is_heartbeat)
        # The reply sets the time of the next heartbeat.
        self.due = cx.now + HEARTBEAT_MS_MAX
        params = {"state": state, "connection": self._connection_id(cx)}
        cx.request(Origin("presence"), "presence.set", params)

    def reported(self, cx: Context, outcome: Json) -> str | None:
        """Handles the reply to a heartbeat. Returns the topic of all users' presence.

        Heartbeats continue after an error: an updated server may support them.
        """
        reply = outcome_of(lambda: read(presence_reply, take(outcome)))
        if "error" in reply:
            return None
        wanted = reply["ok"]["heartbeat_ms"]
        full = min(max(wanted, HEARTBEAT_MS_MIN), HEARTBEAT_MS_MAX)
        self.due = cx.now + cx.rng.up_to_a_quarter_shorter(full)
        return str(reply["ok"]["topic"])

    def quit(self, cx: Context) -> bool:
        """Reports that the user is offline.

        Returns False, and sends nothing, without an earlier heartbeat.
        """
        if cx.account is None or self.last_reported is None:
            return False
        self.last_reported = None
        cx.requests.forget(_is_heartbeat)
        params = {"state": "offline", "connection": self._connection_id(cx)}
        self.quit_request = cx.send_once("presence.set", params)
        self.due = None
        return True

    def quit_acknowledged(self, id: int) -> None:
        if self.quit_request == id:
            self.quit_request = None

    def watch(self, conversation: str) -> None:
        """Emits the presence of the other user of this conversation from now on."""
        if self.watched != conversation:
            self.watched, self.watched_state = conversation, None

    def changed(self, cx: Context, changes: list[Json]) -> None:
        if self.watched is None or is_channel(self.watched):
            return
        for change in changes:
            user, state = change["user"], change["state"]
            is_watched = self.watched == f"@{user}" and user != cx.user
            if is_watched and self.watched_state != state:
                self.watched_state = state
                cx.emit_news("presence", user=user, state=state)
