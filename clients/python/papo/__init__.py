"""A client of papo, a team chat on ZeroMQ, for bots and other programs.

    from papo import Bot

    bot = Bot("papo://<key>@chat.example:5555", token)

    @bot.command("echo", "Repeat a text.", usage="TEXT")
    def echo(command):
        return command.arguments or "echo what?"

    bot.run()

`Client` is a client with blocking methods, `AsyncClient` the same client for asyncio.
"""

from .address import Address
from .aio import AsyncClient
from .bot import Bot, Command
from .client import Client
from .connection import READ_MARKS, News, Sent
from .core.errors import PapoError
from .event import Event
from .files import WrongContent
from .ids import answer_id, new_message_id
from .outbox_file import OutboxInUse

__all__ = [
    "READ_MARKS",
    "Address",
    "AsyncClient",
    "Bot",
    "Client",
    "Command",
    "Event",
    "News",
    "OutboxInUse",
    "PapoError",
    "Sent",
    "WrongContent",
    "answer_id",
    "new_message_id",
]
