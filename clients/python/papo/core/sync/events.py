"""Inserts events into the timelines: from the proxy, from acknowledgements and from pages.

Each event is emitted once, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..context import Context
from ..decode import Json
from ..errors import outcome_of, take
from ..limits import GAP_GRACE_MS
from ..names import is_channel
from .timeline import Timeline

if TYPE_CHECKING:
    from .sync import Sync


def published(sync: Sync, cx: Context, entry: Json) -> list[Json]:
    """Handles an event that the proxy published. Returns the events to emit.

    The proxy keeps the order of the events of a conversation, so a gap means that events were
    lost: the repair is due at once.
    """
    timeline = _timeline_of(sync, entry["conversation"])
    if timeline is None:
        return []
    timeline.note_published(entry["n"])
    timeline.insert(entry)
    return _take_ready(sync, cx, entry["conversation"], cx.now)


def acknowledged(sync: Sync, cx: Context, entry: Json) -> list[Json] | None:
    """Handles an acknowledgement of the user's own message.

    Returns the events to emit, or None if the core does not follow the conversation and has not
    emitted the message before. A gap before the message is repaired after a delay, because the
    missing events may still arrive.
    """
    timeline = _timeline_of(sync, entry["conversation"])
    if timeline is None:
        _end, shown = sync.ended.get(entry["conversation"], (0, 0))
        return [] if entry["n"] <= shown else None
    timeline.insert(entry)
    return _take_ready(sync, cx, entry["conversation"], cx.now + GAP_GRACE_MS)


def _take_ready(sync: Sync, cx: Context, conversation: str, repair_at: int) -> list[Json]:
    """Takes the events to emit. A gap before the next event is repaired at `repair_at`."""
    ready = sync.timelines.take_ready(cx, conversation)
    sync.timelines.look_for_gap(conversation, repair_at)
    return ready


def _timeline_of(sync: Sync, conversation: str) -> Timeline | None:
    """The timeline of a followed conversation.

    A new direct conversation starts with its first event.
    """
    if not is_channel(conversation) and sync.has_heads() and sync.follows(conversation):
        sync.timelines.get_or_start(conversation, 1)
    return sync.timelines.followed.get(conversation)


def continue_after(sync: Sync, conversation: str, shown: int) -> None:
    """Continues after the event `shown`, the last event of the page that opened it."""
    if sync.follows(conversation):
        # The user may have joined the channel in another session, and no heads have contained it
        # yet.
        sync.timelines.get_or_start(conversation, shown + 1).continue_after(shown)


def opened(sync: Sync, cx: Context, conversation: str) -> list[Json]:
    """Returns the events that waited for the page that opens the conversation."""
    return _take_ready(sync, cx, conversation, cx.now)


def next_page(sync: Sync, cx: Context, conversation: str, shown: int | None) -> list[Json]:
    """Continues after the event `shown`, the last event of the last page.

    None means that later pages follow. Returns the events to emit.
    """
    timeline = sync.timelines.followed.get(conversation)
    if shown is not None and timeline is not None:
        timeline.continue_after(shown)
    return sync.timelines.take_ready(cx, conversation)


def repaired(sync: Sync, cx: Context, conversation: str, outcome: Json) -> list[Json] | None:
    """Handles a page that fills a gap.

    Returns the events to emit, or None if the user may no longer read the channel.
    """
    page = outcome_of(lambda: cx.entries(take(outcome))[1])
    reason = page["error"]["data"]["reason"] if "error" in page else ""
    if reason in ("not_member", "no_such_channel"):
        forget(sync, cx, conversation)
        return None
    return sync.timelines.repaired(cx, conversation, page)


def joined(sync: Sync, cx: Context, joined: Json) -> None:
    """Follows a channel that the user has joined, from the event after the join on."""
    channel, n = joined["channel"], joined["n"]
    if not sync.follows(channel):
        return
    sync.timelines.get_or_start(channel, n + 1).note_published(n)
    sync.joined_since.add(channel)
    if sync.topics.subscribe_channel(cx, channel, joined["topic"]):
        sync.topics.raise_barrier(cx)


def forget(sync: Sync, cx: Context, conversation: str) -> None:
    """Stops following one conversation."""
    sync.timelines.forget(cx, conversation)
    sync.topics.unsubscribe_channel(cx, conversation)
