"""The sockets and the accounts of an attack."""

import pathlib
import secrets
import socket
import sys
import time

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "interop"))

from papo import Papo, Refused, Server  # noqa: E402

PASSWORD = "an attacker's password"


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


def unique(prefix):
    return f"{prefix}{secrets.token_hex(6)}"
