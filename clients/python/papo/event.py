"""Events as programs receive them."""

from dataclasses import dataclass, field

from .core.decode import Json


@dataclass(frozen=True)
class Event:
    """One event of a conversation. docs/PROTOCOL.md lists the kinds and their fields.

    `conversation` is the channel, or the other user of a direct message. `kind` is "unknown" for
    the event of a later version: show only its number.
    """

    conversation: str
    n: int
    at: int
    sender: str
    kind: str
    text: str
    # All fields of the event.
    fields: Json = field(repr=False)
    # The line as the server sent it.
    line: str = field(repr=False)

    @property
    def id(self) -> str:
        """The id of a message or file, or "" for other events."""
        return str(self.fields.get("id", ""))

    @property
    def reply(self) -> int | None:
        """The number of the event that the message answers."""
        reply = self.fields.get("reply")
        return None if reply is None else int(reply)

    @property
    def is_message(self) -> bool:
        """Whether the event is a message that was not deleted."""
        return self.kind == "message" and not self.fields.get("deleted")

    @classmethod
    def of(cls, entry: Json) -> "Event":
        """The event of an entry of the session core."""
        fields = entry["event"] or {"n": entry["n"], "at": 0, "from": "", "kind": "unknown"}
        return cls(
            conversation=entry["conversation"],
            n=entry["n"],
            at=fields["at"],
            sender=fields["from"],
            kind=fields["kind"],
            text=fields.get("text", ""),
            fields=fields,
            line=entry["line"],
        )
