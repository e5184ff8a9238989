"""Replies: passes each reply to the component that sent its request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import accounts, files, types
from .decode import Json, attempt, obj, optional, parse, string
from .errors import ends_session, error_of, outcome_of, read, take
from .outbox import acknowledge
from .requests import Pending
from .sync.beginning import supported

if TYPE_CHECKING:
    from .session import Session

_reply_line = obj(id=optional(string), error=optional(types.error))
_ID = re.compile(r"\+?[0-9]{1,20}", re.ASCII)


def handle_replies(session: Session, lines: str) -> None:
    """Handles a frame of reply lines."""
    for line in lines.split("\n"):
        value: Any = None if line == "" else parse(line)
        reply = attempt(_reply_line, value)
        if reply is not None and _ID.fullmatch(reply.get("id", "")):
            is_error = "error" in reply
            outcome = {"error": reply["error"]} if is_error else {"ok": value.get("result")}
            _handle(session, int(reply["id"]), outcome)


def _handle(session: Session, id: int, outcome: Json) -> None:
    cx, conversations, outbox = session.cx, session.conversations, session.outbox
    # The proxy may have been down together with the server.
    if session.link.reply_received(cx):
        conversations.sync.reconnect(cx)
    error = outcome.get("error")
    if error is not None and ends_session(error) and cx.account is not None:
        session.session_expired(error)
        return
    conversations.presence.quit_acknowledged(id)
    stored = outbox.reply(cx, id, outcome)
    if stored is not None:
        if stored.entry is not None:
            entry_follows = conversations.acknowledged(cx, stored.entry)
            acknowledge(cx, stored.message, stored.entry, entry_follows)
        outbox.end_flight(cx)
        return
    completed = cx.complete_request(id, error)
    if completed is None:
        return
    origin = completed.origin
    if origin.kind == "info":
        conversations.info_received(cx, outcome)
    elif origin.kind == "presence":
        conversations.heartbeat_acknowledged(cx, outcome)
    elif origin.kind == "heads":
        conversations.heads_received(cx, origin.heads, origin.cursor, outcome)
    elif origin.kind == "repair":
        conversations.repaired(cx, origin.conversation, outcome)
    elif origin.kind == "command":
        answer = outcome_of(
            lambda: _answered(session, origin.ticket, origin.pending, completed.attempt, outcome)
        )
        if "error" in answer or answer["ok"] is not None:
            cx.answer(origin.ticket, answer)
    # A failed read mark is not retried: the next read mark includes its events.


def _answered(
    session: Session, ticket: int, pending: Pending, attempts: int, outcome: Json
) -> Json | None:
    """The answer to a command, or None if the command has sent another request.

    Raises the error of a command that failed.
    """
    cx, conversations, pager = session.cx, session.conversations, pending.pager
    kind = pending.kind
    if kind == "register":
        return accounts.registered(outcome, attempts)
    if kind == "open":
        return conversations.opened(cx, pending.conversation, outcome)
    if kind == "chunk":
        return files.chunk_reply(outcome)
    result = take(outcome)
    if kind == "ping":
        supported(result)
    elif kind == "login":
        account = read(types.logged_in, result)
        session.begin_session(account)
        return {"kind": "loggedIn", "account": account}
    elif kind == "logout":
        session.end_session(error_of("logged_out"))
        session.outbox.discard_unless_owned_by(cx, None)
    elif kind == "endSessions":
        return conversations.sessions_ended(cx, read(types.revoked, result))
    elif kind == "join":
        return conversations.joined(cx, read(types.joined, result))
    elif kind == "leave":
        return conversations.left(cx, pending.conversation)
    elif kind == "nextPage":
        return conversations.page_received(cx, pending.conversation, result)
    elif kind == "reads" and pager is not None:
        return conversations.reads.listed(cx, ticket, pager, result)
    elif kind == "blocks" and pager is not None:
        return conversations.blocks.listed(cx, ticket, pager, result)
    elif kind == "levels":
        return conversations.levels.listed(result)
    elif kind == "mark":
        return conversations.reads.marked(pending.conversation, result)
    elif kind == "part":
        received, session.received = session.received, None
        return files.part_reply(result, received)
    elif kind == "request":
        return {"kind": "result", "result": result}
    return {"kind": "done"}
