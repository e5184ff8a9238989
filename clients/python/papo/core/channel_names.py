"""The names of renamed channels.

Events, replies and the core identify a channel by its first name. Users read and write its
current name.
"""

from collections.abc import Iterable

from .decode import Json


def _all(names: Json | None) -> list[str]:
    """All names except the first."""
    found = names or {}
    name = [found["name"]] if "name" in found else []
    return [*name, *found.get("former_names", ())]


def _later_names(name: str | None, former: Iterable[str]) -> Json:
    """`name` is the current name, if it is not the first."""
    names: Json = {} if name is None else {"name": name}
    former_names = sorted(former)
    return {**names, "former_names": former_names} if former_names else names


class ChannelNames:
    """The later names of channels that the user can see."""

    def __init__(self) -> None:
        # The later names, by the first name.
        self._later: dict[str, Json] = {}
        # The first names, by each later name.
        self._first: dict[str, str] = {}

    def set(self, first: str, found: Json) -> bool:
        """Replaces the later names of the channel `first`. Returns whether they differ."""
        before = self._later.get(first)
        names = _later_names(found.get("name"), found.get("former_names", ()))
        if (before or {}) == names:
            return False
        for old in _all(before):
            self._first.pop(old, None)
        for later in _all(names):
            self._first[later] = first
        self._later[first] = names
        return True

    def rename(self, first: str, name: str) -> bool:
        """Applies a renaming. Returns whether the names differ."""
        former = set(_all(self._later.get(first))) - {name}
        return self.set(first, _later_names(None if name == first else name, former))

    def later(self, first: str) -> Json:
        """The later names of the channel `first`."""
        return self._later.get(first, {})

    def first(self, name: str) -> str:
        """The first name of the channel that has, or had, this name.

        Returns other names and users unchanged.
        """
        return self._first.get(name, name)

    def current(self, name: str) -> str:
        """The current name of the channel that has, or had, this name."""
        first = self.first(name)
        names = self._later.get(first)
        return name if names is None else str(names.get("name", first))

    def in_command(self, command: Json) -> Json:
        """The command with first names of channels, which all components use."""
        kind = command["kind"]
        if kind == "follow" and command["follow"]["kind"] == "one":
            follow = command["follow"]
            first = self.first(follow["conversation"])
            return {**command, "follow": {**follow, "conversation": first}}
        if kind in ("join", "leave"):
            return {**command, "channel": self.first(command["channel"])}
        if kind in ("open", "nextPage", "markRead"):
            return {**command, "conversation": self.first(command["conversation"])}
        if kind == "keyTyped" and command["to"] is not None:
            return {**command, "to": self.first(command["to"])}
        if kind == "send":
            message = command["message"]
            return {**command, "message": {**message, "to": self.first(message["to"])}}
        return command
