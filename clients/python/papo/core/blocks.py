"""The users whom the user blocks.

The core marks their messages in channels as hidden. The server refuses their direct messages.
"""

from typing import Any

from .context import Context
from .decode import Json, obj, u64
from .names import is_channel
from .plain_request import Pager
from .requests import Pending
from .types import user_name


class Blocks:
    def __init__(self) -> None:
        self.users: set[str] = set()

    def mark(self, entry: Json) -> Json:
        """Marks an event of a blocked user in a channel as hidden, if it has a text or a file."""
        event = entry["event"]
        is_candidate = event is not None and "id" in event and is_channel(entry["conversation"])
        return {**entry, "isHidden": is_candidate and event["from"] in self.users}

    def notice(self, user: str, blocked: bool) -> None:
        """Handles the notice that the user blocked or unblocked another user."""
        if blocked:
            self.users.add(user)
        else:
            self.users.discard(user)

    def listed(self, cx: Context, ticket: int, pager: Pager, result: Any) -> Json | None:
        """Handles a page of the list. Returns None if the next page was requested."""
        if pager.take(result):
            _request_page(cx, ticket, pager)
            return None
        self.users = {block["user"] for block in pager.items}
        return {"kind": "blocks", "users": sorted(self.users)}


def request_blocks(cx: Context, ticket: int) -> None:
    """Requests the list of blocked users. An earlier server does not have this method."""
    item = obj(user=user_name, at=u64)
    _request_page(cx, ticket, Pager("user.blocks", "users", item, "user"))


def _request_page(cx: Context, ticket: int, pager: Pager) -> None:
    cx.transmit(ticket, Pending("blocks", pager=pager), pager.method, pager.params())
