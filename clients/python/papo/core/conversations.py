"""Combines the components of conversations.

`Sync` orders events, `Reads` counts unread events, `Presence` and `Typing` report on other users.
This file passes the outcome of a component to the other components.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from . import history
from .blocks import Blocks
from .context import Context
from .decode import Json, parse
from .entry import read_entry
from .errors import PapoError, error_of, outcome_of, take
from .events import read_notice
from .levels import Levels, request_levels
from .names import conversation_of, is_channel
from .order import earliest
from .presence import Presence
from .reads import Reads, request_reads
from .sync import events, memberships
from .sync.sync import Sync
from .typing_users import Typing

T = TypeVar("T")

# The ticket of the core's own commands, whose answers are ignored.
NO_TICKET = 0
DONE = {"kind": "done"}


class Conversations:
    def __init__(self) -> None:
        self.sync = Sync()
        self.reads = Reads()
        self.presence = Presence()
        self.typing = Typing()
        self.blocks = Blocks()
        self.levels = Levels()

    def unread_elsewhere(self) -> int:
        return self.reads.unread_elsewhere(self.levels)

    def deadline(self, cx: Context) -> int | None:
        reads = None if cx.account is None else self.reads.deadline()
        others = (self.sync.deadline(), self.presence.deadline(), self.typing.deadline())
        return earliest([*others, reads])

    def tick(self, cx: Context) -> None:
        self.sync.tick(cx)
        self.presence.tick(cx)
        self.typing.tick(cx)
        self.reads.tick(cx)

    def follow(self, cx: Context, ticket: int, follow: Json) -> None:
        """Replaces the conversations that are followed."""
        if cx.account is None:
            cx.answer(ticket, {"error": error_of("not_logged_in")})
            return
        self._stop_following(cx, error_of("follow_replaced"))
        # `_stop_following` unsubscribed from the topic of presence. The reply to a heartbeat
        # contains this topic.
        self.presence.report_now(cx)
        self.sync.follow(cx, ticket, follow)

    def _stop_following(self, cx: Context, error: Json) -> None:
        self.sync.stop(cx, error)
        self.reads = Reads()

    def end_session(self, cx: Context, error: Json) -> None:
        self.presence.end()
        self.typing.end()
        self.blocks = Blocks()
        self.levels = Levels()
        self._stop_following(cx, error)

    def published(self, cx: Context, lines: str) -> None:
        """Handles the event lines and notices of a topic. It ignores lines of later versions."""
        me = cx.user
        if me is None:
            return
        for line in lines.split("\n"):
            value = None if line == "" else parse(line)
            entry = read_entry(me, line, value)
            if entry is not None:
                self._event_published(cx, me, entry)
            else:
                self._notice_published(cx, me, read_notice(value))

    def _event_published(self, cx: Context, me: str, entry: Json) -> None:
        membership = memberships.note_membership(self.sync, cx, me, entry)
        if membership == memberships.EVENT:
            self.typing.message_arrived(cx, entry)
            self._emit(cx, events.published(self.sync, cx, entry))
        elif membership == memberships.ENDED:
            self.reads.forget(entry["conversation"])

    def _notice_published(self, cx: Context, me: str, notice: Json | None) -> None:
        kind = None if notice is None else notice["kind"]
        if notice is None:
            return
        if kind == "topic.moved":
            self.sync.topic_moved(cx, notice["to"], notice["topic"])
        elif kind == "read":
            # The notice can arrive after the end of a membership.
            conversation = notice["conversation"]
            is_followed = conversation in self.sync.timelines.followed
            self.reads.notice(cx, notice, is_followed or not is_channel(conversation))
        elif kind == "user.blocked":
            self.blocks.notice(notice["user"], notice["blocked"])
        elif kind == "notify":
            request_levels(cx, NO_TICKET)
        elif kind == "presence":
            self.presence.changed(cx, notice["users"])
        elif kind == "typing" and notice["from"] not in self.blocks.users:
            conversation = conversation_of(me, notice["from"], notice["to"])
            self.typing.notice(cx, conversation, notice["from"], notice["typing"])
        # After "sessions.ended", the reply to the next request for heads says whether the session
        # has ended.

    def _emit(self, cx: Context, ready: list[Json]) -> None:
        for entry in ready:
            event = entry["event"]
            if event is not None and event["kind"] == "channel.renamed":
                cx.rename(entry["conversation"], event["new_name"])
            self.reads.count(cx.user, entry)
            level = self.levels.of(entry["conversation"])
            cx.emit_news("entry", entry=self.blocks.mark({**entry, "level": level}))

    def acknowledged(self, cx: Context, entry: Json) -> bool:
        """Handles the acknowledgement of a message. Returns whether it is emitted as an event."""
        ready = events.acknowledged(self.sync, cx, entry)
        self._emit(cx, ready or [])
        return ready is not None

    def joined(self, cx: Context, joined: Json) -> Json:
        cx.set_names(joined["channel"], joined)
        events.joined(self.sync, cx, joined)
        return {"kind": "joined", **joined}

    def left(self, cx: Context, channel: str) -> Json:
        memberships.left(self.sync, cx, channel)
        self.reads.forget(channel)
        return DONE

    def sessions_ended(self, cx: Context, revoked: Json) -> Json:
        """Handles the reply to a command that ended other sessions.

        The server has moved the user's own topic.
        """
        self.sync.own_topic_moved(cx, revoked["topic"])
        return {"kind": "sessionsEnded", "count": revoked["ended"]}

    def open(self, cx: Context, ticket: int, conversation: str) -> None:
        """Requests the page that opens a conversation."""
        self.presence.watch(conversation)
        self.typing.open(cx, conversation)
        history.open_conversation(cx, ticket, conversation, self.reads)

    def opened(self, cx: Context, conversation: str, outcome: Json) -> Json:
        """Handles the page that opens a conversation, or an error.

        Events that waited for the page are emitted after it.
        """
        page = outcome_of(lambda: cx.entries(take(outcome)))
        if "ok" in page:
            head, entries = page["ok"]
            # The user requests the events between the page and the head with "nextPage".
            shown = max(entries[-1]["n"], head) if entries else head
            events.continue_after(self.sync, conversation, shown)
            self._show(cx, conversation, head, entries)
        self._emit(cx, events.opened(self.sync, cx, conversation))
        take(page)
        return DONE

    def request_next_page(self, cx: Context, ticket: int, conversation: str) -> None:
        """Requests the page after the events that the open conversation shows."""
        history.request_next_page(cx, ticket, conversation, self.reads)

    def page_received(self, cx: Context, conversation: str, result: Any) -> Json:
        head, entries = cx.entries(result)
        self._show(cx, conversation, head, entries)
        shown = entries[-1]["n"] if entries and entries[-1]["n"] >= head else None
        self._emit(cx, events.next_page(self.sync, cx, conversation, shown))
        return DONE

    def _show(self, cx: Context, conversation: str, head: int, page: list[Json]) -> None:
        shown = page[-1]["n"] if page else head
        reading = self.reads.unread(conversation)
        self.reads.open(conversation, shown)
        cx.emit_news(
            "opened",
            conversation=conversation,
            entries=[self.blocks.mark(entry) for entry in page],
            unread=0 if reading is None else reading["unread"],
            more=max(head - shown, 0),
        )

    def info_received(self, cx: Context, outcome: Json) -> None:
        self._stop_after_error(cx, lambda: self.sync.info_received(cx, outcome))

    def heads_received(self, cx: Context, kind: str, cursor: int | None, outcome: Json) -> None:
        heads = self._stop_after_error(
            cx, lambda: self.sync.heads_received(cx, kind, cursor, outcome)
        )
        if heads is not None and heads["kind"] == "channels":
            self.reads.forget_other_channels(heads["channels"])
        elif heads is not None and heads["kind"] == "rolledBack":
            self._roll_back(cx)

    def _stop_after_error(self, cx: Context, step: Callable[[], T]) -> T | None:
        """Runs a step of sync. After an error, the core stops following."""
        try:
            return step()
        except PapoError as failure:
            self._stop_following(cx, failure.error)
            return None

    def _roll_back(self, cx: Context) -> None:
        """Starts again from the state of a server that has returned to an earlier state."""
        reads, self.reads = self.reads, Reads()
        self.sync.roll_back(cx)
        if reads.is_listed:
            request_reads(cx, NO_TICKET)
        if reads.opened is not None:
            self.open(cx, NO_TICKET, reads.opened[0])

    def repaired(self, cx: Context, conversation: str, outcome: Json) -> None:
        """Handles a page that fills a gap, or an error."""
        ready = events.repaired(self.sync, cx, conversation, outcome)
        if ready is None:
            self.reads.forget(conversation)
        else:
            self._emit(cx, ready)

    def heartbeat_acknowledged(self, cx: Context, outcome: Json) -> None:
        topic = self.presence.reported(cx, outcome)
        if topic is not None:
            self.sync.topics.subscribe_presence(cx, topic)

    def key_typed(self, cx: Context, to: str | None) -> None:
        self.presence.key_typed(cx)
        self.typing.key_typed(cx, to)
