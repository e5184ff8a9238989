// A WebSocket client (RFC 6455) for Node 20, which has no WebSocket of its own. Text messages only. A
// `Socket` has the part of a browser's WebSocket that the core uses, and sends headers with the handshake.

import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import https from "node:https";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const [CONTINUATION, TEXT, CLOSE, PING, PONG] = [0, 1, 8, 9, 10];

/** The maximum bytes of a message. The gateway sends frames of at most 1 MiB, and one line more. */
const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;
const OPEN_MS_MAX = 10_000;

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
  const first = bytes.readUInt8(0);
  const isLast = (first & 0x80) !== 0;
  return bytes.length < end
    ? { opcode: -1, isLast, payload: bytes, end, length }
    : { opcode: first & 15, isLast, payload: bytes.subarray(head, end), end, length };
}

export class Socket {
  /** The headers of the handshake. A subclass has its own. @type {Record<string, string>} */
  static headers = {};
  /** @type {(() => void) | null} */ onopen = null;
  /** @type {((event: { data: string }) => void) | null} */ onmessage = null;
  /** @type {((event: { code: number }) => void) | null} */ onclose = null;
  onerror = null;
  /** @type {import("node:stream").Duplex | null} */ stream = null;
  code = 1006;
  isClosed = false;
  /** The frames of a message whose last frame has not arrived. @type {Buffer[]} */
  parts = [];

  /** @param {string} url @param {string} protocol */
  constructor(url, protocol) {
    const key = randomBytes(16).toString("base64");
    const headers = {
      .../** @type {typeof Socket} */ (this.constructor).headers,
      Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": key, "Sec-WebSocket-Protocol": protocol,
    };
    const { get } = url.startsWith("wss:") ? https : http;
    this.request = get(url.replace(/^ws/, "http"), { headers, timeout: OPEN_MS_MAX });
    this.request.on("upgrade", (reply, stream, rest) => {
      const accept = createHash("sha1").update(key + GUID).digest("base64");
      if (reply.headers["sec-websocket-accept"] === accept && !this.isClosed) {
        this.opened(stream, rest);
      } else {
        stream.destroy();
        this.ended();
      }
    });
    this.request.on("response", () => this.ended());
    this.request.on("error", () => this.ended());
    this.request.on("timeout", () => this.request.destroy());
  }

  /**
   * @param {import("node:stream").Duplex} stream
   * @param {Buffer} rest the bytes after the reply to the handshake
   */
  opened(stream, rest) {
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
  }

  /** Handles the complete frames. Returns the bytes after them. @param {Buffer} bytes */
  read(bytes) {
    let frame = readFrame(bytes);
    for (; frame !== null && frame.opcode >= 0; frame = readFrame(bytes)) {
      bytes = bytes.subarray(frame.end);
      this.take(frame.opcode, frame.isLast, frame.payload);
    }
    const waiting = this.parts.reduce((sum, part) => sum + part.length, frame?.length ?? 0);
    if (waiting > MESSAGE_BYTES_MAX) {
      this.stream?.destroy();
    }
    return bytes;
  }

  /**
   * @param {number} opcode
   * @param {boolean} isLast
   * @param {Buffer} payload
   */
  take(opcode, isLast, payload) {
    if (opcode === TEXT || opcode === CONTINUATION) {
      this.parts.push(payload);
      if (isLast) {
        const data = Buffer.concat(this.parts).toString();
        this.parts = [];
        this.onmessage?.({ data });
      }
    } else if (opcode === PING) {
      this.stream?.write(frameOf(PONG, payload));
    } else if (opcode === CLOSE) {
      this.code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.stream?.end(frameOf(CLOSE, payload));
    }
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
    this.request.destroy();
    this.stream?.destroy();
  }
}

/**
 * A class of sockets that send these headers.
 *
 * @param {Record<string, string>} headers
 * @returns {any} a class for the option `WebSocket` of `webSocketLink`
 */
export function socketWith(headers) {
  return class extends Socket {
    static headers = headers;
  };
}
