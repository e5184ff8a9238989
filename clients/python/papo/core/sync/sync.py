"""Sync: receives the events of conversations from the proxy, and finds lost events with heads.

The steps are the same at the beginning and after a lost connection:

1. Request the endpoint of the proxy, and connect a new socket.
2. Subscribe to the user's own topic.
3. Request all heads. They contain the topics of the channels: subscribe to these topics.
4. Subscribe to a barrier. When the barrier arrives, all subscriptions are in force.
5. Request heads again. They show the events that were published before the subscriptions were in
   force.
"""

from .. import types
from ..context import Context
from ..decode import Json
from ..errors import PapoError, error_of, outcome_of, read, take
from ..limits import FANOUT_GRACE_MS, GAP_GRACE_MS
from ..names import is_channel
from ..order import earliest
from ..requests import Origin, is_of_sync
from . import memberships
from .beginning import first_event, supported
from .timelines import Timelines
from .topics import Topics


class Sync:
    def __init__(self) -> None:
        # The command "follow": all conversations or one.
        self.followed: Json | None = None
        # The pending command "follow".
        self.ticket: int | None = None
        self.topics = Topics()
        self.timelines = Timelines()
        # Channels that the user left or was removed from, with the number of that event, and of the
        # last event that was emitted before.
        self.ended: dict[str, tuple[int, int]] = {}
        # Channels that the user joined after the last request for all heads.
        self.joined_since: set[str] = set()
        # The cursor of the last heads.
        self.cursor: int | None = None
        # The value of `restored` in the last heads.
        self.restored: int | None = None
        self.heads_due: int | None = None
        # An event that the heads contain, and that the proxy has not published yet: its
        # conversation, its number, and the time at which it counts as lost.
        self.expected: tuple[str, int, int] | None = None

    def follows(self, conversation: str) -> bool:
        if self.followed is None:
            return False
        is_one = self.followed["kind"] == "one"
        return not is_one or conversation == str(self.followed["conversation"])

    def follows_all_conversations(self) -> bool:
        return self.followed is not None and self.followed["kind"] == "everything"

    def has_heads(self) -> bool:
        """Whether heads have arrived. After that, a conversation without a head is new."""
        return self.cursor is not None

    def deadline(self) -> int | None:
        expected = None if self.expected is None else self.expected[2]
        repairs = self.timelines.repairs.deadline()
        return earliest([self.topics.deadline(), expected, self.heads_due, repairs])

    def follow(self, cx: Context, ticket: int, follow: Json) -> None:
        """Starts to follow. The command is answered when all subscriptions are in force."""
        self.followed = dict(follow)
        self.ticket = ticket
        self.reconnect(cx)

    def stop(self, cx: Context, error: Json) -> None:
        """Stops following. A pending command "follow" fails with this error."""
        self.timelines.clear(cx)
        ticket, topics = self.ticket, self.topics
        vars(self).update(vars(Sync()))
        topics.unsubscribe_all(cx)
        cx.requests.forget(is_of_sync)
        if ticket is not None:
            cx.answer(ticket, {"error": error})

    def reconnect(self, cx: Context) -> None:
        """Repeats all steps, because the endpoint of the proxy may have changed.

        Keeps the timelines.
        """
        if self.followed is None:
            return
        self._forget_steps(cx)
        cx.request_without_token(Origin("info"), "server.info", {})

    def _forget_steps(self, cx: Context) -> None:
        cx.requests.forget(is_of_sync)
        self.topics.forget_barrier()
        self.expected = None
        self.heads_due = None

    def resubscribe(self, cx: Context) -> None:
        """Subscribes to all topics again, on a new connection without subscriptions.

        The heads after the barrier then show the lost events.
        """
        # Only the heads of all conversations contain all topics.
        if not self.has_heads() or cx.requests.is_beginning_sync():
            self.reconnect(cx)
            return
        self._forget_steps(cx)
        self.topics.subscribe_all(cx)
        self.topics.raise_barrier(cx)

    def find_lost_events(self, cx: Context) -> None:
        """Finds lost events with a barrier and with the heads after it."""
        if self.has_heads() and not cx.requests.is_beginning_sync():
            self.topics.raise_barrier(cx)

    def info_received(self, cx: Context, outcome: Json) -> None:
        """Connects to the proxy. Raises an error only while a command "follow" is pending."""
        info = outcome_of(lambda: supported(take(outcome)))
        if "error" in info:
            # This barrier never arrives: after its timeout the core repeats all steps.
            self.topics.raise_barrier(cx)
            self._fail_to_begin(info["error"])
        elif cx.account is not None:
            cx.emit({"kind": "connect", "endpoint": info["ok"]["events"]})
            self.topics.subscribe_all(cx)
            self.request_heads(cx, "all")

    def _fail_to_begin(self, error: Json) -> None:
        """Raises the error while a command "follow" is pending.

        Otherwise the core repeats the steps later.
        """
        if self.ticket is not None:
            raise PapoError(error)

    def request_heads(self, cx: Context, heads: str) -> None:
        if heads == "all":
            self.joined_since.clear()
        is_whole = heads == "all" or self.cursor is None
        params = {} if is_whole else {"since": self.cursor}
        cx.request(Origin("heads", heads=heads, cursor=self.cursor), "sync.heads", params)

    def heads_received(self, cx: Context, kind: str, cursor: int | None, outcome: Json) -> Json:
        """Applies heads, which can reveal gaps.

        Returns the effect on the other components: "applied" is none, "channels" has all channels
        that the user is a member of, "rolledBack" says that the server has returned to an earlier
        state. Raises an error only while a command "follow" is pending.
        """
        reply = outcome_of(lambda: read(types.heads, take(outcome)))
        if "error" in reply:
            self.heads_due = cx.now + cx.rng.heads_interval_ms()
            self._fail_to_begin(reply["error"])
            return {"kind": "applied"}
        heads = reply["ok"]
        restored = heads.get("restored")
        # A reply is never older than its request, so a smaller cursor means an earlier state.
        is_behind = cursor is not None and heads["cursor"] < cursor
        was_restored = self.has_heads() and restored != self.restored
        self.restored = restored
        if is_behind or was_restored:
            return {"kind": "rolledBack"}
        self._learn_names(cx, heads)
        return self._apply_heads(cx, kind, heads)

    def _learn_names(self, cx: Context, heads: Json) -> None:
        """Stores the later names of channels.

        The command "follow" may have named its channel by a later name.
        """
        for head in heads["heads"]:
            if is_channel(head["conversation"]):
                cx.set_names(head["conversation"], head)
        if self.followed is not None and self.followed["kind"] == "one":
            self.followed["conversation"] = cx.names.first(self.followed["conversation"])

    def _apply_heads(self, cx: Context, kind: str, heads: Json) -> Json:
        has_own_topic_moved = self.topics.move_own(cx, heads["topic"])
        is_all = kind == "all"
        channels = memberships.forget_others(self, cx, heads) if is_all else None
        is_subscription_new = is_all
        for head in heads["heads"]:
            is_subscription_new = self._apply_head(cx, kind, head) or is_subscription_new
        self.cursor = heads["cursor"]
        missing = memberships.missing_channel(self)
        if missing is not None:
            self._fail_to_begin(error_of("not_member", {"channel": missing}))
        elif has_own_topic_moved and not is_all:
            self.request_heads(cx, "all")
        else:
            self._finish_heads(cx, kind, is_subscription_new)
        if channels is None:
            return {"kind": "applied"}
        return {"kind": "channels", "channels": channels}

    def _finish_heads(self, cx: Context, kind: str, is_subscription_new: bool) -> None:
        if is_subscription_new:
            self.topics.raise_barrier(cx)
        elif kind == "afterBarrier" and self.ticket is not None:
            cx.answer(self.ticket, {"ok": {"kind": "done"}})
            self.ticket = None
        # Periodic heads continue while a barrier is pending: after a lost barrier, the wait can
        # be long.
        self.heads_due = cx.now + cx.rng.heads_interval_ms()

    def _apply_head(self, cx: Context, kind: str, head: Json) -> bool:
        """Applies one head. Returns whether it caused a new subscription."""
        conversation, n, topic = head["conversation"], head["n"], head.get("topic")
        # The server may have read the heads before the end of the membership.
        if not self.follows(conversation) or memberships.has_ended_after(self, conversation, n):
            return False
        first = first_event(self, conversation, n)
        has_moved = topic is not None and self.topics.subscribe_channel(cx, conversation, topic)
        timeline = self.timelines.get_or_start(conversation, first)
        timeline.note_head(n)
        # An event before the barrier or on an old topic can be missing although the proxy works.
        is_in_force = self.topics.deadline() is None and not has_moved
        if kind == "periodic" and is_in_force and timeline.is_unpublished(n):
            if self.expected is None:
                self.expected = (conversation, n, cx.now + FANOUT_GRACE_MS)
        else:
            timeline.note_published(n)
        self.timelines.look_for_gap(conversation, cx.now + GAP_GRACE_MS)
        return has_moved

    def roll_back(self, cx: Context) -> None:
        """Starts again from the state of a server that has returned to an earlier state.

        A restored backup causes this. New events can have the numbers of lost events.
        """
        self.timelines.clear(cx)
        self.ended.clear()
        self.cursor = None
        if self.followed is not None and self.followed["kind"] == "one":
            self.followed["after"] = None
        cx.emit_news("rolledBack")
        self.reconnect(cx)

    def tick(self, cx: Context) -> None:
        """Requests heads that are due. Reconnects if the proxy lost a barrier or an event."""
        deadline = self.topics.deadline()
        is_lost = deadline is not None and deadline <= cx.now
        if self.expected is not None and self.expected[2] <= cx.now:
            conversation, n, _ = self.expected
            self.expected = None
            timeline = self.timelines.followed.get(conversation)
            is_lost = is_lost or (timeline is not None and timeline.is_unpublished(n))
        if is_lost:
            self.topics.note_loss()
            self.reconnect(cx)
        if self.heads_due is not None and self.heads_due <= cx.now:
            self.heads_due = None
            self.request_heads(cx, "periodic")
        self.timelines.repair_gaps(cx)

    def barrier_arrived(self, cx: Context, topic: str) -> None:
        if self.topics.take_barrier(cx, topic):
            self.request_heads(cx, "afterBarrier")

    def topic_moved(self, cx: Context, conversation: str, topic: str) -> None:
        """Follows a channel to its new topic."""
        is_known = conversation in self.topics.channels
        if is_known and self.topics.subscribe_channel(cx, conversation, topic):
            self.topics.raise_barrier(cx)

    def own_topic_moved(self, cx: Context, topic: str) -> None:
        """Follows the user's own topic after a move.

        The topics of private channels may have moved at the same time, so all heads are
        requested.
        """
        if self.topics.move_own(cx, topic) and self.has_heads():
            self.request_heads(cx, "all")
