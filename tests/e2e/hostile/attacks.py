"""The attacks of `make hostile`, one function each.

    attacks.py KIND --server INVITE --events ENDPOINT --seconds 60

Each attack runs in its own process at `nice 19`, makes its attempts at a fixed
rate, and prints one line of JSON at the end: the number of attempts and the
seconds. An attempt is one connection, one message or one subscription. No
attack waits for a reply, so slow replies do not slow down the attack.
"""

import argparse
import collections
import hashlib
import http.client
import itertools
import json
import os
import pathlib
import secrets
import socket
import sys
import time
import urllib.parse

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "interop"))

from papo import Papo, Refused, Server, new_message_id  # noqa: E402

PASSWORD = "an attacker's password"
# The account that `hostile.py` creates, and the channel of `honest.py`.
VICTIM = "victim"
CHANNEL = "#honest"
# The maximum number of lines in a frame (PROTOCOL.md, "Limits").
LINES_MAX = 1024


class Attacker:
    """Creates the sockets and the sessions of one attacker."""

    def __init__(self, arguments):
        self.server = Server(arguments.server)
        self.events = arguments.events
        self.web = arguments.web
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
        """A new account with a session. Retries after `rate_limited`."""
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

    def browser(self, first=b""):
        """A new connection to the gateway, on which these bytes are sent."""
        host, _, port = self.web.rpartition(":")
        connection = socket.create_connection((host, int(port)), timeout=2)
        try:
            # More than a socket buffer waits for the gateway to read it.
            connection.sendall(first)
        except OSError:
            pass
        connection.setblocking(False)
        return connection

    def _socket(self, kind):
        created = self.context.socket(kind)
        created.linger = 0
        created.sndhwm = 100
        created.rcvhwm = 1
        # Unread messages wait at the node, not in the kernel of the attacker.
        created.rcvbuf = 4096
        return created


def line(method, **params):
    request = {"jsonrpc": "2.0", "id": "x", "method": method}
    return json.dumps({**request, "params": params}).encode() + b"\n"


def unique(prefix):
    return f"{prefix}{secrets.token_hex(6)}"


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


def web_handshakes(attacker):
    """WebSockets of one address that come and go."""
    connections = collections.deque(maxlen=50)
    yield
    while True:
        connections.append(attacker.browser(upgrade(attacker)))
        yield


def web_smuggling(attacker):
    """Requests with two lengths, and with nonsense."""
    host = host_line(attacker)
    shapes = itertools.cycle(
        [
            b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
            b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            b"X: " + b"x" * 40_000 + b"\r\n\r\n",
        ]
    )
    yield
    while True:
        request = b"POST /rpc HTTP/1.1\r\n" + host + next(shapes)
        attacker.browser(request + b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n").close()
        yield


def web_slow(attacker):
    """Connections that never send the end of their headers."""
    connections = collections.deque(maxlen=500)
    yield
    while True:
        connections.append(attacker.browser(b"GET / HTTP/1.1\r\nX: "))
        yield


def web_slow_bodies(attacker):
    """Requests whose body stops after its first byte."""
    connections = collections.deque(maxlen=500)
    head = b"POST /rpc HTTP/1.1\r\n" + host_line(attacker)
    yield
    while True:
        request = head + b"Content-Length: 100\r\n\r\n{"
        connections.append(attacker.browser(request))
        yield


def web_frames(attacker):
    """WebSocket frames that are too long, unmasked, reserved or not UTF-8."""
    connections = collections.deque(maxlen=50)
    frames = itertools.cycle(
        [
            bytes([0x81, 0xFF]) + (1 << 63).to_bytes(8, "big") + bytes(4),
            bytes([0x81, 0xFF]) + (2 << 20).to_bytes(8, "big") + bytes(4),
            bytes([0x81, 2]) + b"{}",
            bytes([0xC1, 0x80]) + bytes(4),
            bytes([0x83, 0x80]) + bytes(4),
            bytes([0x81, 0x82]) + bytes(4) + b"\xc3\x28",
            bytes([0x89, 0xFE, 0, 126]) + bytes(4 + 126),
        ]
    )
    yield
    while True:
        connections.append(attacker.browser(upgrade(attacker) + next(frames)))
        yield


def web_foreign(attacker):
    """Requests and WebSockets of other sites, and under foreign names."""
    own, evil = host_line(attacker), b"Host: evil.example\r\n"
    origin, cookie = b"Origin: http://evil.example\r\n", b"Cookie: papo-0=x\r\n"
    post = b"POST /messages HTTP/1.1\r\nContent-Length: 2\r\n"
    socket_of_site = upgrade(attacker).replace(own, own + origin + cookie)
    requests = itertools.cycle(
        [
            b"GET / HTTP/1.1\r\n" + evil + b"\r\n",
            post + own + origin + cookie + b"\r\n{}",
            post + own + cookie + b"Content-Type: text/plain\r\n\r\n{}",
            socket_of_site,
            upgrade(attacker).replace(own, evil),
        ]
    )
    yield
    while True:
        attacker.browser(next(requests)).close()
        yield


def web_paths(attacker):
    """Paths that leave the routes, and names with line breaks."""
    end = b" HTTP/1.1\r\n" + host_line(attacker) + b"\r\n"
    paths = itertools.cycle(
        [
            b"/../../../../etc/passwd",
            b"/a/..%2f..%2f..%2fetc%2fpasswd",
            b"/files/%23ops/1/..%2f..%2fpasswd",
            b"/files/%23ops/1/a%0d%0aSet-Cookie:%20x=y",
            b"/history/%00",
            b"/u/" + b"9" * 8_000 + b"/",
        ]
    )
    yield
    while True:
        attacker.browser(b"GET " + next(paths) + end).close()
        yield


def web_ranges(attacker):
    """Thousands of ranges of one file."""
    papo = attacker.user("ranges")
    channel, content = f"#{unique('files')}", b"x" * 100_000
    papo.call("channel.create", channel=channel)
    bearer = {"Authorization": f"Bearer {papo.token}"}
    name = urllib.parse.quote(channel)
    digest = hashlib.sha256(content).hexdigest()
    http_client = http.client.HTTPConnection(attacker.web, timeout=30)
    http_client.request(
        "PUT",
        f"/files/{new_message_id()}?to={name}&name=a.bin&sha256={digest}",
        content,
        bearer,
    )
    n = json.loads(http_client.getresponse().read())["n"]
    http_client.close()
    ranges = itertools.cycle(
        [
            ",".join(f"{start}-" for start in range(2_000)),
            ",".join(["0-"] * 2_000),
            "-99999999999999999999",
            "5-1",
        ]
    )
    connections = collections.deque(maxlen=50)
    head = f"GET /files/{name}/{n}/a.bin HTTP/1.1\r\n".encode()
    head += host_line(attacker) + f"Authorization: {bearer['Authorization']}\r\n".encode()
    yield
    while True:
        request = head + b"Range: bytes=" + next(ranges).encode() + b"\r\n\r\n"
        connections.append(attacker.browser(request))
        yield


def web_hooks(attacker):
    """Posts of 256 KiB with wrong signatures to a signed webhook."""
    papo = attacker.user("moderator")
    channel = f"#{unique('hooks')}"
    papo.call("channel.create", channel=channel)
    hook = papo.call(
        "hook.create", channel=channel, name=unique("hook"), signed=True
    )["hook"]
    body = json.dumps({"text": "x" * 260_000}).encode()
    connections = collections.deque(maxlen=20)
    request = (
        f"POST /hooks/{hook} HTTP/1.1\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: sha256={'0' * 64}\r\n"
        f"Content-Length: {len(body)}\r\n"
    ).encode()
    request += host_line(attacker) + b"\r\n" + body
    yield
    while True:
        connections.append(attacker.browser(request))
        yield


def host_line(attacker):
    return f"Host: {attacker.web}\r\n".encode()


def web_unfinished(attacker):
    """WebSocket messages of 1 MB whose end never arrives."""
    connections = collections.deque(maxlen=50)
    head = bytes([0x81, 0xFF]) + (1_000_000).to_bytes(8, "big") + bytes(4)
    yield
    while True:
        connection = attacker.browser(upgrade(attacker))
        time.sleep(0.01)
        for part in [head, *[b"x" * 100_000] * 9]:
            try:
                connection.send(part)
            except OSError:
                pass
        connections.append(connection)
        yield


def upgrade(attacker):
    return (
        f"GET /ws HTTP/1.1\r\nHost: {attacker.web}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: papo.v1\r\n\r\n"
    ).encode()


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
    web_handshakes: 100,
    web_smuggling: 50,
    web_slow: 50,
    web_slow_bodies: 50,
    web_unfinished: 10,
    web_frames: 50,
    web_foreign: 50,
    web_paths: 50,
    web_ranges: 20,
    web_hooks: 10,
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
