"""Replays a trace: the recorded inputs and effects of the Rust session core.

All effects and deadlines of the Python core must be equal. `docs/conformance/README.md` describes
the format.
"""

import gzip
import json
import pathlib
from typing import Any

CONFORMANCE = pathlib.Path(__file__).parents[3] / "docs" / "conformance"
TRACES = CONFORMANCE / "traces"


class Difference(Exception):
    """A difference between the trace and the core."""


def trace_names(folder: str) -> list[str]:
    """The names of all traces of a folder: "unit" or "sim"."""
    return sorted(f"{folder}/{path.name}" for path in (TRACES / folder).iterdir())


def read_trace(name: str) -> str:
    content = (TRACES / name).read_bytes()
    return (gzip.decompress(content) if name.endswith(".gz") else content).decode()


def plain(value: Any) -> Any:
    """The effects as JSON values.

    Bytes become hexadecimal digits. The sentence of "bad_answer" has the words of a JSON decoder,
    so only the word itself is compared.
    """
    if isinstance(value, dict):
        if value.get("detail") == "bad_answer":
            return "bad_answer"
        found = {name: plain(member) for name, member in value.items()}
        if isinstance(found.get("data"), str):
            found["message"] = ""
        return found
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.hex() if isinstance(value, bytes) else value


def pass_input(session: Any, given: dict[str, Any]) -> None:
    """Passes an input to the session."""
    now = given.get("now")
    if "command" in given:
        command = given["command"]
        transfer = command.get("transfer", {})
        if "bytes" in transfer:
            content = bytes.fromhex(transfer["bytes"])
            command = {**command, "transfer": {**transfer, "bytes": content}}
        session.command(now, given["ticket"], command)
    elif "bytes" in given:
        session.replies_with_bytes(now, given["replies"], bytes.fromhex(given["bytes"]))
    elif "replies" in given:
        session.replies(now, given["replies"])
    elif "events" in given:
        session.events(now, given["topic"], given["events"])
    elif "tick" in given:
        session.tick(given["tick"])
    elif "persisted" in given:
        session.persisted(now, given["persisted"], given["error"])
    elif "outbox" in given:
        session.outbox_loaded(now, given["outbox"])
    elif "linkDown" in given:
        session.link_down(given["linkDown"])
    elif "linkUp" in given:
        session.link_up(given["linkUp"])
    elif "eventsLost" in given:
        session.events_lost(given["eventsLost"])
    elif "quit" in given:
        session.quit()
    else:
        raise ValueError(f"unknown input: {given}")


def replay(lines: str, session_class: Any) -> int:
    """Replays the lines of a trace. Returns the number of compared effects."""
    session, effects = None, 0
    for number, line in enumerate(lines.split("\n"), 1):
        given = json.loads(line) if line else {}
        if "new" in given:
            session = session_class(int(given["new"]), given["endpoints"])
        elif "effects" in given and session is not None:
            wanted, got = given["effects"], session.take_effects()
            if got != wanted and plain(got) != plain(wanted):
                raise Difference(f"line {number}: {plain(got)} instead of {wanted}")
            if session.deadline() != given["deadline"]:
                expected = f"{session.deadline()} instead of {given['deadline']}"
                raise Difference(f"line {number}: deadline {expected}")
            effects += len(wanted)
        elif line and "trace" not in given and "fault" not in given:
            pass_input(session, given)
    return effects
