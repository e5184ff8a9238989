"""A papo client in one file, written from docs/PROTOCOL.md.

A program in another language needs a DEALER socket for requests, a SUB socket
for events, and JSON, one object per line. This client does not reconnect,
resend or repair, as a client for people must (PROTOCOL.md says how).
"""

import collections
import itertools
import json
import re
import secrets
import time
import uuid

import zmq
from zmq.utils import z85

# The methods without a token; all others carry the session's token.
WITHOUT_TOKEN = frozenset(["server.info", "auth.register", "auth.login", "auth.reset"])


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]
        self.reason = error["data"]["reason"]


class Event:
    """One event: the received line, its fields, and its topic."""

    def __init__(self, topic, line):
        self.topic = topic
        self.line = line
        self.fields = json.loads(line)


class Server:
    """The address of a node, and its key if the node encrypts.

    The text is an invite, `papo://<key>@host:port`: connections use CURVE,
    and only the owner of the secret key can answer in the node's place. Or it
    is `tcp://host:port`, for a node in plain text.
    """

    def __init__(self, text):
        invite = re.fullmatch("papo://([0-9a-fA-F]{64})@([^@]+)", text)
        if text.startswith("papo://") and not invite:
            raise ValueError(f"no invite: {text}")
        self.endpoint = f"tcp://{invite[2]}" if invite else text
        # Bindings take keys as Z85 (RFC 32), which is the same 32 bytes.
        self._key = z85.encode(bytes.fromhex(invite[1])) if invite else None

    def connect(self, socket, endpoint=None):
        """Connects to the broker, or to another endpoint of the node."""
        if self._key is not None:
            # The node accepts any key pair: make a new one.
            socket.curve_publickey, socket.curve_secretkey = (
                zmq.curve_keypair()
            )
            socket.curve_serverkey = self._key
        socket.connect(endpoint or self.endpoint)

    def events_endpoint(self, advertised):
        """Where events are published; `*` is the host of the broker."""
        if not advertised.startswith("tcp://*:"):
            return advertised
        host, _, _ = self.endpoint.rpartition(":")
        _, _, port = advertised.rpartition(":")
        return f"{host}:{port}"


class Papo:
    """The connection of one user: `call` for requests, `events` for events."""

    def __init__(self, server, timeout_seconds=10):
        self.server = Server(server)
        self.timeout_seconds = timeout_seconds
        self.token = None
        self._numbers = itertools.count(1)
        self._early = collections.deque()
        self._newest = {}
        self._context = zmq.Context()
        self._commands = self._context.socket(zmq.DEALER)
        self.server.connect(self._commands)
        self._fan_out = None

    def close(self):
        """Ends the connection."""
        self._context.destroy(linger=0)

    # Requests

    def call(self, method, **params):
        """Calls one method: returns its result, or raises Refused."""
        (reply,) = self.batch([(method, params)])
        if "error" in reply:
            raise Refused(reply["error"])
        return reply["result"]

    def batch(self, calls):
        """Sends several calls in one frame and returns their reply objects.

        Each call has one reply, in the same order. A refused call does not
        affect the others.
        """
        requests = [self.request(method, params) for method, params in calls]
        lines = b"".join(map(_encode, requests))
        replies = [json.loads(line) for line in self.exchange(lines)]
        sent = [request["id"] for request in requests]
        answered = [reply["id"] for reply in replies]
        if answered != sent:
            raise ValueError(f"asked {sent}, but {answered} were answered")
        return replies

    def exchange(self, lines):
        """Sends request lines unchanged and returns the reply lines."""
        self._commands.send_multipart([b"", lines])
        empty, replies = self._receive(self._commands, "a reply")
        if empty != b"":
            raise ValueError(f"a reply begins with an empty frame: {empty!r}")
        return replies.splitlines()

    def log_in(self, user, password):
        """Opens a session; all later calls belong to it."""
        session = self.call("auth.login", user=user, password=password)
        self.token = session["token"]
        return session

    def request(self, method, params):
        """One request object, with the token if the method needs it."""
        if self.token is not None and method not in WITHOUT_TOKEN:
            params = {"token": self.token, **params}
        return {
            "jsonrpc": "2.0",
            "id": f"p{next(self._numbers)}",
            "method": method,
            "params": params,
        }

    # Events

    def subscribe(self, topic):
        """Subscribes to a topic; returns when the subscription is in force.

        The barrier proves it: its empty message arrives only after every
        earlier subscription of this connection is in force. Events that
        arrive earlier are kept for `events`.
        """
        if self._fan_out is None:
            self._fan_out = self._context.socket(zmq.SUB)
            advertised = self.call("server.info")["events"]
            self.server.connect(
                self._fan_out, self.server.events_endpoint(advertised)
            )
        barrier = f"sync.interop.{secrets.token_hex(16)}"
        self._fan_out.subscribe(topic)
        self._fan_out.subscribe(barrier)
        while self._next_topic("the barrier") != barrier:
            pass
        self._fan_out.unsubscribe(barrier)

    def events(self, count):
        """Waits for `count` new events on any topic.

        An event may arrive more than once, on several topics or late: those
        whose number is not new in their conversation are dropped.
        """
        events = []
        while len(events) < count:
            if not self._early:
                self._next_topic(f"event {len(events) + 1} of {count}")
                continue
            event = self._early.popleft()
            # A notice has no `n` (such as typing) and may be ignored.
            if self._is_new(event):
                events.append(event)
        return events

    def arrived(self, seconds):
        """The events and notices that arrive within a time, perhaps none."""
        if not self._early and self._fan_out.poll(seconds * 1000):
            self._next_topic("an event")
        events = list(self._early)
        self._early.clear()
        return events

    def _is_new(self, event):
        if "n" not in event.fields:
            return False
        to, sender = event.fields["to"], "@" + event.fields["from"]
        people = to.startswith("@")
        conversation = frozenset((to, sender)) if people else to
        if event.fields["n"] <= self._newest.get(conversation, 0):
            return False
        self._newest[conversation] = event.fields["n"]
        return True

    def _next_topic(self, what):
        """Keeps the events of the next message and returns its topic."""
        topic, lines = self._receive(self._fan_out, what)
        topic = topic.decode()
        self._early.extend(Event(topic, line) for line in lines.splitlines())
        return topic

    def _receive(self, socket, what):
        if not socket.poll(self.timeout_seconds * 1000):
            raise TimeoutError(
                f"no sign of {what} for {self.timeout_seconds} s"
            )
        return socket.recv_multipart()


def new_message_id():
    """A UUID version 7 (RFC 9562, section 5.7): time, then random bits."""
    return message_id(time.time_ns() // 1_000_000, secrets.randbits(80))


def message_id(unix_ms, bits):
    """A UUID version 7 from a time and 80 bits."""
    number = unix_ms << 80 | bits
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=number))


def _encode(request):
    # json.dumps escapes newlines inside of strings: a request is one line.
    return json.dumps(request).encode() + b"\n"
