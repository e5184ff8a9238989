// UUIDs of version 7 (RFC 9562). `crypto.randomUUID` is missing on plain http, `getRandomValues` is not.

let last = { at: 0, count: 0 };

/**
 * Creates a UUID. The UUIDs of one page are in order, even within a millisecond.
 *
 * @param {number} now Unix milliseconds
 */
export function uuid7(now = Date.now()) {
  const at = Math.max(Math.floor(now), last.at);
  const count = at === last.at ? last.count + 1 : 0;
  last = count > 0xfff ? { at: at + 1, count: 0 } : { at, count };
  const random = crypto.getRandomValues(new Uint8Array(8));
  const tail = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = (((random[0] ?? 0) & 0x3f) | 0x80).toString(16) + tail.slice(2, 4);
  const time = last.at.toString(16).padStart(12, "0");
  const counter = "7" + last.count.toString(16).padStart(3, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-${counter}-${variant}-${tail.slice(4)}`;
}
