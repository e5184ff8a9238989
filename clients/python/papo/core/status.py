"""The status of a session: the link, the outbox, and the progress of each conversation."""

from .context import Context
from .conversations import Conversations
from .decode import Json
from .link import Link
from .outbox import Outbox


def _summary_of(link: Link, outbox: Outbox, conversations: Conversations, now: int) -> Json:
    return {
        "connectivity": link.connectivity(now),
        "waiting": len(outbox.queue),
        "delayed": outbox.reported,
        "unread": conversations.unread_elsewhere(),
    }


def status_of(link: Link, outbox: Outbox, conversations: Conversations, now: int) -> Json:
    return {
        "endpoint": link.endpoint,
        "summary": _summary_of(link, outbox, conversations, now),
        "conversations": conversations.sync.timelines.progress(),
    }


class StatusSummaryNews:
    """The summary that the core reported last."""

    def __init__(self) -> None:
        self.last: Json | None = None

    def tick(
        self, cx: Context, link: Link, outbox: Outbox, conversations: Conversations
    ) -> None:
        """Reports the summary if it has changed and the session follows all conversations."""
        is_wanted = conversations.sync.follows_all_conversations()
        if is_wanted or self.last is not None:
            summary = _summary_of(link, outbox, conversations, cx.now)
            if summary != self.last:
                cx.emit_news("statusSummary", summary=summary)
            self.last = summary if is_wanted else None
