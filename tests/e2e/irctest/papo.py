"""Drives papo under irctest (https://github.com/progval/irctest).

The environment variable PAPO is the path of the binary.
"""

import json
import os
import socket
import subprocess
from typing import Optional, Set, Type

from irctest import patma
from irctest.basecontrollers import BaseServerController, DirectoryBasedController
from irctest.runner import NotImplementedByController
from irctest.specifications import Capabilities, OptionalBehaviors

PAPO = os.environ.get("PAPO", "papo")

# No test sends as much as a flood.
RATES = [
    "--messages-per-second=10000",
    "--messages-burst=10000",
    "--reads-per-second=10000",
    "--reads-burst=10000",
]


class PapoController(BaseServerController, DirectoryBasedController):
    software_name = "papo"
    supported_sasl_mechanisms: Set[str] = {"PLAIN"}
    supports_sts = False
    _port_wait_interval = 0.02
    capabilities = frozenset(
        {
            Capabilities.ACCOUNT_TAG,
            Capabilities.AWAY_NOTIFY,
            Capabilities.BATCH,
            Capabilities.ECHO_MESSAGE,
            Capabilities.EXTENDED_JOIN,
            Capabilities.EXTENDED_MONITOR,
            Capabilities.LABELED_RESPONSE,
            Capabilities.MESSAGE_REDACTION,
            Capabilities.MESSAGE_TAGS,
            Capabilities.MULTILINE,
            Capabilities.MULTI_PREFIX,
            Capabilities.READ_MARKER,
            Capabilities.SERVER_TIME,
        }
    )

    optional_behaviors = frozenset(
        {
            OptionalBehaviors.CAP_REQ_MINUS,
            OptionalBehaviors.MULTI_JOIN,
            OptionalBehaviors.MULTI_KICK,
            OptionalBehaviors.MULTI_PRIVMSG,
            OptionalBehaviors.SASL_AFTER_REGISTRATION,
        }
    )
    isupport = {
        "BOT": "B",
        "CASEMAPPING": "ascii",
        "ELIST": patma.StrRe("[MNU]+"),
        "MONITOR": patma.ANYSTR,
        "MSGREFTYPES": "msgid,timestamp",
        "PREFIX": "(oh)@%",
        "TARGMAX": patma.ANYSTR,
        "UTF8ONLY": None,
        "WHOX": None,
    }

    def run(
        self,
        hostname: str,
        port: int,
        *,
        password: Optional[str],
        ssl: bool,
        run_services: bool,
        faketime: Optional[str],
        websocket_hostname: Optional[str],
        websocket_port: Optional[int],
    ) -> None:
        if password:
            raise NotImplementedByController("server password")
        if ssl:
            raise NotImplementedByController("TLS")
        if self.test_config.account_registration_requires_email:
            raise NotImplementedByController("e-mail addresses of accounts")
        self.hostname, self.port = hostname, port
        self.create_config()
        command = [PAPO, "up", f"--data={self.directory}/data", "--plaintext"]
        for flag in ["clients", "subscribers", "broker-control", "proxy-control", "server-control"]:
            command.append(f"--{flag}=tcp://127.0.0.1:0")
        web = f"127.0.0.1:{websocket_port}" if websocket_port else "off"
        command += ["--irc-control=tcp://127.0.0.1:0", "--gateway-control=tcp://127.0.0.1:0"]
        command += [f"--web={web}", "--metrics=off", "--registration=open"]
        # Guests need a loopback address.
        address = "127.0.0.1" if hostname == "0.0.0.0" else hostname
        command += [f"--irc={address}:{port}", "--irc-guests", "--irc-name=My.Little.Server"]
        command += ["--irc-description=test server", *RATES]
        self.proc = self.execute(command, stdout=subprocess.PIPE)
        assert self.proc.stdout is not None
        self.endpoint = json.loads(self.proc.stdout.readline())["clients"]  # papo is ready.
        # The first account is the administrator.
        self._register("operuser", "operpassword")

    def wait_for_services(self) -> None:
        """Accounts are part of the node."""

    def kill_proc(self) -> None:
        """The data of a test is not needed, so nothing waits for a clean shutdown."""
        assert self.proc
        self.proc.kill()
        self.proc.wait()
        self.proc = None

    def _register(self, user: str, password: str) -> None:
        """Registers an account over IRC, or over ZeroMQ if the password is too long for a line of IRC."""
        if len(password) > 400:
            command = [PAPO, "register", user, f"--server={self.endpoint}", "--plaintext"]
            environment = {**os.environ, "PAPO_PASSWORD": password}
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
            return
        with socket.create_connection((self.hostname, self.port), timeout=10) as connection:
            connection.sendall(f"CAP LS 302\r\nREGISTER {user} * {password}\r\n".encode())
            received = b""
            while b" REGISTER SUCCESS " not in received and b" 900 " not in received:
                data = connection.recv(4096)
                assert data and b" FAIL " not in data, received + data
                received += data
            connection.sendall(b"QUIT\r\n")
            while connection.recv(4096):
                pass

    def registerUser(self, case, username: str, password: Optional[str] = None) -> None:
        self._register(username, password or "password")


def get_irctest_controller_class() -> Type[PapoController]:
    return PapoController
