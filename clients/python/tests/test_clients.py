"""The clients at a real node: a kill of the node, a cut connection, a kill of the program, new keys."""

import asyncio
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import zmq
from at_a_node import PASSWORD, SECONDS_MAX, AtANode

from papo import READ_MARKS, AsyncClient, Client, PapoError, WrongContent, new_message_id
from papo.files import CHUNK_BYTES_MAX

LIBRARY = pathlib.Path(__file__).parents[1]


class Clients(AtANode):
    def test_events_arrive_once_and_in_order_across_a_kill_and_a_cut(self) -> None:
        sender, reader = self.alice(), self.alice(self.node.invite_at("127.0.0.2"))
        sender.create("#order")
        reader.subscribe("#order", after={"#order": 0})
        lines = 300

        def send() -> None:
            for number in range(lines):
                sender.queue("#order", f"line {number}")
                time.sleep(0.004)

        thread = threading.Thread(target=send)
        thread.start()
        time.sleep(0.2)
        self.relay.cut()
        time.sleep(0.2)
        self.node.kill()
        time.sleep(0.3)
        self.node.start()
        thread.join()
        events = [reader.next_event(SECONDS_MAX) for _ in range(lines + 1)]
        numbers = [event.n for event in events if event is not None]
        self.assertEqual(numbers, list(range(1, lines + 2)))
        texts = [event.text for event in events if event is not None and event.is_message]
        self.assertEqual(texts, [f"line {number}" for number in range(lines)])
        self.assertIsNone(reader.next_event(0.3))

    def test_messages_that_arrive_between_the_requests_of_a_subscription_are_received(self) -> None:
        alice, reader = self.alice(), Client(self.node.invite)
        self.addCleanup(reader.close, 0)
        reader.register("reader", PASSWORD)
        reader.login("reader", PASSWORD)
        for channel, after in (("#marks", READ_MARKS), ("#number", {"#number": 2})):
            alice.create(channel)
            reader.join(channel)
            sent = self.subscribe_while_messages_arrive(reader, alice, channel, after)
            self.assertGreaterEqual(len(sent), 1)
            received = [reader.next_event(5) for _ in sent]
            self.assertEqual([event and event.text for event in received], sent)
            self.assertIsNone(reader.next_event(0.2))

    def subscribe_while_messages_arrive(
        self, reader: Client, sender: Client, channel: str, after: Mapping[str, int] | str
    ) -> list[str]:
        """Sends a message before each request of the subscription. Returns the messages."""
        network = reader._connection.network
        carry_out = network.command
        sent = []

        def command(command: dict[str, Any]) -> "Future[Any]":
            # A page that the feed has requested arrives before the message.
            time.sleep(0.3)
            sent.append(f"before {command['kind']}")
            sender.send(channel, sent[-1])
            return carry_out(command)

        with patch.object(network, "command", command):
            reader.subscribe(channel, after=after)
        return sent

    def test_messages_of_a_killed_program_are_sent_once_by_the_next_run(self) -> None:
        alice = self.alice()
        alice.create("#outbox")
        path = f"{self.enterContext(tempfile.TemporaryDirectory())}/outbox"
        program = (
            "import os, sys, papo\n"
            "client = papo.Client(sys.argv[1], outbox=sys.argv[2])\n"
            "client.login('alice', 'correct horse')\n"
            "client.send('#outbox', 'acknowledged')\n"
            "client.reconnect('tcp://127.0.0.1:1')\n"
            "for number in range(3): client.queue('#outbox', f'queued {number}')\n"
            "while sum(b'queued' in line for line in open(sys.argv[2], 'rb')) < 3: pass\n"
            "os.kill(os.getpid(), 9)\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(LIBRARY)}
        ended = subprocess.run(
            [sys.executable, "-B", "-c", program, self.node.invite, path], env=environment
        )
        self.assertEqual(ended.returncode, -signal.SIGKILL)
        with Client(self.node.invite, outbox=path) as client:
            client.login("alice", PASSWORD)
            self.assertTrue(client.flush(SECONDS_MAX))
        texts = [event.text for event in alice.history("#outbox") if event.is_message]
        self.assertEqual(texts, ["acknowledged", "queued 0", "queued 1", "queued 2"])

    def test_a_slow_program_gets_all_events(self) -> None:
        alice, reader = self.alice(), self.alice()
        alice.create("#slow")
        self.enterContext(patch("papo.feed.EVENTS_MAX", 64))
        self.enterContext(patch("papo.feed.EVENTS_LOW", 16))
        reader.subscribe("#slow", after={"#slow": 0})
        for number in range(1_000):
            alice.queue("#slow", str(number))
        self.assertTrue(alice.flush(SECONDS_MAX))
        # The feed reads the last events from the history.
        self.assertLessEqual(len(reader._connection.feed._events), 64 + 500)
        numbers = [event.n for event in (reader.next_event(5) for _ in range(1_001)) if event]
        self.assertEqual(numbers, list(range(1, 1_002)))
        self.assertIsNone(reader.next_event(0.2))

    def test_a_client_connects_again_with_new_keys(self) -> None:
        alice = self.alice()
        alice.create("#keys")
        alice.subscribe("#keys")
        key_pair = zmq.curve_keypair
        with patch("papo.address.zmq.curve_keypair", side_effect=key_pair) as created:
            alice.reconnect()
            sent = alice.send("#keys", "after the new keys")
        self.assertEqual(created.call_count, 1)
        event = alice.next_event(SECONDS_MAX)
        self.assertEqual((event and event.n, event and event.text), (sent.n, "after the new keys"))

    def test_a_file_arrives_whole_across_a_cut_and_an_interruption(self) -> None:
        alice = self.alice(self.node.invite_at("127.0.0.2"))
        alice.create("#files")
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        content = random.Random(6).randbytes(5 * CHUNK_BYTES_MAX + 1)
        (folder / "plan.pdf").write_bytes(content)
        transfer = alice._connection.transfer
        offsets: list[int] = []

        def counted(chunk: dict[str, Any]) -> "Future[Any]":
            offsets.append(chunk["offset"])
            if len(offsets) == 2:
                self.assertGreater(self.relay.cut(), 0)
            if len(offsets) == 4:
                raise InterruptedError
            return transfer(chunk)

        id = new_message_id()
        with patch.object(alice._connection, "transfer", counted):
            with self.assertRaises(InterruptedError):
                alice.send_file("#files", folder / "plan.pdf", id=id)
            sent = alice.send_file("#files", folder / "plan.pdf", id=id)
        self.assertEqual(alice.send_file("#files", folder / "plan.pdf", id=id), sent)
        expected = [0, 1, 2, 3, 3, 4, 5]
        self.assertEqual(offsets, [number * CHUNK_BYTES_MAX for number in expected])
        [event] = [of for of in alice.history("#files") if of.kind == "file"]
        self.assertEqual((event.n, event.id, event.fields["name"]), (sent.n, id, "plan.pdf"))
        alice.get_file(event, folder / "copy")
        self.assertEqual((folder / "copy").read_bytes(), content)
        with self.assertRaises(FileExistsError):
            alice.get_file(event, folder / "copy")
        forged = replace(event, fields={**event.fields, "sha256": "0" * 64})
        with self.assertRaises(WrongContent):
            alice.get_file(forged, folder / "forged")
        self.assertFalse((folder / "forged").exists())
        with self.assertRaises(ValueError):
            alice.get_file(alice.history("#files")[0], folder / "none")

    def test_an_error_has_its_reason(self) -> None:
        alice = self.alice()
        with self.assertRaises(PapoError) as raised:
            alice.send("#nowhere", "oi")
        self.assertEqual((raised.exception.code, raised.exception.reason), (4040, "no_such_channel"))
        with self.assertRaises(ValueError):
            alice.send("nowhere", "oi")
        with self.assertRaises(ValueError):
            alice.send("#nowhere", "\ud800")
        self.assertEqual(alice.call("server.info")["name"], "papo")

    def test_a_wrong_key_ends_in_a_timeout(self) -> None:
        key = self.node.invite.partition("//")[2][:64]
        client = Client(self.node.invite.replace(key, "ab" * 32), timeout=0.5)
        self.addCleanup(client.close, 0)
        with self.assertRaises(TimeoutError):
            client.call("server.info")

    def test_the_client_for_asyncio_sends_and_receives(self) -> None:
        async def talk() -> list[str]:
            async with AsyncClient(self.node.invite) as client:
                await client.login("alice", PASSWORD)
                await client.create("#async")
                await client.subscribe("#async")
                sent = [await client.send("#async", f"line {number}") for number in range(3)]
                self.assertEqual([message.n for message in sent], [2, 3, 4])
                events = [await asyncio.wait_for(client.next_event(), 10) for _ in range(3)]
                with self.assertRaises(PapoError):
                    await client.call("channel.join", channel="#nowhere")
                return [event.text for event in events]

        self.assertEqual(asyncio.run(talk()), ["line 0", "line 1", "line 2"])


if __name__ == "__main__":
    unittest.main()
