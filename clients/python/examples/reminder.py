"""A bot that reminds users: /remind 10m TEXT.

A reminder is a line in a file before the bot confirms it, so it survives a kill. The id of the
message depends only on the command, so the server stores a reminder once.
"""

import json
import os
import pathlib
import time

from papo import Bot, Command, answer_id

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
FILE = pathlib.Path(os.environ.get("REMINDERS", "reminders.json"))

bot = Bot(os.environ["PAPO_SERVER"], os.environ["PAPO_TOKEN"])
reminders = json.loads(FILE.read_text()) if FILE.exists() else {}


def save() -> None:
    """Writes the file. A kill leaves the old file or the new one."""
    temporary = FILE.with_suffix(".new")
    with open(temporary, "w") as file:
        json.dump(reminders, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, FILE)


@bot.command("remind", "Remind you of something.", usage="10m TEXT")
def remind(command: Command) -> str:
    delay, _, text = command.arguments.partition(" ")
    if not delay[:-1].isdecimal() or delay[-1] not in UNITS or not text.strip():
        return "Say when and what: /remind 10m TEXT, with s, m, h or d."
    event = command.event
    due = event.at / 1000 + int(delay[:-1]) * UNITS[delay[-1]]
    id = answer_id(event.conversation, event.n, event.at, number=1)
    reminders[id] = {"due": due, "to": event.conversation, "reply": event.n}
    reminders[id]["text"] = f"@{event.sender} {text.strip()}"
    save()
    return f"I will remind you in {delay}."


@bot.every(0.5)
def send_due() -> None:
    for id, one in sorted(reminders.items(), key=lambda item: item[1]["due"]):
        if one["due"] <= time.time():
            bot.client.send(one["to"], one["text"], reply=one["reply"], id=id)
            del reminders[id]
            save()


if __name__ == "__main__":
    bot.run(on_ready=lambda: print("ready", flush=True))
