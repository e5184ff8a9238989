"""Requests that do not change the core's state.

The core only sends them, and returns their results.
"""

from typing import Any

from .decode import Decoder, Json, array, boolean, obj
from .errors import read
from .limits import LIST_NAMES_MAX, LIST_PAGES_MAX

# The methods that need no session.
WITHOUT_TOKEN = frozenset(("server.info", "auth.register", "auth.login", "auth.reset"))


def sort_members(value: Any) -> Any:
    """Sorts the members of all objects by name, as the Rust core sends them."""
    if isinstance(value, (list, tuple)):
        return [sort_members(item) for item in value]
    if isinstance(value, dict):
        return {name: sort_members(value[name]) for name in sorted(value)}
    return value


class Pager:
    """Requests a list page by page, and collects its items.

    `member` is the member of the result that has the items. The next page begins after the
    member `cursor` of the last item.
    """

    def __init__(self, method: str, member: str, item: Decoder[Json], cursor: str) -> None:
        self.method = method
        self.member = member
        self.page = obj(**{member: array(item)}, more=boolean)
        self.cursor = cursor
        self.items: list[Json] = []
        self.after: str | None = None

    def params(self) -> Json:
        """The parameters of the request for the next page."""
        return {} if self.after is None else {"after": self.after}

    def take(self, result: Any) -> bool:
        """Adds a page. Returns whether the list continues."""
        page = read(self.page, result)
        items = page[self.member]
        if items:
            self.after = items[-1][self.cursor]
        self.items.extend(items)
        is_short = len(self.items) < LIST_PAGES_MAX * LIST_NAMES_MAX
        return bool(page["more"] and items and is_short)
