"""The addresses of a node, and the sockets that connect to them."""

import re
from dataclasses import dataclass
from typing import Any

import zmq
from zmq.utils import z85

from .core.limits import FRAME_BYTES_MAX

# The rest of an invite is a join code.
_INVITE = re.compile(r"papo://([0-9a-fA-F]{64})@([^@/\s]+:[0-9]+)(/[^\s]*)?")
_ENDPOINT = re.compile(r"(tcp://[^\s,]+:[0-9]+|ipc://[^\s,]+)")

HANDSHAKE_MS_MAX = 10_000
RECONNECT_MS = 50
RECONNECT_MS_MAX = 2_000
KEEPALIVE_IDLE_S = 30
KEEPALIVE_INTERVAL_S = 10
KEEPALIVE_PROBES_MAX = 3
# The messages that wait in a socket. A user can have 1,000 channels, each with a subscription.
WAITING_MAX = 4_096
# A frame of the protocol, and what the encryption adds.
MESSAGE_BYTES_MAX = FRAME_BYTES_MAX + 1_024


@dataclass(frozen=True)
class Address:
    """The address of a broker, and the key of the node if it encrypts."""

    endpoint: str
    server_key: bytes | None = None

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Reads an invite, `papo://<key>@host:port`, or `tcp://host:port` of a plain node."""
        invite = _INVITE.fullmatch(text)
        if invite:
            # Bindings take keys as Z85 (RFC 32), which is the same 32 bytes.
            return cls(f"tcp://{invite[2]}", z85.encode(bytes.fromhex(invite[1])))
        if _ENDPOINT.fullmatch(text):
            return cls(text)
        raise ValueError(f"no address of a node: {text}. Use papo://<key>@host:port")

    def events_endpoint(self, advertised: str) -> str:
        """The endpoint for subscriptions. The host `*` means the host of the broker."""
        if not advertised.startswith("tcp://*:"):
            return advertised
        host, _, _ = self.endpoint.removeprefix("tcp://").rpartition(":")
        is_tcp = self.endpoint.startswith("tcp://")
        return f"tcp://{host if is_tcp else '127.0.0.1'}:{advertised.rpartition(':')[2]}"

    def connect(self, context: "zmq.Context[Any]", kind: int, endpoint: str) -> "zmq.Socket[Any]":
        """A new socket with new keys, connected to an endpoint of the node.

        The node may start later: ZeroMQ connects again by itself.
        """
        socket: "zmq.Socket[Any]" = context.socket(kind)
        socket.linger = 0
        socket.sndhwm = socket.rcvhwm = WAITING_MAX
        socket.ipv6 = "[" in endpoint
        socket.maxmsgsize = MESSAGE_BYTES_MAX
        socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS_MAX)
        socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MS_MAX)
        socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
        socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S)
        socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, KEEPALIVE_INTERVAL_S)
        socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, KEEPALIVE_PROBES_MAX)
        if self.server_key is not None:
            # The node accepts any key pair of a client.
            socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
            socket.curve_serverkey = self.server_key
        socket.connect(endpoint)
        return socket


def parse_addresses(text: str) -> list[Address]:
    """Reads the addresses of one node, separated by commas."""
    return [Address.parse(part.strip()) for part in text.split(",")]
