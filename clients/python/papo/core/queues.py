"""The queues of a session, for tests that check their bounds."""

from . import limits
from .outbox import Outbox
from .requests import Requests
from .sync.timelines import Timelines

# The maximum number of pending requests of sync, and of pending read marks.
SYNC_REQUESTS_MAX = 4
MARKS_MAX = 1
REQUESTS_MAX = (
    limits.COMMANDS_PENDING_MAX + limits.REPAIRS_MAX + SYNC_REQUESTS_MAX + MARKS_MAX
)


def all_queues(
    outbox: Outbox, requests: Requests, timelines: Timelines
) -> dict[str, tuple[int, int]]:
    """The length and the maximum of each queue, by its name."""
    return {
        "outbox": (len(outbox.queue), limits.OUTBOX_MESSAGES_MAX),
        "flight": (outbox.in_flight, limits.FLIGHT_MESSAGES_MAX),
        "requests": (len(requests.outstanding), REQUESTS_MAX),
        "repairs": (len(timelines.repairs.running), limits.REPAIRS_MAX),
        "early events": (timelines.early_events(), limits.EARLY_EVENTS_MAX),
    }
