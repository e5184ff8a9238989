"""Plays a conversation of two users on a papo server, from Python.

Exercises what a client needs, prints each check, and exits with 0 if the
server behaves as docs/PROTOCOL.md says, with 1 otherwise. Every run registers
its own users and channel, so it can run against any server.
"""

import argparse
import json
import secrets
import sys

import zmq

from papo import Papo, Refused, Server, new_message_id

PASSWORD = "correct horse battery staple"


class Failed(Exception):
    """The server deviates from the protocol."""


def check(what, found, expected):
    """Prints the check, or fails with the value that was found."""
    if found != expected:
        raise Failed(f"{what}: expected {expected!r}, found {found!r}")
    print(f"  ok  {what}")


def check_refusal(what, code, reason, call, *args, **params):
    """Calls a method that must be refused with this code and reason."""
    try:
        result = call(*args, **params)
    except Refused as refused:
        check(what, (refused.code, refused.reason), (code, reason))
        if not str(refused).strip():
            raise Failed(f"{what}: the message is empty") from None
        return
    raise Failed(f"{what}: expected a refusal, found {result!r}")


def summary(event):
    """The part of an event that does not depend on the time."""
    fields = event.fields
    return tuple(
        fields.get(name) for name in ("n", "to", "from", "kind", "text")
    )


def server_info_on_a_req_socket(server):
    """A REQ socket adds the empty frame itself, so a simple bot can use one."""
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        Server(server).connect(socket)
        socket.send(b'{"jsonrpc":"2.0","id":7,"method":"server.info"}')
        if not socket.poll(10_000):
            raise TimeoutError(f"waited 10 s for a reply from {server}")
        reply = json.loads(socket.recv())
    check("an id that is a number is returned as a number", reply["id"], 7)
    check("the server is a papo", reply["result"]["name"], "papo")
    window = reply["result"]["protocol"]
    check("it speaks version 1", window["min"] <= 1 <= window["max"], True)


def two_sessions(alice, bob, names):
    """Accounts and sessions; the server returns canonical names."""
    for papo, name in zip((alice, bob), names):
        shouted = name.upper()
        made = papo.call("auth.register", user=shouted, password=PASSWORD)
        check(f"{shouted} is registered as {name}", made["user"], name)
        session = papo.log_in(name, PASSWORD)
        check(f"{name} is logged in", session["user"], name)
        papo.subscribe(session["topic"])
    check_refusal(
        "a name can be registered once", 4090, "name_taken",
        bob.call, "auth.register", user=names[0], password=PASSWORD,
    )
    check_refusal(
        "a wrong password is refused", 4010, "wrong_credentials",
        bob.call, "auth.login", user=names[0], password="not this one",
    )


def a_channel(alice, bob, names, channel):
    """Alice creates the channel and subscribes; bob joins and subscribes."""
    made = alice.call("channel.create", channel=channel)
    check(f"{channel} begins with event 1", made["n"], 1)
    (created,) = alice.events(1)
    check(
        "its creator receives the event on her own topic", summary(created),
        (1, channel, names[0], "channel.created", None),
    )
    alice.subscribe(made["topic"])

    check_refusal(
        "only a member may post", 4030, "not_member",
        bob.call, "message.send", to=channel, id=new_message_id(), text="hi",
    )
    joined = bob.call("channel.join", channel=channel)
    check("joining is event 2", joined["n"], 2)
    check("members share one topic", joined["topic"], made["topic"])
    again = bob.call("channel.join", channel=channel)
    check("joining twice changes nothing", again, joined)
    (on_channel,), (on_own,) = alice.events(1), bob.events(1)
    check(
        "alice sees the join of bob", summary(on_channel),
        (2, channel, names[1], "channel.joined", None),
    )
    check("the sessions of bob see the join", on_own.line, on_channel.line)
    bob.subscribe(joined["topic"])
    return created, on_channel


def messages_both_ways(alice, bob, names, channel):
    """Each sends a message, and both see both in one order."""
    said = [(alice, "oi, tudo bem? 🙂"), (bob, 'um "texto"\nem duas linhas')]
    for n, (papo, text) in enumerate(said, start=3):
        message = {"to": channel, "id": new_message_id(), "text": text}
        sent = papo.call("message.send", **message)
        check(f"message {n} is on disk", sent["n"], n)
        resent = papo.call("message.send", **message)
        check("sent again, it has the same number and time", resent, sent)
    at_alice, at_bob = alice.events(2), bob.events(2)
    check(
        "both messages arrive, once and in order", list(map(summary, at_bob)),
        [
            (n, channel, name, "message", text)
            for n, (name, (_, text)) in enumerate(zip(names, said), start=3)
        ],
    )
    check(
        "both receive identical lines",
        [event.line for event in at_alice], [event.line for event in at_bob],
    )
    return at_bob


def several_lines_in_one_frame(alice, bob, channel):
    """Several lines in one frame: each gets a reply, also if refused."""
    replies = alice.batch([
        ("message.send", _message(channel, "three")),
        ("message.send", _message("#no-such-channel", "in")),
        ("message.sing", {}),
        ("message.send", _message(channel, "one frame")),
    ])
    check(
        "four lines, four replies, in order",
        [reply.get("result", {}).get("n") for reply in replies],
        [5, None, None, 6],
    )
    check(
        "the errors are at their places",
        [
            (reply["error"]["code"], reply["error"]["data"]["reason"])
            for reply in replies[1:3]
        ],
        [(4040, "no_such_channel"), (-32601, "method_not_found")],
    )
    at_bob = bob.events(2)
    alice.events(2)
    check("bob receives the two", [e.fields["n"] for e in at_bob], [5, 6])
    return at_bob


def a_direct_message(alice, bob, names):
    """Direct messages of two users are one conversation for both."""
    to_bob, to_alice = f"@{names[1]}", f"@{names[0]}"
    message = _message(to_bob, "só para você")
    sent = alice.call("message.send", **message)
    check("a direct message has its own numbers", sent["n"], 1)
    (at_bob,), (at_alice,) = bob.events(1), alice.events(1)
    check(
        "it reaches the other user", summary(at_bob),
        (1, to_bob, names[0], "message", message["text"]),
    )
    check("and the sender's own sessions", at_alice.line, at_bob.line)
    for papo, other in ((alice, to_bob), (bob, to_alice)):
        page = papo.call("message.history", conversation=other)
        check(f"history knows it as {other}", page["events"], [at_bob.fields])
    return at_bob


def history(bob, channel, received):
    """A page of history equals the received events, to the byte."""
    request = bob.request("message.history", {"conversation": channel})
    (reply,) = bob.exchange(json.dumps(request).encode())
    page = json.loads(reply)["result"]
    check("history equals the received events", page["events"],
          [event.fields for event in received])
    check("its head is the newest event", page["head"], len(received))
    lines = b"[" + b",".join(event.line for event in received) + b"]"
    check("and its lines are the same bytes", lines in reply, True)
    page = bob.call("message.history", conversation=channel, after=2, limit=2)
    check("a page after 2", [e["n"] for e in page["events"]], [3, 4])
    page = bob.call("message.history", conversation=channel, before=5, limit=1)
    check("a page before 5", [e["n"] for e in page["events"]], [4])


def heads(bob, names, channel):
    """One request detects missed events."""
    found = bob.call("sync.heads")
    numbers = {head["conversation"]: head["n"] for head in found["heads"]}
    check("the heads are right, also that of `*`", numbers,
          {channel: 6, f"@{names[0]}": 1, "*": 0})
    later = bob.call("sync.heads", since=found["cursor"])
    changed = [head for head in later["heads"] if head["conversation"] != "*"]
    check("and nothing changed since", changed, [])


def bad_lines(alice):
    """A line that is not a request gets an error."""
    for line, code, reason in (
        (b"{", -32700, "parse_error"),
        (b'{"jsonrpc":"2.0","method":"x"}', -32600, "invalid_request"),
    ):
        (reply,) = alice.exchange(line)
        error = json.loads(reply)["error"]
        found = (error["code"], error["data"]["reason"])
        check(f"{line.decode()} is answered", found, (code, reason))
    check_refusal(
        "a missing parameter is named", -32602, "invalid_params",
        alice.call, "message.send", to="#general", text="hi",
    )


def the_end_of_a_session(alice):
    """After the logout the token is invalid."""
    check("alice logs out", alice.call("auth.logout"), {})
    check_refusal(
        "her token is refused", 4010, "unauthenticated",
        alice.call, "sync.heads",
    )


def _message(to, text):
    return {"to": to, "id": new_message_id(), "text": text}


def scenario(server, alice, bob):
    """All checks, one section each."""
    word = secrets.token_hex(4)
    names, channel = [f"alice-{word}", f"bob-{word}"], f"#room-{word}"

    def section(title):
        print(f"\n{title}")

    section("server.info, with nothing but a REQ socket")
    server_info_on_a_req_socket(server)
    section("register, log in, subscribe")
    two_sessions(alice, bob, names)
    section("create, join, subscribe")
    received = list(a_channel(alice, bob, names, channel))
    section("messages both ways, each sent twice")
    received += messages_both_ways(alice, bob, names, channel)
    section("a batch")
    received += several_lines_in_one_frame(alice, bob, channel)
    section("a direct message")
    a_direct_message(alice, bob, names)
    section("history")
    history(bob, channel, received)
    section("heads")
    heads(bob, names, channel)
    section("bad lines")
    bad_lines(alice)
    section("log out")
    the_end_of_a_session(alice)


def main():
    """Runs the scenario; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--server", default="tcp://127.0.0.1:5555",
        help="the invite of the node (papo://KEY@host:port), or its address "
             "(tcp://host:port) if it does not encrypt",
    )
    server = parser.parse_args().server
    print(f"papo at {server}, pyzmq {zmq.pyzmq_version()}, "
          f"libzmq {zmq.zmq_version()}, Python {sys.version.split()[0]}")
    alice, bob = Papo(server), Papo(server)
    try:
        scenario(server, alice, bob)
    except (Failed, Refused, TimeoutError, ValueError, KeyError) as failure:
        print(f"\nFAILED  {type(failure).__name__}: {failure}")
        return 1
    finally:
        alice.close()
        bob.close()
    print("\nthe server behaves as docs/PROTOCOL.md says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
