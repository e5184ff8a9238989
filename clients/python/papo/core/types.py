"""Decoders of the types of the protocol that the core reads."""

import re

from .decode import anything, array, boolean, checked, obj, one_of, optional, refuse, string, u64
from .limits import EMOJI_BYTES_MAX, FILE_NAME_BYTES_MAX
from .names import (
    WHITE_SPACE,
    canonical_channel,
    canonical_name,
    canonical_target,
    is_control,
    utf8_length,
)

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HASH = re.compile("[0-9a-f]{64}")


def _matching(pattern: re.Pattern[str], text: str) -> str | None:
    lowered = text.lower()
    return lowered if pattern.fullmatch(lowered) else None


def _emoji(text: str) -> str | None:
    is_allowed = text != "" and utf8_length(text) <= EMOJI_BYTES_MAX
    is_spaced = any(character in WHITE_SPACE for character in text) or is_control(text)
    return text if is_allowed and not is_spaced else None


def _file_name(text: str) -> str | None:
    is_allowed = utf8_length(text) <= FILE_NAME_BYTES_MAX and not is_control(text)
    is_path = "/" in text or "\\" in text
    return text if is_allowed and not is_path and text.strip("." + WHITE_SPACE) else None


def _code(value: object) -> int:
    return value if type(value) is int else refuse("a code")


uuid = checked("a UUID", lambda text: _matching(_UUID, text))
hash256 = checked("a SHA-256", lambda text: _matching(_HASH, text))
user_name = checked("the name of a user", canonical_name)
channel_name = checked("the name of a channel", canonical_channel)
target = checked("#channel or @user", canonical_target)
emoji = checked("an emoji", _emoji)
file_name = checked("the name of a file", _file_name)

level = one_of(["none", "mentions", "all"])
state = one_of(["offline", "away", "online"])
role = one_of(["member", "moderator", "owner"])

change = obj(user=user_name, state=state)
reading = obj(conversation=target, n=u64, head=u64, unread=u64, mentions=u64)
sent = obj(n=u64, at=u64, channel=optional(channel_name))
_later_names = {"name": optional(channel_name), "former_names": optional(array(channel_name))}
joined = obj(channel=channel_name, **_later_names, topic=string, n=u64)
logged_in = obj(user=user_name, token=string, topic=string, expires=u64)
registered = obj(user=user_name, administrator=optional(boolean))
revoked = obj(ended=u64, topic=string)
marked = obj(unread=u64)
have = obj(have=u64)
part = obj(bytes=u64, offset=u64, length=u64)
presence_reply = obj(topic=string, heartbeat_ms=u64)
levels = obj(level=level, conversations=array(obj(conversation=target, level=level)))
# The command of a bot that a message runs.
command = obj(bot=user_name, name=string)
# The hook that posted a message, and the name that the sender of the post gave itself.
via = obj(hook=user_name, username=optional(string))
info = obj(version=string, protocol=obj(min=u64, max=u64), events=string)
_head = obj(conversation=target, **_later_names, n=u64, topic=optional(string))
heads = obj(cursor=u64, restored=optional(u64), topic=string, heads=array(_head))
page = obj(head=u64, events=array(anything))

amended = obj(
    edited=optional(u64),
    reactions=optional(array(obj(emoji=emoji, users=array(user_name)))),
    edits=optional(array(obj(at=u64, text=string))),
)

error = obj(
    code=_code,
    message=string,
    data=obj(
        reason=string,
        detail=optional(string),
        args=anything,
        wait_ms=optional(u64),
        have=optional(u64),
    ),
)
