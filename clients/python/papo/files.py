"""Files: the steps of an upload and of a download."""

import contextlib
import hashlib
import os
from typing import Final

from .connection import Connection, Sent, Steps
from .event import Event
from .ids import new_message_id

# The maximum bytes of a chunk, as in common/src/limits.rs.
CHUNK_BYTES_MAX: Final = 256 * 1024


class WrongContent(Exception):
    """The downloaded bytes are not the bytes that the sender announced."""


def send(
    connection: Connection, to: str, path: str | os.PathLike[str], name: str | None, id: str | None
) -> Steps[Sent]:
    """Uploads a file. With the id of an interrupted upload, continues where it stopped."""
    file_id = new_message_id() if id is None else id
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.seek(0, os.SEEK_END)
        announced = {
            "to": to,
            "id": file_id,
            "name": os.path.basename(path) if name is None else name,
            "bytes": size,
            "sha256": sha256,
        }
        begun = yield from connection.call("file.begin", announced)
        have: int = begun["have"]
        while have < size:
            file.seek(have)
            chunk = {"kind": "chunk", "file": file_id, "offset": have}
            chunk["bytes"] = file.read(CHUNK_BYTES_MAX)
            if not chunk["bytes"]:
                raise OSError(f"{os.fspath(path)} became shorter while it was sent")
            have = (yield connection.transfer(chunk))["bytes"]
    stored = yield from connection.call("file.commit", {"file": file_id})
    return Sent(to, stored["n"], stored["at"], file_id)


def get(connection: Connection, event: Event, path: str | os.PathLike[str]) -> Steps[None]:
    """Downloads the file of an event into a new file."""
    if event.kind != "file" or event.fields.get("deleted"):
        raise ValueError(f"event {event.n} of {event.conversation} has no file")
    announced = event.fields
    digest = hashlib.sha256()
    with open(path, "xb") as file:
        try:
            while file.tell() < announced["bytes"]:
                part = {"kind": "part", "conversation": event.conversation, "n": event.n}
                part |= {"offset": file.tell(), "length": CHUNK_BYTES_MAX}
                received: bytes = (yield connection.transfer(part))["bytes"]
                if not received:
                    raise WrongContent("the server has fewer bytes than the event says")
                digest.update(received)
                file.write(received)
            if digest.hexdigest() != announced["sha256"]:
                raise WrongContent("the SHA-256 differs from that of the event")
        except BaseException:
            with contextlib.suppress(OSError):
                os.remove(path)
            raise
