// Frames of lines: sorts the lines that the gateway sends, and joins the lines that a client sends.

import { parse } from "./decode.js";
import { utf8Length } from "./names.js";

/** The maximum bytes of one frame. The gateway accepts 1 MiB. */
const FRAME_BYTES_MAX = 512 * 1024;

/** @typedef {"events" | "replies" | "subscribed" | "hello" | "lagged"} LineKind */

/**
 * The kind of a line. Most lines are events and replies, whose first member shows their kind.
 *
 * @param {string} line
 * @returns {LineKind}
 */
function kindOf(line) {
  if (line.startsWith('{"n":')) {
    return "events";
  }
  if (line.startsWith('{"jsonrpc":')) {
    return line.startsWith('{"jsonrpc":"2.0","id":"g') ? "subscribed" : "replies";
  }
  const { kind } = /** @type {{ kind?: unknown }} */ (parse(line) ?? {});
  return kind === "hello" || kind === "lagged" ? kind : "events";
}

/**
 * Passes the lines of a frame on, in order. Passes consecutive replies together, and also consecutive events
 * and notices.
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
    const next = kindOf(line);
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
