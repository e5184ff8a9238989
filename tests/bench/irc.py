"""Measures IRC connections of a node of its own: the memory of idle ones, and the latency beside ZeroMQ clients.

    PAPO_BIN=target/release/papo PYTHONPATH=clients/python PAPO_INTEROP_PROGRAM=tests/bench/irc.py \
        tests/e2e/interop/run [--connections 1000] [--messages 300]

The figures depend on the machine and its load: compare only those of one run.
"""

import argparse
import json
import os
import pathlib
import queue
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from papo import Client
from papo.network import Closed

PASSWORD = "correct-horse-battery"
# The front permits 20, and one connection of each user is open before the measurement.
CONNECTIONS_PER_USER = 18
CHANNEL = "#bench"


class IrcClient:
    def __init__(self, address, user):
        host, port = address.rsplit(":", 1)
        self.stream = socket.create_connection((host, int(port)), timeout=30)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.stream.makefile("r", encoding="utf-8", newline="\r\n")
        self.send(f"PASS :{user}:{PASSWORD}")
        self.send(f"NICK {user}")
        self.send(f"USER {user} 0 * :{user}")
        self.wait_for(" 366 ")

    def send(self, line):
        self.stream.sendall(f"{line}\r\n".encode())

    def wait_for(self, text):
        for line in self.lines:
            if text in line:
                return line
        raise RuntimeError(f"the connection ended before {text!r}")


def start(folder):
    command = [os.environ["PAPO_BIN"], "up", f"--data={folder}/data", "--plaintext", "--web=off", "--metrics=off"]
    for flag in ["clients", "subscribers", "broker-control", "proxy-control", "server-control", "irc-control"]:
        command.append(f"--{flag}=tcp://127.0.0.1:0")
    command += ["--irc=127.0.0.1:0", "--registration=open"]
    for rate in ["messages", "reads"]:
        command += [f"--{rate}-per-second=100000", f"--{rate}-burst=100000"]
    # The registrations of one address are limited.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return process, json.loads(process.stdout.readline())


def register(node, user):
    environment = {**os.environ, "PAPO_PASSWORD": PASSWORD}
    command = [os.environ["PAPO_BIN"], "register", user, f"--server={node['clients']}", "--plaintext"]
    while subprocess.run(command, env=environment, capture_output=True).returncode != 0:
        time.sleep(1)


def resident_bytes(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def print_memory(process, address, users, count):
    # The first connections fill caches that all connections share.
    warm = [IrcClient(address, user) for user in users]
    before = resident_bytes(process)
    idle = [IrcClient(address, users[number % len(users)]) for number in range(count)]
    grown = resident_bytes(process) - before
    print(f"{len(idle)} idle IRC connections in one channel: {grown / count / 1024:.1f} KiB each")
    for client in warm + idle:
        client.stream.close()


def report(name, times):
    quantiles = statistics.quantiles(times, n=100)
    print(f"{name}: p50 {quantiles[49]:.2f} ms, p99 {quantiles[98]:.2f} ms")


def print_latency(node, count):
    address = f"{node['clients']}"
    received = queue.Queue()
    with Client(address) as sender, Client(address) as receiver, Client(address) as answerer:
        sender.login("u0", PASSWORD)
        answerer.login("u0", PASSWORD)
        receiver.login("u1", PASSWORD)
        receiver.subscribe(CHANNEL)
        answerer.subscribe(CHANNEL)

        def receive():
            try:
                for _event in receiver.events():
                    received.put(time.perf_counter())
            except Closed:
                pass

        def answer():
            """Answers each question of another user."""
            try:
                for event in answerer.events():
                    if event.sender == "u1" and event.text.startswith("question "):
                        answerer.send(CHANNEL, event.text.replace("question", "answer"))
            except Closed:
                pass

        def asker():
            """A ZeroMQ client of u1 that waits for the answers."""
            asking = Client(address)
            asking.login("u1", PASSWORD)
            asking.subscribe(CHANNEL)
            return asking

        def wait_for_answer(asking, number):
            for event in asking.events():
                if event.text == f"answer zeromq {number}":
                    return time.perf_counter()

        for target in receive, answer:
            threading.Thread(target=target, daemon=True).start()
        irc = IrcClient(node["irc"], "u0")
        watching = IrcClient(node["irc"], "u1")

        def measure(send, wait, word="message"):
            times = []
            for number in range(count):
                started = time.perf_counter()
                send(f"{word} {number}")
                times.append((wait(number) - started) * 1000)
            return times

        def from_zeromq(_number):
            return received.get(timeout=30)

        def from_irc(number):
            watching.wait_for(f":message {number}\r")
            return time.perf_counter()

        paths = {
            "ZeroMQ to ZeroMQ": (lambda text: sender.send(CHANNEL, text), from_zeromq),
            "IRC to ZeroMQ": (lambda text: irc.send(f"PRIVMSG {CHANNEL} :{text}"), from_zeromq),
            "ZeroMQ to IRC": (lambda text: sender.send(CHANNEL, text), from_irc),
        }
        for name, (send, wait) in paths.items():
            report(name, measure(send, wait))
            while not received.empty():
                received.get()

        def answered_in_irc(number):
            watching.wait_for(f":answer irc {number}\r")
            return time.perf_counter()

        with asker() as asking:
            from_zeromq = (lambda text: asking.send(CHANNEL, text), lambda number: wait_for_answer(asking, number))
            report("ZeroMQ to ZeroMQ and back", measure(*from_zeromq, word="question zeromq"))
        from_irc = (lambda text: watching.send(f"PRIVMSG {CHANNEL} :{text}"), answered_in_irc)
        report("IRC to ZeroMQ and back to IRC", measure(*from_irc, word="question irc"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--connections", type=int, default=1000)
    arguments.add_argument("--messages", type=int, default=300)
    arguments = arguments.parse_args()
    users = [f"u{number}" for number in range(arguments.connections // CONNECTIONS_PER_USER + 2)]
    with tempfile.TemporaryDirectory() as folder:
        process, node = start(folder)
        try:
            for user in users:
                register(node, user)
            with Client(node["clients"]) as owner:
                owner.login("u0", PASSWORD)
                owner.call("channel.create", channel=CHANNEL, private=False)
            for user in users[1:]:
                with Client(node["clients"]) as member:
                    member.login(user, PASSWORD)
                    member.call("channel.join", channel=CHANNEL)
            print_latency(node, arguments.messages)
            print_memory(process, node["irc"], users, arguments.connections)
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
