"""Transfers of chunks of files.

The bytes of a chunk are a second frame after the request or the reply.
"""

from typing import Any

from . import types
from .context import Context
from .decode import Json
from .errors import PapoError, error_of, read, take
from .requests import Frame, Origin, Pending


def transfer(cx: Context, ticket: int, request: Json) -> None:
    if request["kind"] == "chunk":
        params = {"file": request["file"], "offset": request["offset"]}
        frame = Frame(is_alone=True, content=request["bytes"])
        cx.request(Origin("command", ticket, Pending("chunk")), "file.chunk", params, frame)
    else:
        params = {name: request[name] for name in ("conversation", "n", "offset", "length")}
        origin = Origin("command", ticket, Pending("part"))
        cx.request(origin, "file.get", params, Frame(is_alone=True))


def chunk_reply(outcome: Json) -> Json:
    # After the loss of an earlier chunk, the error has the position at which the upload must
    # continue.
    if "error" in outcome and "have" in outcome["error"]["data"]:
        return {"kind": "have", "bytes": outcome["error"]["data"]["have"]}
    return {"kind": "have", "bytes": read(types.have, take(outcome))["have"]}


def part_reply(result: Any, received: bytes | None) -> Json:
    """The downloaded chunk. `received` is the frame of bytes after the reply line."""
    part = read(types.part, result)
    if received is None or len(received) != part["length"]:
        raise PapoError(error_of("answer_without_bytes"))
    return {"kind": "part", "offset": part["offset"], "bytes": received}
