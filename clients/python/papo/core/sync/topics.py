"""Topics: the subscriptions, and the move from one topic to another without a lost event.

When a user loses the right to read a channel, the server moves its topic. The core subscribes to
the new topic and then to a barrier, and keeps the old subscription. When the barrier arrives,
the core unsubscribes from the old topic, and requests heads. The heads show events that were
published on the new topic before the subscription was in force.
"""

from ..context import Context
from ..limits import OLD_TOPICS_MAX


def _emit(cx: Context, kind: str, *topics: str | None) -> None:
    for topic in topics:
        if topic is not None:
            cx.emit({"kind": kind, "topic": topic})


class Topics:
    def __init__(self) -> None:
        # The user's own topic.
        self.own: str | None = None
        self.channels: dict[str, str] = {}
        # The topic of all users' presence. Lost changes of presence are not repaired.
        self.presence: str | None = None
        # Old topics, until the barrier arrives.
        self.old: list[str] = []
        # The topic of the barrier, and the time at which it counts as lost.
        self.barrier: tuple[str, int] | None = None
        # The number of barriers or events that the proxy lost since the last barrier arrived.
        self.attempt = 0

    def deadline(self) -> int | None:
        """The time at which the barrier counts as lost. None if no barrier is pending."""
        return None if self.barrier is None else self.barrier[1]

    def _of_channels(self) -> list[str]:
        return [topic for _, topic in sorted(self.channels.items())]

    def subscribe_all(self, cx: Context) -> None:
        """Subscribes to all topics, on a new socket."""
        self.own = None if cx.account is None else cx.account["topic"]
        self.old = []
        _emit(cx, "subscribe", *self._of_channels(), self.own, self.presence)

    def unsubscribe_all(self, cx: Context) -> None:
        barrier = None if self.barrier is None else self.barrier[0]
        topics = [*self._of_channels(), self.own, self.presence, *self.old, barrier]
        _emit(cx, "unsubscribe", *topics)

    def subscribe_channel(self, cx: Context, conversation: str, topic: str) -> bool:
        """Subscribes to a channel's topic. Returns False if the topic has not changed."""
        old = self.channels.get(conversation)
        if old == topic:
            return False
        self.channels[conversation] = topic
        self._replace(cx, topic, old)
        return True

    def unsubscribe_channel(self, cx: Context, conversation: str) -> None:
        _emit(cx, "unsubscribe", self.channels.pop(conversation, None))

    def subscribe_presence(self, cx: Context, topic: str) -> None:
        """Subscribes to the topic of all users' presence, if it has moved."""
        before, self.presence = self.presence, topic
        if before != topic:
            _emit(cx, "subscribe", topic)
            _emit(cx, "unsubscribe", before)

    def move_own(self, cx: Context, topic: str) -> bool:
        """Subscribes to the user's own topic. Returns False if the topic has not changed."""
        has_moved = cx.set_own_topic(topic)
        if has_moved and self.own is not None:
            old, self.own = self.own, topic
            self._replace(cx, topic, old)
        return has_moved

    def _replace(self, cx: Context, topic: str, old: str | None) -> None:
        """Subscribes to a new topic. The old one stays subscribed until the barrier arrives."""
        if topic in self.old:
            # A late reply may contain an earlier topic, which is still subscribed.
            self.old.remove(topic)
        else:
            _emit(cx, "subscribe", topic)
        if old is not None:
            self.old.append(old)
        if len(self.old) > OLD_TOPICS_MAX:
            _emit(cx, "unsubscribe", self.old.pop(0))

    def raise_barrier(self, cx: Context) -> None:
        """Subscribes to a new barrier.

        It arrives when all earlier subscriptions are in force.
        """
        topic = cx.rng.barrier_topic()
        due = cx.now + cx.rng.wait_ms(self.attempt)
        _emit(cx, "subscribe", topic)
        _emit(cx, "unsubscribe", None if self.barrier is None else self.barrier[0])
        self.barrier = (topic, due)

    def take_barrier(self, cx: Context, topic: str) -> bool:
        """Unsubscribes from the barrier and the old topics, if `topic` is the barrier.

        Returns whether it is.
        """
        if self.barrier is None or self.barrier[0] != topic:
            return False
        _emit(cx, "unsubscribe", topic, *self.old)
        self.barrier = None
        self.old = []
        self.attempt = 0
        return True

    def forget_barrier(self) -> None:
        self.barrier = None

    def note_loss(self) -> None:
        """Extends the timeout of the next barrier: the proxy lost a barrier or an event."""
        self.attempt += 1
