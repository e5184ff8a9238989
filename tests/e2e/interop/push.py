#!/usr/bin/env python3
"""The browser and the push service of a test, with libraries that papo does not use.

    push.py keys     writes the keys of a new browser as JSON
    push.py open     reads a push as JSON from standard input, verifies and decrypts it, and writes the result

The encryption is that of RFC 8291 (package http_ece), the signature that of RFC 8292 (package PyJWT).
"""

import base64
import json
import os
import sys

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def keys():
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = private.private_numbers().private_value.to_bytes(32, "big")
    return {"private": encode(secret), "p256dh": encode(point), "auth": encode(os.urandom(16))}


def open_push(push):
    scheme, rest = push["authorization"].split(" ", 1)
    assert scheme == "vapid", scheme
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    # The push service checks that the subscription was made for this key.
    assert fields["k"] == push["key"], fields
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(fields["k"]))
    claims = jwt.decode(fields["t"], public, algorithms=["ES256"], audience=push["audience"])
    private = ec.derive_private_key(int.from_bytes(decode(push["private"]), "big"), ec.SECP256R1())
    text = http_ece.decrypt(
        decode(push["body"]), private_key=private, auth_secret=decode(push["auth"]), version="aes128gcm"
    )
    return {"claims": claims, "payload": json.loads(text)}


if __name__ == "__main__":
    result = keys() if sys.argv[1:] == ["keys"] else open_push(json.load(sys.stdin))
    json.dump(result, sys.stdout)
