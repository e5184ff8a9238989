"""A bot that repeats texts: /echo TEXT.

    papo bot create echo --in '#ops'
    PAPO_SERVER=papo://... PAPO_TOKEN=... python echo.py
"""

import os

from papo import Bot, Command

bot = Bot(
    os.environ["PAPO_SERVER"],
    os.environ["PAPO_TOKEN"],
    outbox=os.environ.get("PAPO_OUTBOX"),
)


@bot.command("echo", "Repeat a text.", usage="TEXT")
def echo(command: Command) -> str:
    return command.arguments or "What do you want to hear? /echo TEXT"


if __name__ == "__main__":
    bot.run(on_ready=lambda: print("ready", flush=True))
