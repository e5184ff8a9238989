"""Requests pages of history: pages that open a conversation, and pages that fill gaps."""

from .context import Context
from .limits import HISTORY_EVENTS_MAX, OPENING_EVENTS, REPAIRS_MAX, UNREAD_EVENTS
from .order import earliest
from .reads import Reads
from .requests import Origin, Pending


class Repairs:
    """The schedule of the pages that fill gaps.

    Each conversation has at most one pending page.
    """

    def __init__(self) -> None:
        # The conversations with gaps, each with the time at which to request a page.
        self.due: dict[str, int] = {}
        self.running: set[str] = set()

    def deadline(self) -> int | None:
        return None if len(self.running) >= REPAIRS_MAX else earliest(self.due.values())

    def plan(self, conversation: str, due: int) -> None:
        """Schedules a page for the time `due`, or earlier, unless a page is pending."""
        if conversation not in self.running:
            self.due[conversation] = min(due, self.due.get(conversation, due))

    def take_due(self, now: int) -> str | None:
        """Takes a conversation whose page is due, if fewer than `REPAIRS_MAX` are pending."""
        if len(self.running) >= REPAIRS_MAX:
            return None
        ready = (conversation for conversation, due in self.due.items() if due <= now)
        conversation = min(ready, default=None)
        if conversation is not None:
            del self.due[conversation]
        return conversation

    def begin(self, cx: Context, conversation: str, after: int, missing: int) -> None:
        """Requests a page of up to `missing` events after the event `after`."""
        self.running.add(conversation)
        origin = Origin("repair", conversation=conversation)
        _request_page(cx, origin, conversation, after, min(missing, HISTORY_EVENTS_MAX))

    def end(self, conversation: str) -> None:
        """The page of this conversation is no longer pending."""
        self.running.discard(conversation)

    def forget(self, conversation: str) -> None:
        self.due.pop(conversation, None)
        self.running.discard(conversation)


def open_conversation(cx: Context, ticket: int, conversation: str, reads: Reads) -> None:
    """Requests the newest page of a conversation, or the page from its first unread event on."""
    reading = reads.unread(conversation)
    limit = OPENING_EVENTS if reading is None else UNREAD_EVENTS
    origin = Origin("command", ticket, Pending("open", conversation))
    _request_page(cx, origin, conversation, None if reading is None else reading["n"], limit)


def request_next_page(cx: Context, ticket: int, conversation: str, reads: Reads) -> None:
    """Requests the page after the events that the open conversation shows."""
    origin = Origin("command", ticket, Pending("nextPage", conversation))
    _request_page(cx, origin, conversation, reads.shown(conversation), UNREAD_EVENTS)


def _request_page(
    cx: Context, origin: Origin, conversation: str, after: int | None, limit: int
) -> None:
    since = {} if after is None else {"after": after}
    params = {"conversation": conversation, **since, "limit": limit}
    cx.request(origin, "message.history", params)
