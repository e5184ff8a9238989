"""The core behaves as docs/conformance requires: it replays all traces and decodes all lines.

Each listed mutation of the core makes a trace fail.
"""

import concurrent.futures
import importlib
import json
import pathlib
import shutil
import sys
import tempfile
import unittest
from typing import Any

from mutations import MUTATIONS
from replay import CONFORMANCE, Difference, read_trace, replay, trace_names

from papo.core.decode import parse
from papo.core.entry import read_entry
from papo.core.events import read_event, read_notice
from papo.core.session import Session

CORE = pathlib.Path(__file__).parents[1] / "papo" / "core"
# As many traces as the folders have.
TRACES_MIN = {"unit": 90, "sim": 200}
MUTATIONS_MIN = 15


def replay_one(name: str) -> tuple[str, int]:
    """Replays a trace. Returns the first difference, and the number of compared effects."""
    try:
        return "", replay(read_trace(name), Session)
    except Difference as difference:
        return f"{name}: {difference}", 0


class Traces(unittest.TestCase):
    def test_all_traces_are_replayed_with_equal_effects(self) -> None:
        with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
            for folder, count_min in TRACES_MIN.items():
                names = trace_names(folder)
                self.assertGreaterEqual(len(names), count_min)
                for difference, effects in pool.map(replay_one, names, chunksize=8):
                    self.assertEqual(difference, "")
                    self.assertGreater(effects, 0)


class Mutations(unittest.TestCase):
    def test_there_are_enough_mutations(self) -> None:
        self.assertGreaterEqual(len(MUTATIONS), MUTATIONS_MIN)

    def test_each_mutation_makes_a_trace_fail(self) -> None:
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        sys.path.insert(0, str(folder))
        self.addCleanup(sys.path.remove, str(folder))
        for number, (file, before, after, trace) in enumerate(MUTATIONS):
            with self.subTest(file=file, before=before):
                source = (CORE / file).read_text()
                self.assertEqual(source.count(before), 1, "the text occurs once")
                replay(read_trace(trace), Session)
                copy = folder / f"mutated{number}"
                shutil.copytree(CORE, copy)
                (copy / file).write_text(source.replace(before, after))
                self.assert_fails(copy.name, trace)

    def assert_fails(self, package: str, trace: str) -> None:
        mutated: Any = importlib.import_module(f"{package}.session").Session
        # A mutation can also end in an error of Python.
        with self.assertRaises((Difference, IndexError, KeyError, TypeError)):
            replay(read_trace(trace), mutated)


class GoldenLines(unittest.TestCase):
    def test_each_event_has_the_members_of_its_line(self) -> None:
        lines = (CONFORMANCE / "events.jsonl").read_text().splitlines()
        self.assertGreater(len(lines), 20)
        for line in lines:
            self.assertEqual(read_event(parse(line)), json.loads(line))

    def test_each_notice_has_the_members_of_its_line_and_is_no_event(self) -> None:
        for line in (CONFORMANCE / "notices.jsonl").read_text().splitlines():
            self.assertEqual(read_notice(parse(line)), json.loads(line))
            self.assertIsNone(read_entry("alice", line, parse(line)))

    def test_a_line_that_is_cut_is_invalid(self) -> None:
        for line in (CONFORMANCE / "events.jsonl").read_text().splitlines():
            for end in range(len(line)):
                self.assertIsNone(parse(line[:end]))

    def test_an_event_of_a_later_version_keeps_its_number(self) -> None:
        line = '{"n":4,"at":1,"to":"#g","from":"bob","kind":"poll.opened","options":["a"]}'
        entry = read_entry("alice", line, parse(line))
        assert entry is not None and entry["event"] is not None
        self.assertEqual((entry["n"], entry["event"]["kind"]), (4, "unknown"))
        line = line.replace("poll.opened", "message")
        entry = read_entry("alice", line, parse(line))
        assert entry is not None
        self.assertEqual((entry["n"], entry["event"]), (4, None))


if __name__ == "__main__":
    unittest.main()
