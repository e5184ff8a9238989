"""Runs all attacks at once on a node with honest clients (`make hostile`).

    hostile.py --papo target/release/papo --minutes 5

Each attack first runs alone for a few seconds, and then together with all
others. The program fails if an acknowledged message is lost, if the honest
clients wait too long, or if the node uses too much memory. It also fails if an
attack reaches less than half of its rate alone: the machine is then too busy.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "interop"), str(HERE)]

import attacks  # noqa: E402
from papo import Papo  # noqa: E402

P99_MS_MAX = 250
MIB_MAX = 256
MIB_AFTER_MAX = 64
# Seconds after the attacks at which the node must have returned its memory.
RECOVERY_SECONDS = 60


class Node:
    """A running `papo up` with an empty data folder."""

    def __init__(self, papo, folder):
        endpoints = ["clients", "subscribers"]
        endpoints += [f"{role}-control" for role in ROLES]
        flags = [f"--{name}=tcp://127.0.0.1:0" for name in endpoints]
        self.log = open(folder / "log.txt", "wb")
        self.papo = papo
        self.process = subprocess.Popen(
            [
                papo, "up", "--registration=open", f"--data={folder / 'data'}",
                "--web=127.0.0.1:0", "--metrics=off", *flags,
            ],
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        self.ready = json.loads(self.process.stdout.readline())

    def stop(self):
        """Sends SIGTERM. Returns whether the node stopped in time."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return False
        return True

    def mib(self, field="VmRSS"):
        """The resident memory, or with `VmHWM` its maximum since startup."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        (kib,) = [
            entry.split()[1]
            for entry in status.splitlines()
            if entry.startswith(field + ":")
        ]
        return int(kib) / 1024

    def counters(self):
        """The lines of `papo health`: the counters of all roles."""
        controls = [self.ready[f"{role}_control"] for role in ROLES]
        health = subprocess.run(
            [self.papo, "health", "--timeout-ms=10000", *controls],
            stdout=subprocess.PIPE,
            check=False,
        )
        return health.stdout.decode().splitlines()


ROLES = ["broker", "proxy", "server", "gateway"]


def attack(node, kind, seconds):
    events = node.ready["subscribers"]
    return subprocess.Popen(
        [sys.executable, "-B", HERE / "attacks.py", kind]
        + ["--server", node.ready["invite"], "--events", events]
        + ["--web", node.ready["web"]]
        + ["--seconds", str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def begin(attackers):
    """Starts the clocks of attacks at the same moment."""
    for attacker in attackers:
        assert attacker.stdout.readline() == b"started\n", attacker.args
    for attacker in attackers:
        attacker.stdin.write(b"go\n")
        attacker.stdin.flush()


def rate(attacker, timeout):
    """The attempts per second of an attack, or 0 if the attack failed."""
    try:
        output, _ = attacker.communicate(timeout=timeout)
        result = json.loads(output.splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError):
        attacker.kill()
        return 0.0
    return result["attempts"] / result["seconds"]


def run(node, arguments):
    with contextlib.closing(Papo(node.ready["invite"], 60)) as victim:
        victim.call(
            "auth.register", user=attacks.VICTIM, password=attacks.PASSWORD
        )
    seconds = arguments.minutes * 60
    honest = subprocess.Popen(
        [sys.executable, "-B", HERE / "honest.py"]
        + ["--server", node.ready["invite"], "--seconds", str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert honest.stdout.readline() == "ready\n", "20 clients"
    kinds = [kind.__name__ for kind in attacks.ATTACKS]
    kinds = arguments.only or kinds
    print(f"idle: {node.mib():.0f} MiB resident", flush=True)
    alone = {}
    for kind in kinds:
        attacker = attack(node, kind, arguments.alone_seconds)
        begin([attacker])
        alone[kind] = rate(attacker, 120)
        print(
            f"alone: {kind:20} {alone[kind]:8.1f} attempts/s, "
            f"{node.mib():4.0f} MiB resident after it",
            flush=True,
        )
    attackers = {kind: attack(node, kind, seconds) for kind in kinds}
    begin(attackers.values())
    honest.stdin.write("go\n")
    honest.stdin.flush()
    begun, highest = time.monotonic(), 0.0
    while time.monotonic() - begun < seconds:
        highest = max(highest, node.mib())
        assert node.process.poll() is None, "the node exited"
        time.sleep(0.2)
    mixed = {kind: rate(process, 120) for kind, process in attackers.items()}
    output, _ = honest.communicate(timeout=300)
    verdict = json.loads(output)
    time.sleep(RECOVERY_SECONDS)
    return alone, mixed, verdict, highest


def report(node, alone, mixed, verdict, highest):
    """Prints the figures. Returns a sentence for each failure."""
    after, failures = node.mib(), []
    print(f"{'attack':20} {'alone/s':>9} {'mixed/s':>9}")
    for kind, single in alone.items():
        print(f"{kind:20} {single:9.1f} {mixed[kind]:9.1f}")
        if mixed[kind] <= 0 or mixed[kind] < single / 2:
            failures.append(f"{kind} is below half of its rate alone")
    print("honest clients:", json.dumps(verdict))
    print(
        f"resident memory: {highest:.0f} MiB at most during the attacks, "
        f"{node.mib('VmHWM'):.0f} MiB at most since the start, "
        f"{after:.0f} MiB a minute later"
    )
    for line in node.counters():
        print(line)
    missing = verdict["lost"] + verdict["unanswered"]
    if missing or not verdict["acknowledged"]:
        failures.append(f"{missing} messages are lost or unanswered")
    if not verdict["latencies_ok"]:
        failures.append(f"p99 is above {P99_MS_MAX} ms")
    if highest > MIB_MAX:
        failures.append(f"the node used more than {MIB_MAX} MiB")
    if after > MIB_AFTER_MAX:
        failures.append(f"the node kept more than {MIB_AFTER_MAX} MiB")
    return failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--papo", required=True)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--alone-seconds", type=float, default=5)
    parser.add_argument("--only", nargs="*", help="run only these attacks")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        node = Node(arguments.papo, pathlib.Path(folder))
        try:
            alone, mixed, verdict, highest = run(node, arguments)
            p99 = verdict["p99_ms"]
            verdict["latencies_ok"] = p99 is not None and p99 <= P99_MS_MAX
            failures = report(node, alone, mixed, verdict, highest)
        finally:
            stopped = node.stop()
        if not stopped:
            failures.append("the node did not stop within 30 seconds")
    for failure in failures:
        print(f"FAILED: {failure}")
    print("hostile:", "failed" if failures else "ok")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
