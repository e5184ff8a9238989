"""The base of the tests at a real node."""

import unittest

from node import Node, Relay

from papo import Client

PASSWORD = "correct horse"
SECONDS_MAX = 30


class AtANode(unittest.TestCase):
    node: Node
    relay: Relay

    @classmethod
    def setUpClass(cls) -> None:
        cls.node = Node()
        cls.relay = Relay(cls.node.ports)
        with Client(cls.node.invite) as alice:
            alice.register("alice", PASSWORD)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.relay.close()
        cls.node.close()

    def alice(self, server: str | None = None) -> Client:
        client = Client(server or self.node.invite)
        self.addCleanup(client.close, 0)
        client.login("alice", PASSWORD)
        return client
