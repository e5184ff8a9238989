"""The attacks of `make hostile`, one function each.

    attacks.py KIND --server INVITE --events ENDPOINT --seconds 60

Each attack runs in a process of its own at `nice 19`, makes its attempts at a
steady rate, and prints one line of JSON at the end: the number of attempts and
the seconds. An attempt is one connection, one message or one subscription.
No attack waits for a reply, so the node cannot slow it down by its answers.
"""

import argparse
import itertools
import json
import os
import pathlib
import secrets
import socket
import sys
import time

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "interop"))

from papo import Papo, Refused, Server, new_message_id  # noqa: E402

PASSWORD = "an attacker's password"
# The account and the channel that `hostile.py` makes before the attacks.
VICTIM = "victim"
CHANNEL = "#honest"
# Lines in a frame: the limit of the protocol.
LINES_MAX = 1024


class Attacker:
    """Sockets of one attacker, and a session if the attack needs one."""

    def __init__(self, arguments):
        self.server = Server(arguments.server)
        self.events = arguments.events
        self.invite = arguments.server
        self.context = zmq.Context()
        self.context.max_sockets = 8192

    def requests(self, routing_id=None):
        """A new connection to the broker."""
        dealer = self._socket(zmq.DEALER)
        if routing_id is not None:
            dealer.routing_id = routing_id
        self.server.connect(dealer)
        return dealer

    def subscriber(self, kind=zmq.SUB):
        """A new connection to the events port."""
        subscriber = self._socket(kind)
        self.server.connect(subscriber, self.events)
        return subscriber

    def user(self, prefix):
        """A new account with a session; retries while logins are limited."""
        papo, name = Papo(self.invite, timeout_seconds=60), unique(prefix)
        for method in ["auth.register", "auth.login"]:
            while True:
                try:
                    session = papo.call(method, user=name, password=PASSWORD)
                    break
                except Refused as refused:
                    if refused.reason != "rate_limited":
                        raise
                    time.sleep(0.2)
        papo.token = session["token"]
        return papo

    def address(self):
        """Host and port of the broker."""
        host, _, port = self.server.endpoint[6:].rpartition(":")
        return host, int(port)

    def _socket(self, kind):
        made = self.context.socket(kind)
        made.linger = 0
        made.sndhwm = 100
        made.rcvhwm = 1
        # A peer that does not read takes little into its own kernel buffers.
        made.rcvbuf = 4096
        return made


def line(method, **params):
    request = {"jsonrpc": "2.0", "id": "x", "method": method}
    return json.dumps({**request, "params": params}).encode() + b"\n"


def unique(prefix):
    return f"{prefix}{secrets.token_hex(6)}"


def offer(made, frames):
    """Sends without waiting; returns whether the message left."""
    try:
        made.send_multipart(frames, zmq.DONTWAIT)
    except zmq.Again:
        return False
    return True


def counter_names(attacker):
    """F1: names of the form that libzmq generates by itself."""
    kept = []
    for number in itertools.count():
        name = b"\0" + (0x6B8B4567 + number).to_bytes(4, "big")
        dealer = attacker.requests(name)
        offer(dealer, [b"", line("server.info")])
        kept.append(dealer)
        if len(kept) > 50:
            kept.pop(0).close()
        yield


def stolen_names(attacker):
    """F2: connections that break and return under the same name."""
    while True:
        for _ in range(2):
            dealer = attacker.requests(b"the name of a victim")
            offer(dealer, [b"", line("server.info")])
            time.sleep(0.005)
            dealer.close()
            yield


def subscription_churn(attacker):
    """F5: subscriptions and cancellations, and connections that leave."""
    while True:
        subscriber = attacker.subscriber()
        for _ in range(200):
            topic = f"channel.secret.{secrets.token_hex(16)}".encode()
            subscriber.subscribe(topic)
            subscriber.unsubscribe(topic)
            yield
        subscriber.close()


def unread_replies(attacker):
    """F6a: connections that ask and never read."""
    info = [b"", line("server.info") * 100]
    kept = [attacker.requests() for _ in range(40)]
    for number in itertools.count():
        at = number % len(kept)
        if not offer(kept[at], info):
            # The node reads no more from this connection: use a new one.
            kept[at].close()
            kept[at] = attacker.requests()
        yield


def stray_frames(attacker):
    """F6b, F12: messages to the events port that are no subscriptions."""
    subscriber, stray = attacker.subscriber(zmq.XSUB), b"x" * 1000
    while True:
        offer(subscriber, [stray])
        yield


def unread_events(attacker):
    """F6d: subscribers of one user that never read, and a user who writes."""
    papo = attacker.user("writer")
    topic = papo.call("channel.join", channel=CHANNEL)["topic"]
    papo.subscribe(topic)
    kept = [attacker.subscriber() for _ in range(4)]
    for subscriber in kept:
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
    """F4, F10: logins with names that nobody has."""
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
    """F6b: topics without an end, which are never cancelled."""
    kept = []
    while True:
        kept.append(attacker.subscriber())
        if len(kept) > 10:
            kept.pop(0).close()
        for _ in range(5000):
            topic = f"channel.endless.{secrets.token_hex(16)}"
            kept[-1].subscribe(topic.encode())
            yield


def many_frames(attacker):
    """Messages of more frames than the node reads."""
    dealer = attacker.requests()
    frames = [b""] * 20
    while True:
        offer(dealer, frames)
        drain(dealer)
        yield


def garbage(attacker):
    """TCP connections that do not speak ZMTP, or stop in the greeting."""
    kept = []
    while True:
        raw = socket.create_connection(attacker.address())
        raw.send(os.urandom(64) if len(kept) % 2 else b"\xff\0\0\0\0\0\0\0")
        kept.append(raw)
        if len(kept) > 100:
            kept.pop(0).close()
        yield


def writes(attacker):
    """F8: a user who writes as much as the node accepts."""
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


def drain(made):
    try:
        while True:
            made.recv_multipart(zmq.DONTWAIT)
    except zmq.Again:
        pass


# Each attack with its attempts per second: together as many as leave the
# attackers half of one processor, so that the rates measure the node.
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
}


def main():
    names = {attack.__name__: attack for attack in ATTACKS}
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=names)
    parser.add_argument("--server", required=True)
    parser.add_argument("--events", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    os.nice(19)
    attack = names[arguments.kind]
    attempts = attack(Attacker(arguments))
    next(attempts)  # Accounts and connections are made before the clock runs.
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
    os._exit(0)  # Sockets that never read are not closed in order.


if __name__ == "__main__":
    main()
