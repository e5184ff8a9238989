"""The example bots at a real node: kills of the node and of the bots, and cut connections."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from contextlib import nullcontext
from unittest.mock import patch

from at_a_node import SECONDS_MAX, AtANode

from papo import Bot, Client, Command, Event

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"
COMMANDS = 24
LINES_MAX = 60


class BotProcess:
    """An example bot in its own process."""

    def __init__(self, path: str, server: str, token: str, **variables: str) -> None:
        environment = {**os.environ, "PAPO_SERVER": server, "PAPO_TOKEN": token, **variables}
        environment |= {"PYTHONPATH": str(EXAMPLES.parent), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, path], env=environment, stdout=subprocess.PIPE
        )

    def wait_until_ready(self) -> "BotProcess":
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return self

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class ExampleBots(AtANode):
    def bot_token(self, client: Client, name: str, channel: str) -> str:
        token = client.call("bot.create", name=name, scope="write", conversations=[channel])
        return str(token["token"])

    def start(self, name: str, server: str, token: str, **variables: str) -> BotProcess:
        path = str(EXAMPLES / f"{name}.py")
        bot = BotProcess(path, server, token, **variables).wait_until_ready()
        self.addCleanup(bot.kill)
        return bot

    def wait_for_answers(self, client: Client, channel: str, count: int) -> list[Event]:
        """Waits for this number of answers of bots. Returns all messages of the channel."""
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            events = [of for of in client.history(channel, limit=500) if of.is_message]
            if sum(event.sender != "alice" for event in events) >= count:
                return events
            if time.monotonic() >= deadline:
                self.fail(f"{[(event.sender, event.text) for event in events]}")
            time.sleep(0.05)

    def test_each_example_has_at_most_60_lines(self) -> None:
        for path in EXAMPLES.glob("*.py"):
            self.assertLessEqual(len(path.read_text().splitlines()), LINES_MAX, path)

    def test_no_command_is_lost_or_answered_twice_under_kills_and_cuts(self) -> None:
        alice = self.alice()
        alice.create("#echo")
        token = self.bot_token(alice, "echo", "#echo")
        folder = self.enterContext(tempfile.TemporaryDirectory())
        server, outbox = self.node.invite_at("127.0.0.2"), f"{folder}/outbox"
        bot = self.start("echo", server, token, PAPO_OUTBOX=outbox)
        faults: dict[int, Callable[[], object]] = {
            5: lambda: self.assertGreater(self.relay.cut(), 0),
            10: self._restart_node,
            15: bot.kill,
            16: lambda: self.start("echo", server, token, PAPO_OUTBOX=outbox),
            20: lambda: self.assertGreater(self.relay.cut(), 0),
        }
        for number in range(COMMANDS):
            alice.queue("#echo", f"/echo {number}")
            if number in faults:
                faults[number]()
        events = self.wait_for_answers(alice, "#echo", COMMANDS)
        # A doubled answer would arrive within this time.
        time.sleep(0.5)
        events = self.wait_for_answers(alice, "#echo", COMMANDS)
        commands = [event for event in events if event.sender == "alice"]
        answers = [event for event in events if event.sender == "echo"]
        self.assertEqual([of.text for of in commands], [f"/echo {n}" for n in range(COMMANDS)])
        self.assertEqual([of.text for of in answers], [str(n) for n in range(COMMANDS)])
        self.assertEqual([of.reply for of in answers], [command.n for command in commands])

    def _restart_node(self) -> None:
        self.node.kill()
        time.sleep(0.3)
        self.node.start()

    def test_a_reminder_survives_a_kill_of_the_bot(self) -> None:
        alice = self.alice()
        alice.create("#remind")
        token = self.bot_token(alice, "reminder", "#remind")
        folder = self.enterContext(tempfile.TemporaryDirectory())
        variables = {"REMINDERS": f"{folder}/reminders.json"}
        bot = self.start("reminder", self.node.invite, token, **variables)
        alice.send("#remind", "/remind 1s the cake")
        alice.send("#remind", "/remind soon the cake")
        self.wait_for_answers(alice, "#remind", 2)
        bot.kill()
        self.start("reminder", self.node.invite, token, **variables)
        events = self.wait_for_answers(alice, "#remind", 3)
        texts = [event.text for event in events if event.sender == "reminder"]
        self.assertCountEqual(
            texts,
            [
                "I will remind you in 1s.",
                "Say when and what: /remind 10m TEXT, with s, m, h or d.",
                "@alice the cake",
            ],
        )

    def test_a_deploy_reports_its_beginning_and_its_end(self) -> None:
        alice = self.alice()
        alice.create("#deploy")
        token = self.bot_token(alice, "deploy", "#deploy")
        self.start("deploy", self.node.invite, token, DEPLOY="true")
        alice.send("#deploy", "/deploy api")
        alice.send("#deploy", "/deploy all")
        events = self.wait_for_answers(alice, "#deploy", 3)
        self.assertEqual(
            [event.text for event in events if event.sender == "deploy"],
            [
                "Deploying api for @alice ...",
                "✅ api is deployed.",
                "I know these services: api, web.",
            ],
        )


    def test_a_bot_answers_after_the_node_was_restored_from_a_backup(self) -> None:
        alice = self.alice()
        alice.create("#backup")
        token = self.bot_token(alice, "backup", "#backup")
        self.node.kill()
        self.node.save()
        self.node.start()
        self.start("echo", self.node.invite, token)
        for number in range(3):
            alice.send("#backup", f"/echo {number}")
        self.wait_for_answers(alice, "#backup", 3)
        self.node.kill()
        self.node.restore()
        self.node.start()
        deadline = time.monotonic() + SECONDS_MAX
        while not alice.call("command.list", conversation="#backup")["commands"]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        alice.send("#backup", "/echo again")
        events = self.wait_for_answers(alice, "#backup", 1)
        self.assertEqual([event.text for event in events], ["/echo again", "again"])

    def test_the_bot_of_the_readme_answers(self) -> None:
        alice = self.alice()
        alice.create("#readme")
        token = self.bot_token(alice, "reader", "#readme")
        text = (EXAMPLES.parent / "README.md").read_text()
        program = text.partition("```python\n")[2].partition("```")[0]
        path = f"{self.enterContext(tempfile.TemporaryDirectory())}/bot.py"
        pathlib.Path(path).write_text(program)
        self.addCleanup(BotProcess(path, self.node.invite, token).kill)
        deadline = time.monotonic() + SECONDS_MAX
        while not alice.call("command.list", conversation="#readme")["commands"]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        alice.send("#readme", "/echo oi")
        self.assertEqual(self.wait_for_answers(alice, "#readme", 1)[-1].text, "oi")

    def test_a_command_that_runs_again_after_a_crash_is_answered_once(self) -> None:
        alice = self.alice()
        alice.create("#again")
        token = self.bot_token(alice, "again", "#again")
        alice.send("#again", "before the bot")
        runs = []

        def run(marks_commands: bool, last: str) -> None:
            bot = Bot(self.node.invite, token)

            @bot.command("run", "Run.")
            def answer(command: Command) -> str:
                runs.append(command.arguments)
                command.reply(f"{command.arguments} begins")
                if command.arguments == last:
                    bot.stop()
                return f"{command.arguments} ends"

            skipped = nullcontext() if marks_commands else patch.object(bot.client, "mark_read")
            with skipped:
                bot.run(on_ready=lambda: alice.queue("#again", f"/run {last}"))

        run(marks_commands=True, last="one")
        # A crash after each answer, before the read mark.
        run(marks_commands=False, last="two")
        run(marks_commands=True, last="three")
        self.assertEqual(runs, ["one", "two", "two", "three"])
        texts = [event.text for event in self.wait_for_answers(alice, "#again", 6)]
        numbers = ("one", "two", "three")
        expected = [[f"/run {of}", f"{of} begins", f"{of} ends"] for of in numbers]
        self.assertCountEqual(texts, ["before the bot", *sum(expected, [])])


if __name__ == "__main__":
    unittest.main()
