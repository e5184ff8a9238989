"""Read marks and unread counts.

The server counts the unread messages in the reply to `read.list`. After that the core counts new
events by the same rules (docs/PROTOCOL.md, "Read marks and mentions"). Events that the open
conversation shows count as read: the core sends a read mark for the last of these events, at
most every `MARK_INTERVAL_MS`.
"""

from typing import Any

from . import types
from .context import Context
from .decode import Json
from .entry import mentions_user
from .errors import read
from .events import is_content
from .levels import Levels
from .limits import MARK_INTERVAL_MS, OWN_UNREAD_MAX
from .names import is_channel
from .plain_request import Pager
from .requests import Origin, Pending


class Reads:
    def __init__(self) -> None:
        # The readings of the list, updated with later events.
        self.readings: dict[str, Json] = {}
        # The numbers of the user's own messages after the first unread event. They never counted
        # as unread, so their deletion does not change the count.
        self.own_messages: dict[str, list[int]] = {}
        # Whether the list has arrived. After that, a conversation without a reading is new.
        self.is_listed = False
        # The open conversation, and the last event up to which it shows all.
        self.opened: tuple[str, int] | None = None
        self.is_mark_due = False
        # Closed conversations whose read mark is not sent yet.
        self.closed: dict[str, int] = {}
        # The earliest time of the next read mark.
        self.next_mark = 0

    def deadline(self) -> int | None:
        return self.next_mark if self.is_mark_due or self.closed else None

    def unread(self, conversation: str) -> Json | None:
        """The reading of a conversation, if it has unread messages."""
        reading = self.readings.get(conversation)
        return reading if reading is not None and reading["unread"] > 0 else None

    def unread_elsewhere(self, levels: Levels) -> int:
        """The number of unread messages, by their levels, except in the open conversation."""
        readings = self.readings.values()
        return sum(levels.unread(of) for of in readings if not self.is_open(of["conversation"]))

    def is_open(self, conversation: str) -> bool:
        return self.opened is not None and self.opened[0] == conversation

    def shown(self, conversation: str) -> int | None:
        """The last event that the open conversation shows. None for another conversation."""
        is_open = self.opened is not None and self.opened[0] == conversation
        return self.opened[1] if is_open and self.opened is not None else None

    def open(self, conversation: str, shown: int) -> None:
        """Opens a conversation, which shows its events up to `shown`."""
        if self.opened is not None and self.opened[0] != conversation:
            self._close(*self.opened)
        # A conversation without unread messages needs no mark.
        is_unread = not self.readings or self.unread(conversation) is not None
        mark = self.readings.get(conversation, {"n": 0})["n"]
        self.is_mark_due = is_unread and shown > mark
        self.opened = (conversation, shown)

    def _close(self, conversation: str, shown: int) -> None:
        """Closes a conversation. The events up to `shown` are read."""
        reading = self.readings.get(conversation)
        if reading is not None and reading["head"] <= shown:
            self.readings[conversation] = {**reading, "n": shown, "unread": 0}
        if self.is_mark_due:
            self.closed[conversation] = shown

    def forget(self, conversation: str) -> None:
        """Forgets a conversation that the user may no longer read."""
        self.readings.pop(conversation, None)
        self.own_messages.pop(conversation, None)
        self.closed.pop(conversation, None)
        if self.is_open(conversation):
            self.is_mark_due = False

    def forget_other_channels(self, channels: set[str]) -> None:
        known = [*self.readings, *self.own_messages, *self.closed]
        if self.opened is not None:
            known.append(self.opened[0])
        for conversation in known:
            if is_channel(conversation) and conversation not in channels:
                self.forget(conversation)

    def count(self, user: str | None, entry: Json) -> None:
        """Counts an event that is being emitted."""
        conversation, n, event = entry["conversation"], entry["n"], entry["event"]
        is_own = event is not None and event["from"] == user
        if self.is_listed:
            start = {"n": max(n - 1, 0), "head": 0, "unread": 0, "mentions": 0}
            reading = self.readings.get(conversation, start)
            reading = {"conversation": conversation, **reading}
            # The server has counted the events up to the head.
            if n > reading["head"]:
                reading["mentions"] += not is_own and mentions_user(entry, user)
                own = self.own_messages.setdefault(conversation, [])
                _count(reading, own, is_own, entry)
            self.readings[conversation] = reading
        if self.opened is not None and self.opened == (conversation, n - 1):
            self.opened = (conversation, n)
            self.is_mark_due = self.is_mark_due or (not is_own and is_content(event))

    def listed(self, cx: Context, ticket: int, pager: Pager, result: Any) -> Json | None:
        """Handles a page of the list. Returns None if the next page was requested."""
        if pager.take(result):
            _request_page(cx, ticket, pager)
            return None
        self.readings = {reading["conversation"]: reading for reading in pager.items}
        self.is_listed = True
        return {"kind": "reads", "readings": pager.items}

    def marked(self, conversation: str, result: Any) -> Json:
        """Handles the reply to the command "markRead", without waiting for the notice."""
        unread = read(types.marked, result)["unread"]
        reading = self.readings.get(conversation)
        if reading is not None and unread == 0:
            read_all = {"n": reading["head"], "unread": 0, "mentions": 0}
            self.readings[conversation] = {**reading, **read_all}
        return {"kind": "unread", "count": unread}

    def tick(self, cx: Context) -> None:
        """Sends the marks that are due."""
        due = self.deadline()
        if due is None or due > cx.now:
            return
        marks = sorted(self.closed.items())
        if self.is_mark_due and self.opened is not None:
            marks.append(self.opened)
        self.is_mark_due = False
        self.closed.clear()
        self.next_mark = cx.now + MARK_INTERVAL_MS
        cx.requests.forget(lambda origin: origin.kind == "mark")
        for conversation, n in marks:
            cx.request(Origin("mark"), "read.mark", {"conversation": conversation, "n": n})

    def notice(self, cx: Context, notice: Json, is_readable: bool) -> None:
        """Handles a notice that the user has read events.

        `is_readable` is False if the user is no longer a member.
        """
        conversation, n = notice["conversation"], notice["n"]
        head = max(n, self.readings.get(conversation, {"head": 0})["head"])
        counts = {"unread": notice["unread"], "mentions": notice["mentions"]}
        reading = {"conversation": conversation, "n": n, "head": head, **counts}
        if self.is_listed and is_readable:
            self.readings[conversation] = reading
        cx.emit_news("read", reading=reading)


def request_reads(cx: Context, ticket: int) -> None:
    """Requests the read marks and unread counts of all conversations."""
    pager = Pager("read.list", "conversations", types.reading, "conversation")
    _request_page(cx, ticket, pager)


def _request_page(cx: Context, ticket: int, pager: Pager) -> None:
    cx.transmit(ticket, Pending("reads", pager=pager), pager.method, pager.params())


def mark(cx: Context, ticket: int, conversation: str, n: int) -> None:
    params = {"conversation": conversation, "n": n}
    cx.request_for(ticket, Pending("mark", conversation), "read.mark", params)


def _count(reading: Json, own: list[int], is_own: bool, entry: Json) -> None:
    """Counts an event by the rules of the server.

    Mentions are counted before. Only the server knows whether a deleted message mentioned the
    user.
    """
    n, event = entry["n"], entry["event"]
    reading["head"] = n
    kind = None if event is None else event["kind"]
    if is_own and kind == "channel.joined":
        # A new member has no unread messages.
        reading["n"], reading["unread"] = n, 0
    elif event is not None and kind == "message.deleted":
        # Neither the user's own messages nor messages that the user has read count as unread.
        of = event.get("of", 0)
        was_unread = of > reading["n"] and not is_own and of not in own
        reading["unread"] = max(reading["unread"] - was_unread, 0)
    elif not is_content(event):
        return
    elif not is_own:
        reading["unread"] += 1
    elif reading["unread"] == 0:
        # The user's own message is read if no unread message precedes it.
        reading["n"] = n
        own.clear()
    elif len(own) < OWN_UNREAD_MAX:
        own.append(n)
