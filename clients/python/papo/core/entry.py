"""Events as front ends receive them: entries.

An entry has the members `conversation`, `n`, `line` (as it was received), `event` (None if the
fields of its kind are invalid), `amended`, `isHidden` and `level`.
"""

from typing import Any

from . import types
from .decode import Json, attempt, encode
from .events import any_event, read_event
from .mentions import mentions
from .names import conversation_of


def _entry(conversation: str, n: int, line: str, event: Json | None) -> Json:
    return {
        "conversation": conversation,
        "n": n,
        "line": line,
        "event": event,
        "amended": None,
        "isHidden": False,
        "level": "all",
    }


def read_entry(reader: str, line: str, value: Any) -> Json | None:
    """Decodes an event's line for the user `reader`. None if it is not a numbered event."""
    # Without the event of a later version, the timeline would have a gap.
    event = read_event(value)
    fields = event if event is not None else attempt(any_event, value)
    if fields is None:
        return None
    conversation = conversation_of(reader, fields["from"], fields["to"])
    return _entry(conversation, fields["n"], line, event)


def read_amended(reader: str, value: Any) -> Json | None:
    """Decodes an event in a page of history, with the members of its amendments."""
    entry = read_entry(reader, encode(value), value)
    found = attempt(types.amended, value)
    if entry is None or found is None:
        return entry
    amended = {name: member for name, member in found.items() if member or name == "edited"}
    return {**entry, "amended": amended} if amended else entry


def own_entry(reader: str, message: Json, sent: Json) -> Json:
    """The event of the user's own message, from its acknowledgement."""
    # The message may name its channel by a later name, which this session does not know yet.
    to = str(sent.get("channel", message["to"]))
    event = {"n": sent["n"], "at": sent["at"], "to": to, "from": reader, "kind": "message"}
    event.update(id=message["id"], text=message["text"])
    if message["reply"] is not None:
        event["reply"] = message["reply"]
    return _entry(conversation_of(reader, reader, to), sent["n"], encode(event), event)


def mentions_user(entry: Json, user: str | None) -> bool:
    """Whether the event is a message that mentions this user, by name or with `@here`."""
    event = entry["event"]
    if event is None or event["kind"] != "message" or event.get("deleted"):
        return False
    return any(name in (user, "here") for name in mentions(event["text"]))
