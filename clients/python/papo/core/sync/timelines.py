"""The timelines of the conversations that are followed, and the repair of their gaps."""

from ..context import Context
from ..decode import Json
from ..history import Repairs
from ..limits import HEADS_INTERVAL_MS
from .timeline import Timeline


class Timelines:
    def __init__(self) -> None:
        self.followed: dict[str, Timeline] = {}
        self.repairs = Repairs()

    def get_or_start(self, conversation: str, next: int) -> Timeline:
        """The timeline of a conversation. A new timeline starts with the event `next`."""
        if conversation not in self.followed:
            self.followed[conversation] = Timeline(next)
        return self.followed[conversation]

    def take_ready(self, cx: Context, conversation: str) -> list[Json]:
        """Removes and returns the events to emit.

        Returns no events while the page that opens the conversation is pending.
        """
        timeline = self.followed.get(conversation)
        if timeline is None or cx.requests.is_opening(conversation):
            return []
        return timeline.take_ready()

    def look_for_gap(self, conversation: str, due: int) -> None:
        """Schedules a repair at the time `due`, if the conversation has a gap."""
        if self.gap(conversation) is not None:
            self.repairs.plan(conversation, due)

    def gap(self, conversation: str) -> tuple[int, int] | None:
        timeline = self.followed.get(conversation)
        return None if timeline is None else timeline.gap()

    def repair_gaps(self, cx: Context) -> None:
        """Requests the pages that are due."""
        while (due := self.repairs.take_due(cx.now)) is not None:
            gap = self.gap(due)
            if gap is not None:
                self.repairs.begin(cx, due, *gap)

    def repaired(self, cx: Context, conversation: str, page: Json) -> list[Json]:
        """Handles the page of a repair, or an error. Returns the events to emit."""
        self.repairs.end(conversation)
        before = self.gap(conversation)
        ready: list[Json] = []
        if "ok" in page:
            timeline = self.followed.get(conversation)
            if timeline is None:
                return ready
            for entry in page["ok"]:
                timeline.insert(entry)
            ready = self.take_ready(cx, conversation)
        # A page without a new event is requested again only later: an immediate reply would be
        # the same.
        is_same = before == self.gap(conversation)
        self.look_for_gap(conversation, cx.now + HEADS_INTERVAL_MS if is_same else cx.now)
        return ready

    def forget(self, cx: Context, conversation: str) -> None:
        """Stops following one conversation."""
        self.followed.pop(conversation, None)
        self.repairs.forget(conversation)
        cx.requests.forget(
            lambda origin: origin.kind == "repair" and origin.conversation == conversation
        )

    def clear(self, cx: Context) -> None:
        cx.requests.forget(lambda origin: origin.kind == "repair")
        self.followed.clear()
        self.repairs = Repairs()

    def progress(self) -> list[Json]:
        timelines = sorted(self.followed.items())
        return [{"conversation": of, **timeline.progress()} for of, timeline in timelines]

    def early_events(self) -> int:
        """The length of the longest queue of early events."""
        return max((len(timeline.early) for timeline in self.followed.values()), default=0)
