"""Ids of messages: UUIDs of version 7 (RFC 9562, section 5.7).

The server stores one message for an id, so a message may be sent again.
"""

import hashlib
import secrets
import threading
import time
import uuid

_COUNT_MAX = 0xFFF
_lock = threading.Lock()
_last = (0, 0)


def new_message_id() -> str:
    """A new id. The ids of one process are ordered, also within a millisecond."""
    global _last
    with _lock:
        last_ms, count = _last
        now_ms = max(time.time_ns() // 1_000_000, last_ms)
        count = count + 1 if now_ms == last_ms else 0
        _last = (now_ms + 1, 0) if count > _COUNT_MAX else (now_ms, count)
        ms, count = _last
    return _uuid7(ms, count << 64 | secrets.randbits(64))


def answer_id(conversation: str, n: int, at: int, number: int = 0) -> str:
    """The id of an answer to an event.

    Equal events have equal ids, so a program that answers an event again after a crash sends the
    same message. `number` counts the answers to one event.
    """
    digest = hashlib.sha256(f"{conversation} {n} {number}".encode()).digest()
    return _uuid7(at, int.from_bytes(digest[:10], "big"))


def _uuid7(unix_ms: int, bits: int) -> str:
    number = (unix_ms & (1 << 48) - 1) << 80 | bits
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=number))
