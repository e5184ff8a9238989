// A WebSocket client (RFC 6455) for tests: Node has its own only from version 22 on. Text frames only.

import { createHash, randomBytes } from "node:crypto";
import http from "node:http";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const [TEXT, CLOSE, PING, PONG] = [1, 8, 9, 10];

/** @param {number} opcode @param {Buffer} payload */
function frameOf(opcode, payload) {
  const mask = randomBytes(4);
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length < 126) {
    head[1] = 0x80 | length;
  } else if (length < 65536) {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, mask, payload.map((byte, at) => byte ^ /** @type {number} */ (mask[at % 4]))]);
}

/**
 * The first frame of the bytes, and its length with the head; null if it is incomplete.
 *
 * @param {Buffer} bytes
 */
function readFrame(bytes) {
  const short = bytes.length < 2 ? 0 : bytes.readUInt8(1) & 127;
  const head = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < head) {
    return null;
  }
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const end = head + length;
  return bytes.length < end ? null : { opcode: bytes.readUInt8(0) & 15, payload: bytes.subarray(head, end), end };
}

/** The part of a browser's WebSocket that the core uses. `headers` are sent with the handshake. */
export class Socket {
  /** @type {Record<string, string>} */
  static headers = {};
  /** @type {(() => void) | null} */ onopen = null;
  /** @type {((event: { data: string }) => void) | null} */ onmessage = null;
  /** @type {((event: { code: number }) => void) | null} */ onclose = null;
  onerror = null;
  /** @type {import("node:net").Socket | null} */ stream = null;
  code = 1006;
  isClosed = false;

  /** @param {string} url @param {string} protocol */
  constructor(url, protocol) {
    const key = randomBytes(16).toString("base64");
    const headers = {
      ...Socket.headers, Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": key, "Sec-WebSocket-Protocol": protocol,
    };
    const request = http.get(url.replace(/^ws/, "http"), { headers });
    request.on("upgrade", (reply, stream, rest) => {
      const accept = createHash("sha1").update(key + GUID).digest("base64");
      if (reply.headers["sec-websocket-accept"] !== accept) {
        stream.destroy();
        return;
      }
      this.stream = stream;
      /** @type {Buffer} */
      let bytes = Buffer.alloc(0);
      stream.on("error", () => {});
      stream.on("close", () => this.ended());
      stream.on("data", (chunk) => (bytes = this.read(Buffer.concat([bytes, chunk]))));
      this.onopen?.();
      if (rest.length > 0) {
        stream.unshift(rest);
      }
    });
    request.on("response", () => this.ended());
    request.on("error", () => this.ended());
  }

  /** @param {Buffer} bytes */
  read(bytes) {
    for (let frame = readFrame(bytes); frame !== null; frame = readFrame(bytes)) {
      bytes = bytes.subarray(frame.end);
      if (frame.opcode === TEXT) {
        this.onmessage?.({ data: frame.payload.toString() });
      } else if (frame.opcode === PING) {
        this.stream?.write(frameOf(PONG, frame.payload));
      } else if (frame.opcode === CLOSE) {
        this.code = frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005;
        this.stream?.end(frameOf(CLOSE, frame.payload));
      }
    }
    return bytes;
  }

  ended() {
    if (!this.isClosed) {
      this.isClosed = true;
      this.onclose?.({ code: this.code });
    }
  }

  /** @param {string} text */
  send(text) {
    this.stream?.write(frameOf(TEXT, Buffer.from(text)));
  }

  close() {
    this.stream?.destroy();
  }
}
