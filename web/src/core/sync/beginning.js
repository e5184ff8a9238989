// The beginning of sync: the versions of the protocol, and the first event of a conversation.

import { PapoError, errorOf, read } from "../errors.js";
import { PROTOCOL } from "../limits.js";
import { isChannel } from "../names.js";
import * as types from "../types.js";

/** @import { Sync } from "./sync.js" */

/**
 * The first event to emit of a conversation whose newest event is `n`.
 *
 * @param {Sync} sync
 * @param {string} conversation
 * @param {number} n
 */
export function firstEvent(sync, conversation, n) {
  if (sync.followed?.kind === "one" && sync.followed.after !== null) {
    return sync.followed.after + 1;
  }
  // The conversation is newer than the first heads: all its events are new.
  return !isChannel(conversation) && sync.hasHeads() ? 1 : n + 1;
}

/**
 * Checks that the server supports a protocol version of this client.
 *
 * @param {unknown} result of `server.info`
 */
export function supported(result) {
  const info = read(types.info, result);
  const { min, max } = info.protocol;
  if (min <= PROTOCOL.max && PROTOCOL.min <= max) {
    return info;
  }
  const own = { own_from: PROTOCOL.min, own_to: PROTOCOL.max };
  throw new PapoError(errorOf("other_version", { version: info.version, from: min, to: max, ...own }));
}
