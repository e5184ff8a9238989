"""Events and notices: decodes their lines.

All kinds have one flat object, see docs/PROTOCOL.md, "Events".
"""

from typing import Any

from . import types
from .decode import Json, array, attempt, boolean, obj, optional, refuse, string, u64
from .limits import SUBJECT_BYTES_MAX, TEXT_BYTES_MAX
from .names import WHITE_SPACE, utf8_length


def _subject(value: Any) -> str:
    text = string(value).strip(WHITE_SPACE)
    return text if utf8_length(text) <= SUBJECT_BYTES_MAX else refuse("a subject")


_fields = obj(
    **{"from": types.user_name},
    n=u64,
    at=u64,
    to=types.target,
    kind=string,
    id=optional(types.uuid),
    of=optional(u64),
    text=optional(string),
    reply=optional(u64),
    via=optional(types.via),
    command=optional(types.command),
    emoji=optional(types.emoji),
    deleted=optional(boolean),
    user=optional(types.user_name),
    role=optional(types.role),
    subject=optional(_subject),
    private=optional(boolean),
    archived=optional(boolean),
    new_name=optional(types.channel_name),
    name=optional(types.file_name),
    bytes=optional(u64),
    sha256=optional(types.hash256),
)

# The members of each kind. A name with `?` is optional.
KINDS = {
    "message": ("id", "text", "reply?", "via?", "command?"),
    "message.edited": ("id", "of", "text"),
    "message.deleted": ("id", "of"),
    "message.reacted": ("id", "of", "emoji"),
    "message.unreacted": ("id", "of", "emoji"),
    "file": ("id", "name", "bytes", "sha256"),
    "channel.created": ("private?",),
    "channel.joined": (),
    "channel.left": (),
    "channel.invited": ("user",),
    "channel.declined": (),
    "channel.kicked": ("user",),
    "channel.banned": ("user",),
    "channel.unbanned": ("user",),
    "channel.role": ("user", "role"),
    "channel.set": ("subject?", "private?", "archived?"),
    "channel.renamed": ("new_name",),
    "channel.deleted": (),
}
REDACTED = ("text", "reply", "via", "command")


def is_text(text: str) -> bool:
    """Whether a message may have this text."""
    return utf8_length(text) <= TEXT_BYTES_MAX and text.strip(WHITE_SPACE) != ""


def _event(value: Any) -> Json:
    line = _fields(value)
    members = KINDS.get(line["kind"])
    event: Json = {name: line[name] for name in ("n", "at", "to", "from")}
    event["kind"] = "unknown" if members is None else line["kind"]
    is_redacted = line.get("deleted") and line["kind"] in ("message", "message.edited")
    for member in members or ():
        name = member.rstrip("?")
        if is_redacted and name in REDACTED:
            continue
        if name in line:
            event[name] = line[name]
        elif name == member:
            refuse(f'a member "{name}"')
    if is_redacted:
        return {**event, "text": "", "deleted": True}
    if "text" in event and not is_text(event["text"]):
        refuse("a text")
    if event["kind"] == "channel.created" and not event.get("private"):
        event.pop("private", None)
    return event


def read_event(value: Any) -> Json | None:
    """Decodes an event. None if it is invalid."""
    return attempt(_event, value)


# The fields of every kind of event.
any_event = obj(**{"from": types.user_name}, n=u64, to=types.target)


def is_content(event: Json | None) -> bool:
    return event is not None and event["kind"] in ("message", "file")


# The decoders of the notices.
NOTICES = {
    "topic.moved": obj(to=types.channel_name, topic=string),
    "sessions.ended": obj(),
    "presence": obj(at=u64, users=array(types.change)),
    "typing": obj(**{"from": types.user_name}, at=u64, to=types.target, typing=boolean),
    "user.blocked": obj(user=types.user_name, blocked=boolean),
    "notify": obj(),
    "read": obj(conversation=types.target, n=u64, unread=u64, mentions=u64),
}


def read_notice(value: Any) -> Json | None:
    """Decodes a notice, a line without a number. None if it is invalid or unknown."""
    kind = value.get("kind") if isinstance(value, dict) else None
    decoder = NOTICES.get(kind) if isinstance(kind, str) else None
    notice = None if decoder is None else attempt(decoder, value)
    return None if notice is None else {"kind": kind, **notice}
