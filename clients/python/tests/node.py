"""A real node for tests, and a relay whose connections a test can cut."""

import json
import os
import pathlib
import select
import shutil
import socket
import subprocess
import tempfile
import threading
from typing import Any

PAPO = os.environ.get("PAPO_BIN", "")
CONTROLS = ("broker-control", "proxy-control", "server-control", "gateway-control")
READY_SECONDS_MAX = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Node:
    """`papo up` in a new data folder. A test can kill it and start it again."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="papo-clients-")
        self.folder = pathlib.Path(self._folder.name)
        self.ports = [free_port(), free_port()]
        self.invite = ""
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        clients, subscribers = (f"tcp://127.0.0.1:{port}" for port in self.ports)
        endpoints = {"clients": clients, "subscribers": subscribers}
        endpoints |= {name: "tcp://127.0.0.1:0" for name in CONTROLS}
        options = [part for name, at in endpoints.items() for part in (f"--{name}", at)]
        options += ["--data", str(self.folder / "data"), "--web", "off", "--metrics", "off"]
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [PAPO, "up", *options], stdout=subprocess.PIPE, stderr=log
            )
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            raise RuntimeError((self.folder / "log").read_text())
        self.invite = json.loads(line)["invite"]

    def kill(self) -> None:
        """Ends the node as a power failure does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()

    def save(self) -> None:
        """Copies the data folder of a node that was killed."""
        shutil.copytree(self.folder / "data", self.folder / "saved", dirs_exist_ok=True)

    def restore(self) -> None:
        shutil.rmtree(self.folder / "data")
        shutil.copytree(self.folder / "saved", self.folder / "data")

    def close(self) -> None:
        self.kill()
        self._folder.cleanup()

    def invite_at(self, host: str) -> str:
        """The invite with another host."""
        return self.invite.replace("127.0.0.1", host)


class Relay(threading.Thread):
    """Forwards connections of 127.0.0.2 to the same ports of 127.0.0.1."""

    def __init__(self, ports: list[int]) -> None:
        super().__init__(daemon=True)
        self._lock = threading.Lock()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._listeners = [socket.create_server(("127.0.0.2", port)) for port in ports]
        self._is_closed = False
        self.start()

    def cut(self) -> int:
        """Cuts all connections. Returns their number."""
        with self._lock:
            peers, self._peers = self._peers, {}
            for end in peers:
                end.close()
            return len(peers) // 2

    def close(self) -> None:
        self._is_closed = True
        self.join()
        self.cut()
        for listener in self._listeners:
            listener.close()

    def run(self) -> None:
        while not self._is_closed:
            with self._lock:
                sources: list[Any] = [*self._listeners, *self._peers]
            try:
                ready, _, _ = select.select(sources, [], [], 0.05)
            except (OSError, ValueError):
                continue  # The test cut a connection in the meantime.
            with self._lock:
                for source in ready:
                    self._forward(source)

    def _forward(self, source: socket.socket) -> None:
        if source in self._listeners:
            self._accept(source)
        elif source in self._peers:
            try:
                content = source.recv(65536)
                self._peers[source].sendall(content)
            except OSError:
                content = b""
            if not content:
                peer = self._peers.pop(source)
                self._peers.pop(peer, None)
                source.close()
                peer.close()

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", listener.getsockname()[1]))
        except OSError:
            client.close()  # The node is down.
            return
        self._peers[client], self._peers[server] = server, client
