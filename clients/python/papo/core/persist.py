"""Persistence of the outbox.

Each message is stored on the client before it is sent, and survives a restart.
"""

from .context import Context
from .decode import Json
from .limits import DELAYED_AFTER_MS
from .names import utf8_length
from .outbox import Outbox, QueuedMessage, report_refusal


def persisted(outbox: Outbox, cx: Context, ids: list[str], error: Json | None) -> None:
    """Handles the outcome of a write of these messages.

    After an error, the outbox removes the messages and reports them as refused.
    """
    written = set(ids)
    for item in list(outbox.queue):
        if item.is_persisted or item.message["id"] not in written:
            continue
        if error is None:
            item.is_persisted = True
        else:
            report_refusal(cx, outbox.remove(outbox.queue.index(item)), error)


def loaded(outbox: Outbox, cx: Context, messages: list[Json]) -> bool:
    """Adds the messages of an earlier run of the client before all other messages.

    Returns False if no message is new, or no user is logged in.
    """
    known = {item.message["id"] for item in outbox.queue}
    fresh = [message for message in messages if message["id"] not in known]
    if cx.user is None or not fresh:
        return False
    outbox.set_owner(cx.now, cx.user)
    outbox.bytes += sum(utf8_length(message["text"]) for message in fresh)
    outbox.queue[:0] = [QueuedMessage(of, cx.now, is_persisted=True) for of in fresh]
    outbox.reported += len(fresh)
    cx.emit_news("outboxLoaded", messages=fresh)
    return True


def delayed_deadline(outbox: Outbox, is_link_up: bool) -> int | None:
    """The time at which `report_delayed` must be called."""
    first = next(iter(outbox.queue[outbox.reported : outbox.reported + 1]), None)
    if first is None or not first.is_persisted:
        return None
    return first.since + (DELAYED_AFTER_MS if is_link_up else 0)


def report_delayed(outbox: Outbox, cx: Context, is_link_up: bool) -> None:
    """Reports each message that is not acknowledged after `DELAYED_AFTER_MS` as "delayed".

    While the server does not reply, reports it at once.
    """
    due = delayed_deadline(outbox, is_link_up)
    while due is not None and due <= cx.now:
        cx.emit_news("delayed", message=outbox.queue[outbox.reported].message)
        outbox.reported += 1
        due = delayed_deadline(outbox, is_link_up)
