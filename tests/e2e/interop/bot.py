"""A bot that answers the slash command /echo, in Python.

It needs a token of `papo bot create echo --in '#ops'`, in $PAPO_TOKEN. It
answers each command once, also those that arrived while it was away: its read
mark is the position from which it continues, and the id of an answer depends
only on the command, so the server stores a repeated answer once.
"""

import argparse
import hashlib
import os
import sys
import time

from papo import Papo, message_id

HEARTBEAT_SECONDS = 15
COMMANDS = [
    {"name": "echo", "description": "Repeat a text.", "usage": "TEXT"},
]


class Bot:
    """The bot, its position in each conversation, and its name."""

    def __init__(self, server, token):
        self.papo = Papo(server)
        self.papo.token = token
        self.heartbeat_due = 0
        self.marks = {}
        self.name = None

    def start(self):
        """Registers the commands, and subscribes before it reads."""
        self.papo.call("command.register", commands=COMMANDS)
        self.heartbeat()
        heads = self.papo.call("sync.heads")
        self.name = heads["topic"].removeprefix("user.").rpartition(".")[0]
        self.papo.subscribe(heads["topic"])
        for head in heads["heads"]:
            if "topic" in head:
                self.papo.subscribe(head["topic"])
        for reading in self.papo.call("read.list")["conversations"]:
            self.marks[reading["conversation"]] = reading["n"]
        for head in heads["heads"]:
            self.catch_up(head["conversation"])

    def catch_up(self, conversation):
        """Answers the commands after the read mark."""
        while True:
            page = self.papo.call(
                "message.history", conversation=conversation,
                after=self.marks.get(conversation, 0),
            )
            for event in page["events"]:
                self.take(event)
            if self.marks.get(conversation, 0) >= page["head"]:
                return

    def take(self, event):
        """Answers an event if it is a command of this bot."""
        conversation = event["to"]
        if event["n"] <= self.marks.get(conversation, 0):
            return
        command = event.get("command", {})
        if command.get("bot") == self.name and not event.get("deleted"):
            _, _, arguments = event["text"].partition(" ")
            self.papo.call(
                "message.send", to=conversation, id=answer_id(event),
                text=arguments or "echo what?", reply=event["n"],
            )
            self.papo.call(
                "read.mark", conversation=conversation, n=event["n"],
            )
        self.marks[conversation] = event["n"]

    def heartbeat(self):
        """The bot is present, so clients do not warn their users."""
        if time.monotonic() >= self.heartbeat_due:
            self.papo.call("presence.set", state="online")
            self.heartbeat_due = time.monotonic() + HEARTBEAT_SECONDS

    def run(self):
        """Answers commands until the session ends."""
        while True:
            self.heartbeat()
            for event in self.papo.arrived(seconds=1):
                self.receive(event.fields)

    def receive(self, fields):
        """Takes a line of the fan-out, and repairs a gap before it."""
        conversation = fields.get("to", "")
        if fields.get("kind") == "topic.moved":
            self.papo.subscribe(fields["topic"])
            self.catch_up(conversation)
        elif "n" in fields and conversation in self.marks:
            if fields["n"] > self.marks[conversation] + 1:
                self.catch_up(conversation)
            self.take(fields)


def answer_id(event):
    """The same id for the same command."""
    name = f"{event['to']} {event['n']}".encode()
    digest = hashlib.sha256(name).digest()
    return message_id(event["at"], int.from_bytes(digest[:10], "big"))


def main():
    """Starts the bot, and prints a line when it is ready."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="tcp://127.0.0.1:5555")
    bot = Bot(parser.parse_args().server, os.environ["PAPO_TOKEN"])
    bot.start()
    print("ready", flush=True)
    bot.run()


if __name__ == "__main__":
    sys.exit(main())
