"""The parts of the client without a node: the outbox, the feed, ids and addresses."""

import json
import pathlib
import tempfile
import unittest
import uuid
from typing import Any
from unittest.mock import patch

from papo import Address, OutboxInUse, answer_id, new_message_id
from papo.address import parse_addresses
from papo.core.limits import OUTBOX_MESSAGES_MAX
from papo.core.session import Session
from papo.event import Event
from papo.feed import BYTES_MAX, EVENTS_MAX, Feed, PageRequest
from papo.outbox_file import OutboxFile

KEY = "0123456789abcdef" * 4


def message(number: int, text: str = "oi") -> dict[str, Any]:
    id = f"01970000-0000-7000-8000-{number:012}"
    return {"to": "#ops", "id": id, "text": text, "reply": None}


def entry(n: int, conversation: str = "#ops", text: str = "oi") -> dict[str, Any]:
    event = {"n": n, "at": 1, "to": conversation, "from": "bob", "kind": "message", "text": text}
    return {"conversation": conversation, "n": n, "event": event, "line": json.dumps(event)}


class OutboxFiles(unittest.TestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = pathlib.Path(folder) / "outbox"

    def test_messages_without_an_acknowledgement_are_loaded_in_order(self) -> None:
        outbox = OutboxFile(self.path)
        outbox.persist("alice", [message(1), message(2)])
        outbox.persist("bob", [message(3)])
        outbox.persist("alice", [message(4)])
        outbox.forget([message(2)["id"], message(9)["id"]])
        outbox.close()
        outbox = OutboxFile(self.path)
        self.addCleanup(outbox.close)
        self.assertEqual(outbox.load("alice"), [message(1), message(4)])
        self.assertEqual(outbox.load("bob"), [message(3)])

    def test_a_torn_line_is_no_message(self) -> None:
        outbox = OutboxFile(self.path)
        outbox.persist("alice", [message(1), message(2)])
        outbox.close()
        content = self.path.read_bytes()
        start = content.index(b"\n", content.index(b"\n") + 1) + 1
        for end in range(start, len(content)):
            self.path.write_bytes(content[:end])
            outbox = OutboxFile(self.path)
            self.assertEqual(outbox.load("alice"), [message(1)])
            outbox.persist("alice", [message(3)])
            outbox.close()
            outbox = OutboxFile(self.path)
            self.assertEqual(outbox.load("alice"), [message(1), message(3)])
            outbox.close()

    def test_one_process_uses_the_file(self) -> None:
        outbox = OutboxFile(self.path)
        with self.assertRaises(OutboxInUse):
            OutboxFile(self.path)
        outbox.close()
        OutboxFile(self.path).close()

    def test_another_file_is_refused(self) -> None:
        self.path.write_text('{"settings":true}\n')
        with self.assertRaises(ValueError):
            OutboxFile(self.path)
        self.assertEqual(self.path.read_text(), '{"settings":true}\n')

    def test_a_failed_write_leaves_no_part_of_a_line(self) -> None:
        outbox = OutboxFile(self.path)
        outbox.persist("alice", [message(1)])
        with patch("papo.outbox_file.os.fsync", side_effect=OSError), self.assertRaises(OSError):
            outbox.persist("alice", [message(2)])
        outbox.persist("alice", [message(3)])
        outbox.close()
        outbox = OutboxFile(self.path)
        self.addCleanup(outbox.close)
        self.assertEqual(outbox.load("alice"), [message(1), message(3)])

    def test_acknowledged_messages_do_not_stay_in_the_file(self) -> None:
        self.enterContext(patch("papo.outbox_file.FILE_BYTES_MAX", 50_000))
        outbox = OutboxFile(self.path)
        self.addCleanup(outbox.close)
        outbox.persist("alice", [message(0)])
        for number in range(1, 20):
            outbox.persist("alice", [message(number, "x" * 10_000)])
            outbox.forget([message(number)["id"]])
        self.assertLess(self.path.stat().st_size, 65_000)
        self.assertEqual(outbox.load("alice"), [message(0)])


class Feeds(unittest.TestCase):
    def take_all(self, feed: Feed) -> list[int]:
        numbers = []
        while (event := feed.take()) is not None:
            numbers.append(event.n)
        return numbers

    def request(self, feed: Feed) -> PageRequest:
        """The page that the feed requests."""
        request = feed.next_page()
        assert request is not None
        return request

    def read(self, feed: Feed, after: int, head: int, numbers: list[int]) -> None:
        """Answers a request for the events of #ops after a number."""
        request = self.request(feed)
        self.assertEqual((request.conversation, request.after), ("#ops", after))
        feed.page(request, head, [entry(n) for n in numbers])

    def test_a_feed_continues_at_a_number_with_pages_of_the_history(self) -> None:
        feed = Feed(lambda: None)
        feed.start({"#ops": 5})
        feed.offer(entry(9))
        self.assertIsNone(feed.take())
        request = self.request(feed)
        self.assertEqual((request.conversation, request.after), ("#ops", 5))
        self.assertIsNone(feed.next_page(), "one page at a time")
        # Event 10 is published after the server made the page.
        feed.offer(entry(10))
        feed.page(request, 9, [entry(6), entry(7), entry(8), entry(9)])
        self.read(feed, 9, 10, [10])
        self.assertIsNone(feed.next_page())
        feed.offer(entry(11))
        self.assertEqual(self.take_all(feed), [6, 7, 8, 9, 10, 11])

    def test_an_event_that_overtakes_an_empty_page_is_read_from_the_next_page(self) -> None:
        feed = Feed(lambda: None)
        feed.start({"#ops": 2})
        request = self.request(feed)
        # The server made the page, then published event 3, which arrives first.
        feed.offer(entry(3))
        feed.page(request, 2, [])
        self.read(feed, 2, 3, [3])
        self.assertIsNone(feed.next_page())
        self.assertEqual(self.take_all(feed), [3])

    def test_events_before_the_start_are_read_from_the_history_after_it(self) -> None:
        feed = Feed(lambda: None)
        feed.hold(None)
        feed.offer(entry(8))
        feed.offer(entry(4, "#new"))
        self.assertIsNone(feed.next_page())
        self.assertEqual(self.take_all(feed), [])
        feed.start({"#ops": 5})
        self.read(feed, 5, 8, [6, 7, 8])
        request = self.request(feed)
        self.assertEqual((request.conversation, request.after), ("#new", 3))
        feed.page(request, 4, [entry(4, "#new")])
        self.assertEqual(self.take_all(feed), [6, 7, 8, 4])

    def test_a_page_that_was_requested_before_the_start_is_ignored(self) -> None:
        feed = Feed(lambda: None)
        feed.start({"#ops": 5})
        early = self.request(feed)
        feed.hold(None)
        feed.start({"#ops": 5})
        late = self.request(feed)
        # Event 6 was stored between the two requests, before the client followed the channel.
        feed.page(early, 5, [])
        feed.page(late, 6, [entry(6)])
        self.assertEqual(self.take_all(feed), [6])

    def test_a_program_that_starts_again_at_a_number_gets_no_old_copies(self) -> None:
        feed = Feed(lambda: None)
        feed.offer(entry(5))
        feed.offer(entry(8, "@bob"))
        feed.start({"#ops": 3})
        self.read(feed, 3, 5, [4, 5])
        self.assertEqual(self.take_all(feed), [8, 4, 5])

    def test_a_full_feed_reads_later_events_from_the_history(self) -> None:
        feed = Feed(lambda: None)
        for n in range(1, EVENTS_MAX + 101):
            feed.offer(entry(n))
        self.assertFalse(feed.needs_page())
        self.assertEqual(len(feed._events), EVENTS_MAX)
        self.assertEqual(self.take_all(feed), list(range(1, EVENTS_MAX + 1)))
        last = list(range(EVENTS_MAX + 1, EVENTS_MAX + 101))
        self.read(feed, EVENTS_MAX, EVENTS_MAX + 100, last)
        self.assertEqual(self.take_all(feed), last)
        self.assertFalse(feed.needs_page())

    def test_the_bytes_of_a_feed_are_bounded(self) -> None:
        feed = Feed(lambda: None)
        for n in range(1, 1_300):
            feed.offer(entry(n, text="x" * 16_000))
        self.assertLess(feed._bytes, BYTES_MAX + 20_000)
        self.assertTrue(feed._behind)

    def test_an_event_that_arrives_again_is_dropped(self) -> None:
        feed = Feed(lambda: None)
        for n in (1, 2, 2, 1, 3):
            feed.offer(entry(n))
        self.assertEqual(self.take_all(feed), [1, 2, 3])

    def test_after_a_rollback_the_numbers_start_again(self) -> None:
        feed = Feed(lambda: None)
        feed.offer(entry(7))
        feed.start({"@bob": 3})
        early = self.request(feed)
        feed.clear()
        feed.page(early, 9, [entry(8), entry(9)])
        feed.offer(entry(2))
        self.assertEqual(self.take_all(feed), [7, 2])

    def test_only_the_selected_conversations_are_added(self) -> None:
        feed = Feed(lambda: None)
        feed.hold(frozenset(["#ops"]))
        feed.start({"@bob": 3})
        feed.offer(entry(4, "@bob"))
        feed.offer(entry(4))
        self.assertIsNone(feed.next_page())
        self.assertEqual(self.take_all(feed), [4])

    def test_an_error_comes_after_the_events(self) -> None:
        feed = Feed(lambda: None)
        feed.offer(entry(1))
        feed.fail(RuntimeError("ended"))
        self.assertIsInstance(feed.take(), Event)
        with self.assertRaises(RuntimeError):
            feed.take()


class Ids(unittest.TestCase):
    def test_new_ids_are_uuids_of_version_7_in_order(self) -> None:
        ids = [new_message_id() for _ in range(10_000)]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertTrue(all(uuid.UUID(id).version == 7 for id in ids[:100]))

    def test_an_answer_to_the_same_event_has_the_same_id(self) -> None:
        first = answer_id("#ops", 7, 1_763_700_000_123)
        self.assertEqual(first, answer_id("#ops", 7, 1_763_700_000_123))
        others = [answer_id("#ops", 8, 1_763_700_000_123), answer_id("#a", 7, 1_763_700_000_123)]
        others.append(answer_id("#ops", 7, 1_763_700_000_123, number=1))
        self.assertEqual(len({first, *others}), 4)
        self.assertEqual(uuid.UUID(first).version, 7)
        self.assertEqual(int(first.replace("-", "")[:12], 16), 1_763_700_000_123)


class Addresses(unittest.TestCase):
    def test_an_invite_has_the_key_and_the_endpoint(self) -> None:
        address = Address.parse(f"papo://{KEY}@chat.example:5555")
        self.assertEqual(address.endpoint, "tcp://chat.example:5555")
        self.assertEqual(len(address.server_key or b""), 40)
        self.assertEqual(Address.parse(f"papo://{KEY}@chat.example:5555/c0de"), address)
        self.assertIsNone(Address.parse("tcp://127.0.0.1:5555").server_key)

    def test_another_text_is_refused(self) -> None:
        for text in ("", "chat.example", f"papo://{KEY[1:]}@a:1", f"papo://{KEY}@a", "http://a:1"):
            with self.assertRaises(ValueError):
                parse_addresses(text)

    def test_the_host_of_the_events_is_that_of_the_broker_for_a_wildcard(self) -> None:
        at = Address("tcp://papo.example:5555").events_endpoint
        self.assertEqual(at("tcp://*:5558"), "tcp://papo.example:5558")
        self.assertEqual(at("tcp://b:5558"), "tcp://b:5558")
        ipv6 = Address("tcp://[::1]:5555").events_endpoint("tcp://*:5558")
        self.assertEqual(ipv6, "tcp://[::1]:5558")


class Queues(unittest.TestCase):
    def test_all_queues_of_a_session_stay_within_their_limits(self) -> None:
        session = Session(1)
        account = {"user": "alice", "token": "t", "topic": "user.alice.0", "expires": 0}
        session.command(0, 1, {"kind": "restore", "account": account})
        for number in range(OUTBOX_MESSAGES_MAX + 100):
            session.command(0, 0, {"kind": "send", "message": message(number)})
            session.command(0, 2, {"kind": "ping"})
        for name, (length, most) in session.queues().items():
            self.assertLessEqual(length, most, name)
        news = [of["news"] for of in session.take_effects() if of["kind"] == "news"]
        refused = [of for of in news if of["kind"] == "sent" and "error" in of["outcome"]]
        self.assertEqual(len(refused), 100)


if __name__ == "__main__":
    unittest.main()
