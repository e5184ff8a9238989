"""The timeline of one conversation: its next event, early events, and gaps."""

from ..decode import Json
from ..limits import EARLY_EVENTS_MAX


class Timeline:
    """Orders the events of one conversation.

    Exactly the events from its start up to `next` were emitted.
    """

    def __init__(self, next: int) -> None:
        # The number of the next event to emit.
        self.next = next
        # The highest number that the core knows of.
        self.head = 0
        # The highest number that the proxy is known to have published.
        self.published = 0
        # Events that arrived before an earlier event.
        self.early: dict[int, Json] = {}
        # Whether an event was emitted since the timeline started.
        self.has_emitted = False

    def insert(self, entry: Json) -> None:
        """Adds an event, which may arrive in any order, and several times."""
        n = entry["n"]
        self.note_head(n)
        if n < self.next or n in self.early:
            return
        self.early[n] = entry
        if len(self.early) > EARLY_EVENTS_MAX:
            # The newest event is needed last, and `head` keeps its number.
            del self.early[max(self.early)]

    def note_head(self, n: int) -> None:
        """Notes that this event exists."""
        self.head = max(self.head, n)

    def note_published(self, n: int) -> None:
        """Notes that the proxy published this event."""
        self.published = max(self.published, n)

    def is_unpublished(self, n: int) -> bool:
        """Whether the proxy has published neither this event nor a later one."""
        return self.published < n

    def is_past(self, n: int) -> bool:
        """Whether the event was emitted, or is older than the timeline."""
        return n < self.next

    def take_ready(self) -> list[Json]:
        """Removes and returns the events that are next."""
        ready = []
        while self.next in self.early:
            ready.append(self.early.pop(self.next))
            self.next += 1
            self.has_emitted = True
        return ready

    def gap(self) -> tuple[int, int] | None:
        """The first gap: the number of the event before it, and how many events are missing."""
        end = min(self.early) if self.early else self.head + 1
        return (self.next - 1, end - self.next) if self.next < end else None

    def progress(self) -> Json:
        """The numbers of the last event that was emitted, and of the newest event."""
        shown = max(self.next - 1, 0)
        return {"shown": shown, "head": max(self.head, shown)}

    def continue_after(self, shown: int) -> None:
        """Continues after the event `shown`, the last event of a page.

        A page that was requested before the first heads can end before the start of the timeline.
        Then the timeline emits the events in between.
        """
        self.note_head(shown)
        self.next = max(self.next, shown + 1) if self.has_emitted else shown + 1
        self.has_emitted = True
        self.early = {n: entry for n, entry in self.early.items() if n >= self.next}
