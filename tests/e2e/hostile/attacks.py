"""The attacks of `make hostile`, one function each.

    attacks.py KIND --server INVITE --events ENDPOINT --seconds 60

Each attack runs in its own process at `nice 19`, makes its attempts at a fixed
rate, and prints one line of JSON at the end: the number of attempts and the
seconds. An attempt is one connection, one message or one subscription. No
attack waits for a reply, so slow replies do not slow down the attack.
"""

import argparse
import itertools
import json
import os
import secrets
import socket
import sys
import time

import web_attacks
import zmq
from attacker import PASSWORD, Attacker, unique
from papo import new_message_id

# The account that `hostile.py` creates, and the channel of `honest.py`.
VICTIM = "victim"
CHANNEL = "#honest"
# The maximum number of lines in a frame (PROTOCOL.md, "Limits").
LINES_MAX = 1024


def line(method, **params):
    request = {"jsonrpc": "2.0", "id": "x", "method": method}
    return json.dumps({**request, "params": params}).encode() + b"\n"


def offer(peer, frames):
    """Sends without waiting. Returns whether the socket took the message."""
    try:
        peer.send_multipart(frames, zmq.DONTWAIT)
    except zmq.Again:
        return False
    return True


def counter_names(attacker):
    """F1: peers whose names have the form of names that libzmq generates."""
    connections = []
    for number in itertools.count():
        name = b"\0" + (0x6B8B4567 + number).to_bytes(4, "big")
        dealer = attacker.requests(name)
        offer(dealer, [b"", line("server.info")])
        connections.append(dealer)
        if len(connections) > 50:
            connections.pop(0).close()
        yield


def stolen_names(attacker):
    """F2: connections that close and reconnect with the same name."""
    while True:
        for _ in range(2):
            dealer = attacker.requests(b"the name of a victim")
            offer(dealer, [b"", line("server.info")])
            time.sleep(0.005)
            dealer.close()
            yield


def subscription_churn(attacker):
    """F5: subscribes, unsubscribes and disconnects."""
    while True:
        subscriber = attacker.subscriber()
        for _ in range(200):
            topic = f"channel.secret.{secrets.token_hex(16)}".encode()
            subscriber.subscribe(topic)
            subscriber.unsubscribe(topic)
            yield
        subscriber.close()


def unread_replies(attacker):
    """F6a: connections that send requests and never read the replies."""
    info = [b"", line("server.info") * 100]
    connections = [attacker.requests() for _ in range(40)]
    for number in itertools.count():
        at = number % len(connections)
        if not offer(connections[at], info):
            # The node no longer reads from this connection: open a new one.
            connections[at].close()
            connections[at] = attacker.requests()
        yield


def stray_frames(attacker):
    """F6b, F12: messages to the events port that are not subscriptions."""
    subscriber, stray = attacker.subscriber(zmq.XSUB), b"x" * 1000
    while True:
        offer(subscriber, [stray])
        yield


def unread_events(attacker):
    """F6d: subscribers that never read, and a user who sends messages."""
    papo = attacker.user("writer")
    topic = papo.call("channel.join", channel=CHANNEL)["topic"]
    papo.subscribe(topic)
    connections = [attacker.subscriber() for _ in range(4)]
    for subscriber in connections:
        subscriber.subscribe(topic.encode())
    text = "x" * 3000
    while True:
        post(papo, [("message.send", message(CHANNEL, text))])
        yield


def expensive_reads(attacker):
    """F7: frames of 1,024 reads by a user of many channels."""
    papo = attacker.user("reader")
    for _ in range(10):
        papo.batch(
            [
                ("channel.create", {"channel": f"#{unique('c')}"})
                for _ in range(100)
            ]
        )
    methods = ["channel.list", "mention.list", "sync.heads", "read.list"]
    for method in itertools.cycle(methods):
        post(papo, [(method, {})] * LINES_MAX)
        yield


def searches(attacker):
    """F7: frames of searches and of pages of the history."""
    papo = attacker.user("searcher")
    papo.call("channel.join", channel=CHANNEL)
    calls = [
        ("message.search", {"query": "honest", "limit": 100}),
        ("message.history", {"conversation": CHANNEL, "limit": 500}),
    ]
    for method, params in itertools.cycle(calls):
        post(papo, [(method, params)] * 64)
        yield


def wrong_logins(attacker):
    """F3: wrong passwords for one account."""
    dealer = attacker.requests()
    while True:
        offer(dealer, [b"", line("auth.login", user=VICTIM, password="wrong")])
        drain(dealer)
        yield


def unknown_names(attacker):
    """F4, F10: logins with names of no account."""
    dealer = attacker.requests()
    while True:
        name = unique("nobody")
        offer(dealer, [b"", line("auth.login", user=name, password=PASSWORD)])
        drain(dealer)
        yield


def registrations(attacker):
    """F11: new accounts."""
    dealer = attacker.requests()
    while True:
        name = unique("sock")
        offer(
            dealer, [b"", line("auth.register", user=name, password=PASSWORD)]
        )
        drain(dealer)
        yield


def endless_topics(attacker):
    """F6b: subscribes to new topics forever, and never unsubscribes."""
    connections = []
    while True:
        connections.append(attacker.subscriber())
        if len(connections) > 10:
            connections.pop(0).close()
        for _ in range(5000):
            topic = f"channel.endless.{secrets.token_hex(16)}"
            connections[-1].subscribe(topic.encode())
            yield


def many_frames(attacker):
    """Messages with more frames than the node accepts."""
    dealer = attacker.requests()
    frames = [b""] * 20
    while True:
        offer(dealer, frames)
        drain(dealer)
        yield


def garbage(attacker):
    """TCP connections that do not speak ZMTP, or stop in the greeting."""
    connections = []
    while True:
        raw = socket.create_connection(attacker.address())
        is_random = len(connections) % 2
        raw.send(os.urandom(64) if is_random else b"\xff" + bytes(7))
        connections.append(raw)
        if len(connections) > 100:
            connections.pop(0).close()
        yield


def writes(attacker):
    """F8: a user who sends as many messages as the node accepts."""
    papo = attacker.user("filler")
    channel = f"#{unique('full')}"
    papo.call("channel.create", channel=channel)
    text = "y" * 1000
    while True:
        post(papo, [("message.send", message(channel, text))] * 100)
        yield


def message(to, text):
    return {"to": to, "id": None, "text": text}


def post(papo, calls):
    """Sends requests of a user in one frame, without waiting for replies."""
    lines = []
    for method, params in calls:
        if "id" in params:
            params = {**params, "id": new_message_id()}
        request = papo.request(method, params)
        lines.append(json.dumps(request).encode() + b"\n")
    offer(papo._commands, [b"", b"".join(lines)])
    drain(papo._commands)


def drain(peer):
    try:
        while True:
            peer.recv_multipart(zmq.DONTWAIT)
    except zmq.Again:
        pass


# The attempts per second of each attack. All attacks together use half of one
# CPU, so the node, not the attackers, limits the rates.
ATTACKS = {
    counter_names: 20,
    stolen_names: 20,
    subscription_churn: 500,
    unread_replies: 200,
    stray_frames: 100,
    unread_events: 20,
    expensive_reads: 2,
    searches: 2,
    wrong_logins: 40,
    unknown_names: 40,
    registrations: 20,
    endless_topics: 500,
    many_frames: 100,
    garbage: 20,
    writes: 2,
    **web_attacks.ATTACKS,
}


def main():
    names = {attack.__name__: attack for attack in ATTACKS}
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=names)
    parser.add_argument("--server", required=True)
    parser.add_argument("--events", required=True)
    parser.add_argument("--web", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    os.nice(19)
    attack = names[arguments.kind]
    attempts = attack(Attacker(arguments))
    next(attempts)  # Creates accounts and connections before the measurement.
    print("started", flush=True)
    sys.stdin.readline()
    begun, count, rate = time.monotonic(), 0, ATTACKS[attack]
    while (elapsed := time.monotonic() - begun) < arguments.seconds:
        if count > rate * elapsed:
            time.sleep(min(count / rate - elapsed, 1))
            continue
        next(attempts)
        count += 1
    print(json.dumps({"attempts": count, "seconds": elapsed}), flush=True)
    os._exit(0)  # Does not close the sockets that never read.


if __name__ == "__main__":
    main()
