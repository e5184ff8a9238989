"""The notification levels of the user."""

from typing import Any

from .context import Context
from .decode import Json
from .errors import read
from .requests import Pending
from .types import levels

ORDER = ["none", "mentions", "all"]


class Levels:
    def __init__(self) -> None:
        # The maximum for all conversations.
        self.all = "all"
        self.conversations: dict[str, str] = {}

    def of(self, conversation: str) -> str:
        return min(self.conversations.get(conversation, "all"), self.all, key=ORDER.index)

    def unread(self, reading: Json) -> int:
        """The number of unread messages of a conversation that the user wants to know."""
        level = self.of(reading["conversation"])
        if level == "all":
            return int(reading["unread"])
        return int(reading["mentions"]) if level == "mentions" else 0

    def listed(self, result: Any) -> Json:
        found = read(levels, result)
        self.all = found["level"]
        self.conversations = {of["conversation"]: of["level"] for of in found["conversations"]}
        return {"kind": "done"}


def request_levels(cx: Context, ticket: int) -> None:
    """Requests the levels. An earlier server does not have this method."""
    cx.request_for(ticket, Pending("levels"), "notify.list", {})
