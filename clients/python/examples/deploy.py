"""A bot that runs a program for each service that it knows: /deploy SERVICE.

It posts the beginning and the end. DEPLOY is the program, which gets the service as its argument.
After a kill, a command without an answer runs again: the program must permit this.
"""

import os
import subprocess

from papo import Bot, Command

SERVICES = os.environ.get("SERVICES", "api,web").split(",")
PROGRAM = os.environ["DEPLOY"]
SECONDS_MAX = 600

bot = Bot(os.environ["PAPO_SERVER"], os.environ["PAPO_TOKEN"])


@bot.command("deploy", "Deploy a service.", usage="SERVICE")
def deploy(command: Command) -> str:
    service = command.arguments
    if service not in SERVICES:
        return f"I know these services: {', '.join(SERVICES)}."
    command.reply(f"Deploying {service} for @{command.event.sender} ...")
    try:
        ended = subprocess.run(
            [PROGRAM, service], capture_output=True, text=True, timeout=SECONDS_MAX
        )
    except subprocess.TimeoutExpired:
        return f"❌ {service}: no result after {SECONDS_MAX} s."
    if ended.returncode == 0:
        return f"✅ {service} is deployed."
    last = (ended.stderr or ended.stdout).strip().splitlines()[-1:]
    return f"❌ {service} failed with code {ended.returncode}: {''.join(last)[:200]}"


if __name__ == "__main__":
    bot.run(on_ready=lambda: print("ready", flush=True))
