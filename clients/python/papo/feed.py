"""The feed: the events that the program has not taken yet.

The network thread adds events, the program takes them. The feed is bounded: if the program is
slow, the feed drops the events of a conversation, and later reads them from the history. A
program that continues at a number uses the same way.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .core.decode import Json
from .event import Event

EVENTS_MAX = 4_096
BYTES_MAX = 16 * 1024 * 1024
# The number of waiting events below which the feed reads the history.
EVENTS_LOW = 512


@dataclass(frozen=True, eq=False)
class PageRequest:
    """A request for the events of a conversation after a number."""

    conversation: str
    after: int


class Feed:
    """`on_change` is called when an event was added, and when the feed ended."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.on_change = on_change
        self.lock = threading.Lock()
        self._events: deque[Event] = deque()
        self._bytes = 0
        # The number of the last event of each conversation that was added.
        self._added: dict[str, int] = {}
        # The conversations whose next events are in the history, with their newest known event.
        self._behind: dict[str, int] = {}
        self._pending: PageRequest | None = None
        self._only: frozenset[str] | None = None
        self._is_held = False
        self._failure: Exception | None = None

    def hold(self, conversations: frozenset[str] | None) -> None:
        """Adds only events of these conversations from now on, and none before `start`."""
        with self.lock:
            self._only = conversations
            self._is_held = True
            self._failure = None

    def start(self, positions: Mapping[str, int]) -> None:
        """Continues these conversations after these numbers, and the others where they were.

        The program follows the conversations already. So each event that is not in the history
        yet is offered later.
        """
        with self.lock:
            self._is_held = False
            self._pending = None
            kept = [event for event in self._events if event.conversation not in positions]
            self._events = deque(kept)
            self._bytes = sum(len(event.line) for event in kept)
            for conversation, n in positions.items():
                if self._only is None or conversation in self._only:
                    self._added[conversation] = n
            for conversation, n in self._added.items():
                self._behind.setdefault(conversation, n)
        self.on_change()

    def clear(self) -> None:
        """Forgets all numbers: the server has returned to an earlier state."""
        with self.lock:
            self._added.clear()
            self._behind.clear()
            self._pending = None

    def offer(self, entry: Json) -> None:
        """Adds the next event of a conversation."""
        conversation, n = entry["conversation"], entry["n"]
        with self.lock:
            if self._only is not None and conversation not in self._only:
                return
            if conversation in self._behind:
                self._behind[conversation] = max(self._behind[conversation], n)
            elif self._is_held or self._is_full() or n > self._last(conversation, n) + 1:
                self._added[conversation] = self._last(conversation, n)
                self._behind[conversation] = n
            else:
                self._add(entry)
        self.on_change()

    def next_page(self) -> PageRequest | None:
        """The page to request from the history."""
        with self.lock:
            if not self._needs_page():
                return None
            conversation = next(iter(self._behind))
            self._pending = PageRequest(conversation, self._added.get(conversation, 0))
            return self._pending

    def page(self, request: PageRequest, head: int, entries: list[Json]) -> None:
        """Adds a page of the history."""
        conversation = request.conversation
        with self.lock:
            # The feed can have started again since the request.
            if self._pending is not request:
                return
            self._pending = None
            known = max(self._behind.pop(conversation, 0), head)
            for entry in entries:
                self._add(entry)
            # An event can arrive before the reply that the server sent earlier.
            is_incomplete = bool(entries) or known > head
            if is_incomplete and self._added.get(conversation, 0) < known:
                # The other conversations have their turn before the next page.
                self._behind[conversation] = known
        self.on_change()

    def page_failed(self, request: PageRequest, is_final: bool) -> None:
        """Handles the error of a request for a page."""
        with self.lock:
            if self._pending is request:
                self._pending = None
                if is_final:
                    self._behind.pop(request.conversation, None)

    def fail(self, failure: Exception) -> None:
        """Ends the feed: the program gets the error after the events."""
        with self.lock:
            self._failure = failure
        self.on_change()

    def take(self) -> Event | None:
        """The next event. Raises the error that ended the feed."""
        with self.lock:
            if self._events:
                event = self._events.popleft()
                self._bytes -= len(event.line)
                return event
            if self._failure is not None:
                raise self._failure
            return None

    def needs_page(self) -> bool:
        """Whether a page must be requested now."""
        with self.lock:
            return self._needs_page()

    def _needs_page(self) -> bool:
        is_low = len(self._events) < EVENTS_LOW
        return bool(self._behind) and self._pending is None and is_low and not self._is_held

    def _last(self, conversation: str, n: int) -> int:
        """The number of the last event that was added before the event `n`."""
        return self._added.get(conversation, n - 1)

    def _is_full(self) -> bool:
        return len(self._events) >= EVENTS_MAX or self._bytes >= BYTES_MAX

    def _add(self, entry: Json) -> None:
        conversation, n = entry["conversation"], entry["n"]
        if n > self._added.get(conversation, 0):
            self._added[conversation] = n
            self._events.append(Event.of(entry))
            self._bytes += len(entry["line"])
