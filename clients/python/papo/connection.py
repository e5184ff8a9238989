"""What the blocking client and the client for asyncio share: the steps of each operation."""

import os
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from .address import parse_addresses
from .core.decode import Json, encode
from .core.events import is_text
from .core.limits import LINE_BYTES_MAX
from .core.names import canonical_target
from .event import Event
from .feed import Feed
from .ids import new_message_id
from .network import Network
from .outbox_file import NoOutbox, OutboxFile

T = TypeVar("T")
# The steps of an operation: each future is waited for, and its result is sent back.
Steps = Generator["Future[Json]", Json, T]
# News of the session, in the form of `web/src/core/api.d.ts`. It has at least a "kind".
News = Json

# Continue at the read marks that the server stores.
READ_MARKS: Final = "read marks"


@dataclass(frozen=True)
class Sent:
    """A message that the server has stored on its disk."""

    conversation: str
    n: int
    at: int
    id: str


class Connection:
    """The session with a node. Its thread runs from the beginning.

    `on_news` receives all news of the session in the network thread, and must return soon.
    """

    def __init__(
        self,
        server: str,
        on_change: Callable[[], None],
        outbox: str | os.PathLike[str] | None = None,
        on_news: Callable[[News], None] | None = None,
    ) -> None:
        addresses = parse_addresses(server)
        storage = NoOutbox() if outbox is None else OutboxFile(outbox)
        self.feed = Feed(on_change)
        news = on_news if on_news is not None else lambda _news: None
        self.network = Network(addresses, storage, self.feed, news)
        self.network.start()
        self.user = ""

    def request(self, method: str, params: Json) -> "Future[Json]":
        """Sends a request. The future has the answer, whose member `result` is the result."""
        if len(encode(params).encode()) + len(method) > LINE_BYTES_MAX - 2048:
            raise ValueError(f"the parameters of {method} are longer than a line may be")
        return self.network.command({"kind": "request", "method": method, "params": params})

    def transfer(self, chunk: Json) -> "Future[Json]":
        """Sends or requests a chunk of a file."""
        return self.network.command({"kind": "transfer", "transfer": chunk})

    def login(self, user: str, password: str) -> Steps[None]:
        answer = yield self.network.command({"kind": "login", "user": user, "password": password})
        self.user = answer["account"]["user"]

    def use_token(self, token: str) -> Steps[None]:
        """Uses the token of a bot or of a session."""
        # The server knows the name of the user.
        yield self._restore("", token, "")
        answer = yield self.request("sync.heads", {})
        topic = str(answer["result"]["topic"])
        self.user = topic.removeprefix("user.").rpartition(".")[0]
        yield self._restore(self.user, token, topic)

    def _restore(self, user: str, token: str, topic: str) -> "Future[Json]":
        account = {"user": user, "token": token, "topic": topic, "expires": 0}
        return self.network.command({"kind": "restore", "account": account})

    def send(self, to: str, text: str, reply: int | None, id: str | None) -> Steps[Sent]:
        entry = yield self.queue(to, text, reply, id)[1]
        event = entry["event"]
        return Sent(entry["conversation"], entry["n"], event["at"], event["id"])

    def queue(
        self, to: str, text: str, reply: int | None, id: str | None
    ) -> tuple[str, "Future[Json]"]:
        """Puts a message into the outbox. Returns its id, and the future with its entry."""
        if canonical_target(to) is None:
            raise ValueError(f"{to!r} is not a conversation: use '#channel' or '@user'")
        # Half of a surrogate pair raises an error here.
        if not is_text(text.encode().decode()):
            raise ValueError("a text must not be blank, and has at most 16384 bytes")
        message_id = new_message_id() if id is None else id
        message = {"to": to, "id": message_id, "text": text, "reply": reply}
        return message_id, self.network.send(message)

    def subscribe(
        self, conversations: tuple[str, ...], after: Mapping[str, int] | str | None
    ) -> Steps[None]:
        """Receives events from now on. `after` has the numbers from which to continue."""
        self.feed.hold(frozenset(conversations) or None)
        positions: Mapping[str, int] = after if isinstance(after, Mapping) else {}
        try:
            yield self.network.command({"kind": "follow", "follow": {"kind": "everything"}})
            # A list that is made before the client follows the conversations can lack a channel
            # that another user adds the client to in the meantime.
            if after == READ_MARKS:
                reads = yield self.network.command({"kind": "listReads"})
                positions = {of["conversation"]: of["n"] for of in reads["readings"]}
        finally:
            self.feed.start(positions)
        self.network.submit(lambda: None)

    def mark_read(self, conversation: str, n: int) -> Steps[None]:
        command = {"kind": "markRead", "conversation": conversation, "n": n}
        yield self.network.command(command)

    def set_presence(self, mode: str) -> Steps[None]:
        yield self.network.command({"kind": "setPresence", "mode": mode})

    def membership(self, command: Json) -> Steps[str]:
        """Creates, joins or leaves a channel. Returns its first name."""
        answer = yield self.network.command(command)
        return str(answer.get("channel", command["channel"]))

    def call(self, method: str, params: Json) -> Steps[Any]:
        answer = yield self.request(method, params)
        return answer["result"]

    def history(self, params: Json) -> Steps[list[Event]]:
        result = yield from self.call("message.history", params)
        _, entries = self.network.session.cx.entries(result)
        return [Event.of(entry) for entry in entries]

    def take(self) -> Event | None:
        """The next event, if one has arrived."""
        event = self.feed.take()
        if self.feed.needs_page():
            self.network.submit(lambda: None)
        return event

    def messages_waiting(self) -> int:
        """The number of messages that the server has not acknowledged."""
        return self.network.session.messages_waiting()
