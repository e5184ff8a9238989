"""Typing: reports that the user is typing, and emits who is typing in the open conversation."""

from collections.abc import Callable

from .context import Context
from .decode import Json
from .limits import TYPING_INTERVAL_MS, TYPING_SHOWN_MS, TYPING_USERS_SHOWN_MAX
from .order import earliest


class Typing:
    def __init__(self) -> None:
        # The conversation and the time of the last report.
        self.reported: tuple[str, int] | None = None
        self.conversation: str | None = None
        # The users who are typing, each with the time until which they are shown.
        self.typing_until: dict[str, int] = {}

    def deadline(self) -> int | None:
        return earliest(self.typing_until.values())

    def end(self) -> None:
        self.reported = None
        self.typing_until.clear()

    def key_typed(self, cx: Context, to: str | None) -> None:
        """Handles a key. `to` is the recipient, if the user is typing a message.

        A report is sent at most once in `TYPING_INTERVAL_MS`.
        """
        last = self.reported
        if to is None:
            self.reported = None
            if last is not None:
                _report(cx, last[0], False)
        elif last is None or last[0] != to or cx.now >= last[1] + TYPING_INTERVAL_MS:
            _report(cx, to, True)
            self.reported = (to, cx.now)

    def message_sent(self, to: str) -> None:
        """Forgets the report for the recipient of a sent message.

        The message itself shows that the user stopped typing.
        """
        if self.reported is not None and self.reported[0] == to:
            self.reported = None

    def open(self, cx: Context, conversation: str) -> None:
        """Starts to show the users who are typing in this conversation."""
        if self.conversation != conversation:
            self._forget(cx, lambda _user, _until: True)
            self.conversation = conversation

    def notice(self, cx: Context, conversation: str, sender: str, typing: bool) -> None:
        if cx.user == sender or self.conversation != conversation:
            return
        if not typing:
            self._forget(cx, lambda user, _: user == sender)
            return
        is_new = sender not in self.typing_until
        if is_new and len(self.typing_until) >= TYPING_USERS_SHOWN_MAX:
            return
        self.typing_until[sender] = cx.now + TYPING_SHOWN_MS
        if is_new:
            self._show(cx)

    def message_arrived(self, cx: Context, entry: Json) -> None:
        """Removes the author of a message, who has stopped typing it."""
        event = entry["event"]
        is_message = event is not None and event["kind"] == "message"
        if self.conversation == entry["conversation"] and is_message and "deleted" not in event:
            self._forget(cx, lambda user, _: user == event["from"])

    def tick(self, cx: Context) -> None:
        """Removes the users whose time has passed without another notice."""
        self._forget(cx, lambda _, until: until <= cx.now)

    def _forget(self, cx: Context, matches: Callable[[str, int], bool]) -> None:
        before = self.typing_until
        self.typing_until = {of: until for of, until in before.items() if not matches(of, until)}
        if len(self.typing_until) != len(before):
            self._show(cx)

    def _show(self, cx: Context) -> None:
        cx.emit_news("typing", users=sorted(self.typing_until))


def _report(cx: Context, to: str, typing: bool) -> None:
    if cx.account is not None:
        cx.send_once("typing.set", {"to": to, "typing": typing})
