"""The beginning of sync: the versions of the protocol, and the first event of a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import types
from ..decode import Json
from ..errors import PapoError, error_of, read
from ..limits import PROTOCOL_MAX, PROTOCOL_MIN
from ..names import is_channel

if TYPE_CHECKING:
    from .sync import Sync


def first_event(sync: Sync, conversation: str, n: int) -> int:
    """The first event to emit of a conversation whose newest event is `n`."""
    followed = sync.followed
    if followed is not None and followed["kind"] == "one" and followed["after"] is not None:
        return int(followed["after"]) + 1
    # The conversation is newer than the first heads: all its events are new.
    return 1 if not is_channel(conversation) and sync.has_heads() else n + 1


def supported(result: Any) -> Json:
    """Checks that the server supports a protocol version of this client.

    `result` is the result of `server.info`.
    """
    info = read(types.info, result)
    least, most = info["protocol"]["min"], info["protocol"]["max"]
    if least <= PROTOCOL_MAX and PROTOCOL_MIN <= most:
        return info
    own = {"own_from": PROTOCOL_MIN, "own_to": PROTOCOL_MAX}
    args = {"version": info["version"], "from": least, "to": most, **own}
    raise PapoError(error_of("other_version", args))
