"""Runs the 20 honest clients of `make hostile`: they send, listen and read.

    honest.py --server INVITE --seconds 60

The first line on standard output says that all clients are ready. The last
line is the verdict in JSON. A client sends a message without an
acknowledgement again with the same id. Its latency counts from the first send.
"""

import argparse
import json
import pathlib
import sys
import time

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "interop"))

from papo import Papo, new_message_id  # noqa: E402

CLIENTS = 20
CHANNEL = "#honest"
PASSWORD = "an honest password"
# Seconds between two messages of one client.
SEND_EVERY = 0.5
# Seconds between two reads of the history by one client.
READ_EVERY = 5
# Seconds without an answer after which a request is sent again.
RESEND_AFTER = 3
# The maximum seconds until the last acknowledgements arrive.
END_MAX = 30


class Client:
    """One user, with at most one request in flight."""

    def __init__(self, server, number):
        self.papo = Papo(server, timeout_seconds=60)
        name = f"honest{number}"
        self.papo.call("auth.register", user=name, password=PASSWORD)
        self.papo.log_in(name, PASSWORD)
        method = "channel.create" if number == 0 else "channel.join"
        topic = self.papo.call(method, channel=CHANNEL)["topic"]
        self.papo.subscribe(topic)
        self.dealer, self.events = self.papo._commands, self.papo._fan_out
        self.line = None
        self.begun_at = self.sent_at = 0.0
        self.message = None
        self.send_due = number / CLIENTS * SEND_EVERY
        self.read_due = number / CLIENTS * READ_EVERY

    def begin(self, now, method, params):
        request = self.papo.request(method, params)
        self.message = params.get("id")
        self.line = json.dumps(request).encode() + b"\n"
        self.request, self.begun_at = request["id"], now
        self.send(now)

    def send(self, now):
        self.sent_at = now
        self.dealer.send_multipart([b"", self.line])


class Results:
    def __init__(self):
        self.acknowledged, self.latencies, self.reads = {}, [], []
        self.resent = self.refused = self.events = 0


def receive(client, results, now):
    """Handles the replies that have arrived at one client."""
    while client.dealer.poll(0):
        reply = json.loads(client.dealer.recv_multipart()[-1])
        if client.line is None or reply["id"] != client.request:
            continue
        if "error" in reply:
            # Send the request again after the delay that the server requests.
            results.refused += 1
            wait = reply["error"]["data"].get("wait_ms", 100) / 1000
            client.sent_at = now + wait - RESEND_AFTER
            continue
        milliseconds = (now - client.begun_at) * 1000
        if client.message is None:
            results.reads.append(milliseconds)
        else:
            results.latencies.append(milliseconds)
            results.acknowledged[client.message] = reply["result"]["n"]
        client.line = None


def send_due_request(client, results, now, elapsed, seconds):
    """Sends the next request of one client, if a request is due."""
    if client.line is not None:
        if now - client.sent_at > RESEND_AFTER:
            results.resent += 1
            client.send(now)
    elif elapsed < seconds and elapsed >= client.read_due:
        client.read_due += READ_EVERY
        client.begin(
            now, "message.history", {"conversation": CHANNEL, "limit": 50}
        )
    elif elapsed < seconds and elapsed >= client.send_due:
        client.send_due = max(client.send_due + SEND_EVERY, elapsed)
        text = f"honest message {len(results.acknowledged)}"
        client.begin(
            now,
            "message.send",
            {"to": CHANNEL, "id": new_message_id(), "text": text},
        )


def run(clients, seconds):
    results, poller = Results(), zmq.Poller()
    for client in clients:
        poller.register(client.dealer, zmq.POLLIN)
        poller.register(client.events, zmq.POLLIN)
    begun = time.monotonic()
    while True:
        readable = dict(poller.poll(10))
        now = time.monotonic()
        elapsed = now - begun
        for client in clients:
            if client.dealer in readable:
                receive(client, results, now)
            if client.events in readable:
                while client.events.poll(0):
                    client.events.recv_multipart()
                    results.events += 1
            send_due_request(client, results, now, elapsed, seconds)
        is_done = all(client.line is None for client in clients)
        if elapsed > seconds and (is_done or elapsed > seconds + END_MAX):
            return results


def count_lost(client, results):
    """The number of acknowledged messages that the history lacks."""
    stored, after = {}, 0
    while True:
        page = client.papo.call(
            "message.history", conversation=CHANNEL, after=after, limit=500
        )
        for event in page["events"]:
            after = event["n"]
            if event["kind"] == "message":
                stored[event["id"]] = after
        if after >= page["head"]:
            break
    acknowledged = results.acknowledged.items()
    return sum(stored.get(message) != n for message, n in acknowledged)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[int((len(ordered) - 1) * share)] if ordered else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    clients = [Client(arguments.server, number) for number in range(CLIENTS)]
    print("ready", flush=True)
    sys.stdin.readline()
    results = run(clients, arguments.seconds)
    unanswered = [client for client in clients if client.line is not None]
    # A reply to an earlier request may be waiting at the first client.
    reader = Papo(arguments.server, timeout_seconds=60)
    reader.token, clients[0].papo = clients[0].papo.token, reader
    verdict = {
        "acknowledged": len(results.acknowledged),
        "lost": count_lost(clients[0], results),
        "unanswered": len(unanswered),
        "p50_ms": percentile(results.latencies, 0.5),
        "p99_ms": percentile(results.latencies, 0.99),
        "max_ms": max(results.latencies, default=None),
        "read_p99_ms": percentile(results.reads, 0.99),
        "resent": results.resent,
        "refused": results.refused,
        "events": results.events,
    }
    print(json.dumps(verdict), flush=True)


if __name__ == "__main__":
    main()
