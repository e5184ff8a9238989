"""Events that begin or end the user's own membership in a channel.

The server publishes them on the user's own topic and on the channel's topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..context import Context
from ..decode import Json
from ..names import is_channel
from .events import forget

if TYPE_CHECKING:
    from .sync import Sync

# The effect of an event on the user's membership: none, so the core emits the event; the event
# ended the membership; or the event was handled.
EVENT, ENDED, HANDLED = "event", "ended", "handled"


def _change_of(event: Json, me: str) -> str | None:
    """The change of the user's own membership, if the event is one."""
    kind = event["kind"]
    if kind in ("channel.created", "channel.joined"):
        return "began" if event["from"] == me else None
    if kind == "channel.left":
        return "left" if event["from"] == me else None
    if kind in ("channel.kicked", "channel.banned"):
        return "removed" if event["user"] == me else None
    if kind == "channel.deleted":
        return "removed"
    if kind == "channel.invited":
        return "invited" if event["user"] == me else None
    return None


def note_membership(sync: Sync, cx: Context, me: str, entry: Json) -> str:
    """Starts or stops following a channel, if the event begins or ends the membership."""
    conversation, event = entry["conversation"], entry["event"]
    change = None if event is None else _change_of(event, me)
    if change is None or not is_channel(conversation):
        return EVENT
    is_followed = conversation in sync.timelines.followed
    # If a command of this session caused the change, the answer to the command reports it.
    is_own_command = cx.requests.is_joining_or_leaving(conversation)
    if change in ("left", "removed"):
        return _end_membership(sync, cx, entry, change == "left" and is_own_command)
    if change == "began" and not is_followed and not is_own_command:
        _begin_membership(sync, cx, entry)
    elif change == "invited" and not is_followed and sync.follows_all_conversations():
        cx.emit_news("invited", entry=entry)
        return HANDLED
    return EVENT


def _begin_membership(sync: Sync, cx: Context, entry: Json) -> None:
    """Follows a channel that the user joined in another session.

    The next heads contain the channel's topic. A join that arrives after the end of its
    membership is ignored: the two topics have no common order.
    """
    conversation, n = entry["conversation"], entry["n"]
    if has_ended_after(sync, conversation, n):
        return
    sync.ended.pop(conversation, None)
    if sync.has_heads() and sync.follows(conversation):
        sync.timelines.get_or_start(conversation, n)
        sync.heads_due = cx.now


def has_ended_after(sync: Sync, conversation: str, n: int) -> bool:
    """Whether the user's last membership in a channel ended after the event `n`."""
    return n < sync.ended.get(conversation, (0, 0))[0]


def left(sync: Sync, cx: Context, conversation: str) -> None:
    """Stops following a channel that the user has left.

    The number of that event is not known, but it is greater than the numbers of all known events.
    """
    timeline = sync.timelines.followed.get(conversation)
    if timeline is not None:
        _note_end(sync, conversation, timeline.progress()["head"] + 1)
    forget(sync, cx, conversation)


def _note_end(sync: Sync, conversation: str, n: int) -> None:
    timeline = sync.timelines.followed.get(conversation)
    shown = 0 if timeline is None else timeline.progress()["shown"]
    end, last = sync.ended.get(conversation, (0, 0))
    sync.ended[conversation] = (max(n, end), max(shown, last))


def _end_membership(sync: Sync, cx: Context, entry: Json, is_own_command: bool) -> str:
    """Stops following a channel. A late event of an earlier membership is ignored."""
    conversation, n = entry["conversation"], entry["n"]
    timeline = sync.timelines.followed.get(conversation)
    if timeline is not None and timeline.is_past(n):
        return HANDLED
    # A moderator can ban a user who is not a member, so this event adds no channel.
    if timeline is not None or conversation in sync.ended:
        _note_end(sync, conversation, n)
    if timeline is None:
        return HANDLED
    forget(sync, cx, conversation)
    if not is_own_command:
        cx.emit_news("membershipEnded", entry=entry)
    return ENDED


def forget_others(sync: Sync, cx: Context, heads: Json) -> set[str]:
    """Forgets the channels that are not in these heads of all conversations.

    Returns the other channels.
    """
    named = (head["conversation"] for head in heads["heads"])
    channels = {conversation for conversation in named if is_channel(conversation)}
    channels |= sync.joined_since
    for conversation in sorted(sync.timelines.followed):
        if is_channel(conversation) and conversation not in channels:
            left(sync, cx, conversation)
    return channels


def missing_channel(sync: Sync) -> str | None:
    """The only followed channel, if the user is not its member."""
    followed = sync.followed
    if followed is None or followed["kind"] != "one" or not is_channel(followed["conversation"]):
        return None
    conversation = str(followed["conversation"])
    return None if conversation in sync.topics.channels else conversation
