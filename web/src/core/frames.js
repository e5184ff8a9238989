// Frames of lines: sorts the lines that the gateway sends, and joins the lines that a client sends.

import { utf8Length } from "./names.js";

/** The maximum bytes of one frame. The gateway accepts 1 MiB. */
const FRAME_BYTES_MAX = 512 * 1024;

/** The starts of lines, with their kinds. The gateway writes the members of an object in a fixed order. */
const STARTS = /** @type {const} */ ([
  ['{"n":', "events"],
  ['{"jsonrpc":"2.0","id":"g', "subscribed"],
  ['{"jsonrpc":', "replies"],
  ['{"kind":"hello"', "hello"],
  ['{"kind":"lagged"', "lagged"],
]);

/** @typedef {"events" | "replies" | "subscribed" | "hello" | "lagged"} LineKind */

/**
 * Passes the lines of a frame on, in order. Neighbouring replies are passed together, and so are neighbouring
 * events and notices.
 *
 * @param {string} frame
 * @param {(kind: LineKind, lines: string) => void} pass
 */
export function sortLines(frame, pass) {
  /** @type {LineKind | null} */
  let kind = null;
  /** @type {string[]} */
  let lines = [];
  for (const line of frame.split("\n").filter((line) => line !== "")) {
    const next = STARTS.find(([start]) => line.startsWith(start))?.[1] ?? "events";
    if (kind !== null && (next !== kind || (next !== "events" && next !== "replies"))) {
      pass(kind, lines.join("\n"));
      lines = [];
    }
    kind = next;
    lines.push(line);
  }
  if (kind !== null) {
    pass(kind, lines.join("\n"));
  }
}

/**
 * Joins lines to frames.
 *
 * @param {string[]} lines
 */
export function framesOf(lines) {
  /** @type {string[]} */
  const frames = [];
  let bytes = Infinity;
  for (const line of lines) {
    const length = utf8Length(line);
    if (bytes + length > FRAME_BYTES_MAX) {
      frames.push("");
      bytes = 0;
    }
    frames[frames.length - 1] += line;
    bytes += length;
  }
  return frames;
}
