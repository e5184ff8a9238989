"""The session core: the client's side of a login.

The inputs are commands, reply lines, event lines and the time. The output is a list of effects,
which `driver.py` carries out. The commands, news and effects are JSON objects, as in
`web/src/core/api.d.ts`.
"""

from . import accounts, blocks, channels, files, levels, reads
from .channel_names import ChannelNames
from .context import Context
from .conversations import DONE, Conversations
from .decode import Json
from .errors import error_of
from .link import Link, ping
from .order import earliest
from .outbox import Outbox
from .persist import delayed_deadline, loaded, persisted, report_delayed
from .queues import all_queues
from .replies import handle_replies
from .requests import Pending
from .status import StatusSummaryNews, status_of

# The commands that send no request at once.
WITHOUT_REQUEST = ("send", "status", "keyTyped")


class Session:
    """The state of a client.

    `seed` determines the jitter and the names of barriers, `endpoints` is the number of endpoints
    of the node.
    """

    def __init__(self, seed: int, endpoints: int = 1) -> None:
        self.cx = Context(seed)
        self.link = Link(endpoints)
        self.outbox = Outbox()
        self.conversations = Conversations()
        self.summary = StatusSummaryNews()
        # The bytes after the reply line that is being handled.
        self.received: bytes | None = None

    def take_effects(self) -> list[Json]:
        """The effects since the last call, in order."""
        return self.cx.take_effects()

    def deadline(self) -> int | None:
        """The time at which `tick` must be called. None if nothing is due."""
        return earliest(
            [
                self.cx.requests.deadline(),
                None if self.cx.account is None else self.outbox.deadline(),
                delayed_deadline(self.outbox, self.link.is_up()),
                self.conversations.deadline(self.cx),
            ]
        )

    def tick(self, now: int) -> None:
        """Sends the retries, heartbeats, requests for pages and read marks that are due."""
        self.cx.now = now
        if self.cx.repeat_requests():
            self._reply_missing()
        self._send_due()
        self._report_delayed()
        self.conversations.tick(self.cx)
        self.summary.tick(self.cx, self.link, self.outbox, self.conversations)

    def command(self, now: int, ticket: int, command: Json) -> None:
        """Carries out a command.

        Its outcome is an effect "answer" with the same ticket, except for the commands "send" and
        "keyTyped".
        """
        self.cx.now = now
        if self.cx.requests.is_full() and command["kind"] not in WITHOUT_REQUEST:
            self.cx.answer(ticket, {"error": error_of("too_many_requests")})
        else:
            self._carry_out(ticket, self.cx.names.in_command(command))

    def _carry_out(self, ticket: int, command: Json) -> None:
        cx, conversations, kind = self.cx, self.conversations, command["kind"]
        if kind in ("register", "reset", "login", "restore", "logout", "changePassword", "revoke"):
            self._change_account(ticket, command)
        elif kind == "ping":
            ping(cx, ticket)
        elif kind == "status":
            cx.answer(ticket, {"ok": {"kind": "status", "status": self.status(cx.now)}})
        elif kind == "follow":
            conversations.follow(cx, ticket, command["follow"])
        elif kind == "create":
            channels.create(cx, ticket, command["channel"], command["private"])
        elif kind == "join":
            channels.join(cx, ticket, command["channel"])
        elif kind == "leave":
            channels.leave(cx, ticket, command["channel"])
        elif kind == "open":
            conversations.open(cx, ticket, command["conversation"])
        elif kind == "nextPage":
            conversations.request_next_page(cx, ticket, command["conversation"])
        elif kind == "listBlocks":
            blocks.request_blocks(cx, ticket)
        elif kind == "listLevels":
            levels.request_levels(cx, ticket)
        elif kind == "listReads":
            reads.request_reads(cx, ticket)
        elif kind == "markRead":
            reads.mark(cx, ticket, command["conversation"], command["n"])
        elif kind == "setPresence":
            conversations.presence.set_mode(cx, command["mode"])
            cx.answer(ticket, {"ok": DONE})
        elif kind == "keyTyped":
            conversations.key_typed(cx, command["to"])
        elif kind == "send":
            if self.outbox.send(cx, command["message"]):
                conversations.typing.message_sent(command["message"]["to"])
        elif kind == "transfer":
            files.transfer(cx, ticket, command["transfer"])
        elif kind == "request":
            cx.transmit(ticket, Pending("request"), command["method"], command["params"])
        else:
            raise ValueError(f"unknown command: {kind}")

    def _change_account(self, ticket: int, command: Json) -> None:
        cx, kind = self.cx, command["kind"]
        if kind == "register":
            params = {"user": command["user"], "password": command["password"]}
            if command.get("code"):
                params["code"] = command["code"]
            accounts.without_login(cx, ticket, "register", "auth.register", params)
        elif kind == "reset":
            params = {"user": command["user"], "code": command["code"]}
            params["new_password"] = command["newPassword"]
            accounts.without_login(cx, ticket, "request", "auth.reset", params)
        elif kind == "login":
            params = {"user": command["user"], "password": command["password"]}
            accounts.without_login(cx, ticket, "login", "auth.login", params)
        elif kind == "restore":
            self.begin_session(command["account"])
            cx.answer(ticket, {"ok": DONE})
        elif kind == "logout":
            cx.request_for(ticket, Pending("logout"), "auth.logout", {})
        elif kind == "changePassword":
            params = {"password": command["password"], "new_password": command["newPassword"]}
            cx.request_for(ticket, Pending("endSessions"), "auth.password", params)
        else:
            session = command["session"]
            params = {} if session is None else {"session": session}
            cx.request_for(ticket, Pending("endSessions"), "session.revoke", params)

    def replies(self, now: int, lines: str) -> None:
        """Handles a frame of reply lines. Replies to unknown requests are ignored."""
        self.cx.now = now
        handle_replies(self, lines)
        self.conversations.sync.timelines.repair_gaps(self.cx)

    def replies_with_bytes(self, now: int, lines: str, received: bytes) -> None:
        """Handles a reply line that is followed by a frame of bytes."""
        self.received = received
        self.replies(now, lines)
        self.received = None

    def events(self, now: int, topic: str, lines: str) -> None:
        """Handles the lines that the proxy published on a topic. A barrier has no lines."""
        self.cx.now = now
        if lines == "":
            self.conversations.sync.barrier_arrived(self.cx, topic)
        else:
            self.conversations.published(self.cx, lines)

    def persisted(self, now: int, ids: list[str], error: Json | None) -> None:
        """Handles the outcome of the effect "persist" for these messages.

        After an error the session refuses them.
        """
        self.cx.now = now
        persisted(self.outbox, self.cx, ids, error)
        if error is None:
            self._send_due()
            self._report_delayed()

    def outbox_loaded(self, now: int, messages: list[Json]) -> None:
        """Handles the outcome of the effect "loadOutbox".

        The messages are the unacknowledged messages of an earlier run, in the order of sending.
        The session sends them before newer messages.
        """
        self.cx.now = now
        if loaded(self.outbox, self.cx, messages):
            self._send_due()

    def link_down(self, now: int) -> None:
        """Handles the loss of a connection that carries both requests and events."""
        self.cx.now = now
        self.link.lost(self.cx)
        self._report_delayed()

    def link_up(self, now: int) -> None:
        """Handles a new connection that carries both requests and events.

        It has no subscriptions. The session sends all pending requests again, and requests the
        events that it missed.
        """
        self.cx.now = now
        self.link.reply_received(self.cx)
        self.cx.resend_requests()
        self.conversations.sync.resubscribe(self.cx)
        self.outbox.resend_flight(self.cx, 0)

    def events_lost(self, now: int) -> None:
        """Handles the notice that events were dropped, although the connection works."""
        self.cx.now = now
        self.conversations.sync.find_lost_events(self.cx)

    def quit(self) -> bool:
        """Reports to the server that the user is offline.

        Returns False if nothing is sent: the server does not reply, or the session never reported
        another state.
        """
        return self.link.is_up() and self.conversations.presence.quit(self.cx)

    def has_quit(self) -> bool:
        """Whether the server has replied to the report of `quit`."""
        return self.conversations.presence.quit_request is None

    def status(self, now: int) -> Json:
        """The status of the session at the time `now`."""
        return status_of(self.link, self.outbox, self.conversations, now)

    def queues(self) -> dict[str, tuple[int, int]]:
        """The length and the maximum of each queue."""
        return all_queues(self.outbox, self.cx.requests, self.conversations.sync.timelines)

    def messages_waiting(self) -> int:
        """The number of messages that the server has not acknowledged."""
        return len(self.outbox.queue)

    def begin_session(self, account: Json) -> None:
        if self.cx.account is not None:
            self.end_session(error_of("other_session"))
        self.outbox.discard_unless_owned_by(self.cx, account["user"])
        self.cx.emit({"kind": "loadOutbox", "user": account["user"]})
        self.cx.account = dict(account)
        self.conversations.presence.report_now(self.cx)
        self._send_due()

    def session_expired(self, error: Json) -> None:
        """Ends the session because its token is invalid.

        The outbox keeps the messages for the next login.
        """
        self.end_session(error)
        self.cx.emit_news("sessionEnded", error=error)

    def end_session(self, error: Json) -> None:
        self.cx.account = None
        self.cx.names = ChannelNames()
        self.outbox.forget_request_ids()
        self.conversations.end_session(self.cx, error)
        for ticket in self.cx.requests.clear():
            self.cx.answer(ticket, {"error": error})

    def _report_delayed(self) -> None:
        report_delayed(self.outbox, self.cx, self.link.is_up())

    def _send_due(self) -> None:
        if self.outbox.send_due(self.cx):
            self._reply_missing()

    def _reply_missing(self) -> None:
        """Switches to the next endpoint, if there is one, because a reply is missing."""
        attempt = self.link.reply_missing(self.cx)
        if attempt is not None:
            self.outbox.resend_flight(self.cx, attempt)
