// Requests and their replies: ids, origins and retries.
//
// The core repeats a request until a reply arrives. All attempts have the same id, so a late reply to an
// earlier attempt is valid.

import { isTemporary } from "./errors.js";
import { COMMANDS_PENDING_MAX, REPLY_WAIT_MS } from "./limits.js";
import { earliest } from "./order.js";

/** @import { Effect, ProtocolError, Target } from "./api.js" */
/** @import { Pager } from "./plain_request.js" */
/** @import { Rng } from "./rng.js" */

/**
 * A pending command, with the data that the handler of its reply needs. "endSessions" is `auth.password` or
 * `session.revoke`, "join" is `channel.create` or `channel.join`.
 *
 * @typedef {{ kind: "ping" | "register" | "login" | "logout" | "endSessions" | "levels" | "chunk" | "part"
 *     | "request" }
 *   | { kind: "join" | "leave", channel: string }
 *   | { kind: "open" | "nextPage" | "mark", conversation: Target }
 *   | { kind: "reads" | "blocks", pager: Pager }} Pending
 */

/**
 * The reason for a request for heads: the initial heads of all conversations, events that were published
 * before the subscriptions were in force, or events that the fan-out lost.
 *
 * @typedef {"all" | "afterBarrier" | "periodic"} HeadsKind
 */

/**
 * The source of a request. It determines how the core handles the reply.
 *
 * @typedef {{ kind: "command", ticket: number, pending: Pending }
 *   | { kind: "info" | "presence" | "mark" }
 *   | { kind: "heads", heads: HeadsKind, cursor: number | null }
 *   | { kind: "repair", conversation: Target }} Origin
 */

/**
 * The frame of a request line. "alone": a frame without other lines, with optional bytes.
 *
 * @typedef {{ kind: "shared" } | { kind: "alone", bytes: Uint8Array | null }} Frame
 */

/**
 * A request without a final reply. It is postponed after a temporary error: until the next attempt, no reply
 * is expected.
 *
 * @typedef {{ id: number, origin: Origin, line: string, frame: Frame, attempt: number, due: number,
 *   isPostponed: boolean }} Outstanding
 */

/** @param {Outstanding} request @returns {Effect} */
function effectOf({ id, line, frame }) {
  return frame.kind === "shared" ? { kind: "send", id, line } : { kind: "sendAlone", id, line, bytes: frame.bytes };
}

/**
 * Whether the server requests a delay that is too long for a command: the error is then the answer.
 *
 * @param {Outstanding} request
 * @param {ProtocolError} error
 */
function isWaitTooLong(request, error) {
  return request.origin.kind === "command" && (error.data.wait_ms ?? 0) > REPLY_WAIT_MS;
}

/**
 * @param {number} id
 * @param {string} method
 * @param {object} params
 */
export function requestLine(id, method, params) {
  return JSON.stringify({ jsonrpc: "2.0", id: String(id), method, params }) + "\n";
}

/** Whether sync sent the request, to follow conversations. @param {Origin} origin */
export const isOfSync = (origin) => origin.kind === "info" || origin.kind === "heads";

/** All requests except the requests of the outbox. */
export class Requests {
  lastId = 0;
  /** @type {Map<number, Outstanding>} in the order of their ids */
  outstanding = new Map();

  freshId() {
    this.lastId += 1;
    return this.lastId;
  }

  isFull() {
    return this.commands().length >= COMMANDS_PENDING_MAX;
  }

  /** Whether a command to join or leave a channel is pending. @param {string} channel */
  isJoiningOrLeaving(channel) {
    return this.commands().some((of) => (of.kind === "join" || of.kind === "leave") && of.channel === channel);
  }

  /** Whether the page that opens a conversation is pending. @param {Target} conversation */
  isOpening(conversation) {
    return this.commands().some((of) => of.kind === "open" && of.conversation === conversation);
  }

  /** Whether a request for the heads of all conversations, or for the endpoint before it, is pending. */
  isBeginningSync() {
    const origins = [...this.outstanding.values()].map(({ origin }) => origin);
    return origins.some((of) => of.kind === "info" || (of.kind === "heads" && of.heads === "all"));
  }

  commands() {
    const pending = [];
    for (const { origin } of this.outstanding.values()) {
      if (origin.kind === "command") {
        pending.push(origin.pending);
      }
    }
    return pending;
  }

  /**
   * Adds a request, and returns the effect that sends it.
   *
   * @param {number} now
   * @param {Rng} rng
   * @param {Origin} origin
   * @param {Frame} frame
   * @param {string} method
   * @param {object} params
   */
  open(now, rng, origin, frame, method, params) {
    const id = this.freshId();
    const due = now + rng.waitMs(0);
    const line = requestLine(id, method, params);
    const request = { id, origin, line, frame, attempt: 0, due, isPostponed: false };
    this.outstanding.set(id, request);
    return effectOf(request);
  }

  /**
   * Removes the request that a reply answers. Null if the id is unknown, or if the request will be repeated
   * after a temporary error.
   *
   * @param {number} now
   * @param {Rng} rng
   * @param {number} id
   * @param {ProtocolError | null} error
   */
  complete(now, rng, id, error) {
    const request = this.outstanding.get(id);
    if (request === undefined) {
      return null;
    }
    if (error !== null && isTemporary(error) && !isWaitTooLong(request, error)) {
      request.due = now + rng.waitMs(request.attempt);
      request.isPostponed = true;
      return null;
    }
    this.outstanding.delete(id);
    return request;
  }

  /**
   * Repeats the requests that are due. Returns whether at least one of these requests had no reply.
   *
   * @param {number} now
   * @param {Rng} rng
   */
  takeDue(now, rng) {
    const resent = [];
    let isReplyMissing = false;
    for (const request of this.outstanding.values()) {
      if (request.due <= now) {
        isReplyMissing ||= !request.isPostponed;
        request.isPostponed = false;
        request.attempt += 1;
        request.due = now + rng.waitMs(request.attempt);
        resent.push(effectOf(request));
      }
    }
    return { resent, isReplyMissing };
  }

  /**
   * Repeats the requests whose origin matches at once. `due` is the time of the next attempt.
   *
   * @param {number} due
   * @param {number} attempt
   * @param {(origin: Origin) => boolean} matches
   */
  resend(due, attempt, matches) {
    const requests = [...this.outstanding.values()].filter(({ origin }) => matches(origin));
    return requests.map((request) => {
      Object.assign(request, { due, attempt, isPostponed: false });
      return effectOf(request);
    });
  }

  deadline() {
    return earliest([...this.outstanding.values()].map((request) => request.due));
  }

  /**
   * Forgets the requests whose origin matches. Their replies will be ignored.
   *
   * @param {(origin: Origin) => boolean} matches
   */
  forget(matches) {
    for (const [id, { origin }] of this.outstanding) {
      if (matches(origin)) {
        this.outstanding.delete(id);
      }
    }
  }

  /** Forgets all requests. Returns the tickets of the pending commands. */
  clear() {
    const origins = [...this.outstanding.values()].map(({ origin }) => origin);
    this.outstanding.clear();
    return origins.flatMap((origin) => (origin.kind === "command" ? [origin.ticket] : []));
  }
}
