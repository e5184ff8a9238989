"""The outbox on the disk: messages without an acknowledgement, which survive a kill.

The file has one line of JSON for each change. A message is synced to the disk before it is sent.
An acknowledgement is not synced: if a crash loses it, the message is sent again with the same id,
and the server stores it once.
"""

import json
import os
import pathlib
from typing import Any, Protocol

from .core.decode import Json, encode

try:
    import fcntl
except ImportError:  # Windows has no locks of this kind.
    fcntl = None  # type: ignore[assignment]

FORMAT = 1
# The size after which the file is written again, without the acknowledged messages.
FILE_BYTES_MAX = 1024 * 1024


class OutboxInUse(Exception):
    """Another process uses the file."""


class Outbox(Protocol):
    """The storage of the messages without an acknowledgement."""

    def load(self, user: str) -> list[Json]: ...

    def persist(self, user: str, messages: list[Json]) -> None: ...

    def forget(self, ids: list[str]) -> None: ...

    def close(self) -> None: ...


class NoOutbox:
    """An outbox without a file: a kill loses its messages."""

    def load(self, user: str) -> list[Json]:
        return []

    def persist(self, user: str, messages: list[Json]) -> None:
        pass

    def forget(self, ids: list[str]) -> None:
        pass

    def close(self) -> None:
        pass


class OutboxFile:
    """An outbox in a file. One process uses it at a time, for one node."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = pathlib.Path(path)
        self._lock = _locked(self.path.with_name(self.path.name + ".lock"))
        # The user and the message, by its id, in the order of sending.
        self._messages: dict[str, tuple[str, Json]] = {}
        self._read()
        self._file = self._rewritten()

    def load(self, user: str) -> list[Json]:
        return [message for owner, message in self._messages.values() if owner == user]

    def persist(self, user: str, messages: list[Json]) -> None:
        """Makes messages durable. Raises `OSError` if none of them is stored."""
        lines = [encode({"put": {"user": user, "message": message}}) for message in messages]
        before = self._file.tell()
        try:
            self._append(lines)
            os.fsync(self._file.fileno())
        except OSError:
            # A part of the lines may be in the file.
            self._file.truncate(before)
            self._file.seek(before)
            raise
        for message in messages:
            self._messages[message["id"]] = (user, message)

    def forget(self, ids: list[str]) -> None:
        known = [id for id in ids if self._messages.pop(id, None) is not None]
        try:
            self._append([encode({"forget": id}) for id in known])
            if self._file.tell() > FILE_BYTES_MAX and self._is_mostly_old():
                self._file.close()
                self._file = self._rewritten()
        except OSError:
            # A message that stays in the file is sent again with the same id.
            pass

    def close(self) -> None:
        self._file.close()
        os.close(self._lock)

    def _append(self, lines: list[str]) -> None:
        if lines:
            self._file.write("".join(f"{line}\n" for line in lines).encode())

    def _is_mostly_old(self) -> bool:
        lengths = (len(message["text"]) for _, message in self._messages.values())
        return sum(lengths) < FILE_BYTES_MAX // 2

    def _read(self) -> None:
        if not self.path.exists():
            return
        # A kill can leave a line without its end. This message was never sent.
        lines = self.path.read_bytes().split(b"\n")[:-1]
        for number, line in enumerate(lines):
            change = _decoded(line)
            if number == 0 and change.get("papo_outbox") != FORMAT:
                raise ValueError(f"{self.path} is not an outbox of this version")
            if "put" in change:
                message = change["put"]["message"]
                self._messages[message["id"]] = (change["put"]["user"], message)
            self._messages.pop(change.get("forget", ""), None)

    def _rewritten(self) -> Any:
        """Writes the file with the messages that are left, and opens it for further lines."""
        temporary = self.path.with_name(self.path.name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        puts = [{"put": {"user": of, "message": one}} for of, one in self._messages.values()]
        self._append([encode(line) for line in ({"papo_outbox": FORMAT}, *puts)])
        os.fsync(self._file.fileno())
        os.replace(temporary, self.path)
        _sync_folder(self.path.parent)
        return self._file


def _decoded(line: bytes) -> Json:
    """A line of the file. A damaged line is no change."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _locked(path: pathlib.Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise OutboxInUse(f"another process uses {path}") from None
    return descriptor


def _sync_folder(folder: pathlib.Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
