// Transfers of chunks of files. The bytes of a chunk are a second frame after the request or the reply. A
// WebSocket has no such frames: a page uses http.js instead.

import { PapoError, errorOf, read, take } from "./errors.js";
import * as types from "./types.js";

/** @import { Answer, Outcome, Transfer } from "./api.js" */
/** @import { Context } from "./context.js" */
/** @import { Origin } from "./requests.js" */

/**
 * @param {Context} cx
 * @param {number} ticket
 * @param {Transfer} transfer
 */
export function transfer(cx, ticket, transfer) {
  const isChunk = transfer.kind === "chunk";
  /** @type {Origin} */
  const origin = { kind: "command", ticket, pending: { kind: isChunk ? "chunk" : "part" } };
  if (isChunk) {
    const { file, offset, bytes } = transfer;
    cx.request(origin, "file.chunk", { file, offset }, { kind: "alone", bytes });
  } else {
    const { conversation, n, offset, length } = transfer;
    cx.request(origin, "file.get", { conversation, n, offset, length }, { kind: "alone", bytes: null });
  }
}

/**
 * @param {Outcome<unknown>} outcome
 * @returns {Answer}
 */
export function chunkReply(outcome) {
  // After the loss of an earlier chunk, the error has the position at which the upload must continue.
  if ("error" in outcome && outcome.error.data.have !== undefined) {
    return { kind: "have", bytes: outcome.error.data.have };
  }
  return { kind: "have", bytes: read(types.have, take(outcome)).have };
}

/**
 * The downloaded chunk.
 *
 * @param {unknown} result
 * @param {Uint8Array | null} received the frame of bytes after the reply line
 * @returns {Answer}
 */
export function partReply(result, received) {
  const { offset, length } = read(types.part, result);
  if (received?.length !== length) {
    throw new PapoError(errorOf("answer_without_bytes"));
  }
  return { kind: "part", offset, bytes: received };
}
