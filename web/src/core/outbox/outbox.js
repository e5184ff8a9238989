// The outbox: messages without an acknowledgement, in the order of sending.
//
// The outbox sends messages in flights. A flight is one frame of messages. The next flight is sent when each
// message of the current flight has a reply. So messages stay in order even if a frame is lost and repeated.
//
// A message with a temporary error stays in the outbox: after the delay that the server requested, it is the
// first message of the next flight. A message with a permanent error is removed.
//
// Each message is stored on the client before it is sent: see persist.js.

import { ownEntry } from "../entry.js";
import { errorOf, isTemporary, outcomeOf, read, take } from "../errors.js";
import * as limits from "../limits.js";
import { utf8Length } from "../names.js";
import { requestLine } from "../requests.js";
import { sent } from "../types.js";

/** @import { Effect, Entry, Message, Outcome, ProtocolError } from "../api.js" */
/** @import { Context } from "../context.js" */

/**
 * A message in the queue. `since` is the time at which the user sent it. Persisted messages are in front of
 * the other messages. `request` is the id of all attempts.
 *
 * @typedef {{ message: Message, since: number, isPersisted: boolean, request: number | null,
 *   isInFlight: boolean }} QueuedMessage
 */

export class Outbox {
  /** The sender of all messages. @type {string | null} */
  owner = null;
  /** @type {QueuedMessage[]} */
  queue = [];
  /** Bytes of text in the queue. */
  bytes = 0;
  /** The number of messages at the front of the queue that were reported as "delayed" or "outboxLoaded". */
  reported = 0;
  /** The number of messages of the flight without a reply. */
  inFlight = 0;
  hasFlight = false;
  /** The timeout of the flight. Without a flight, the earliest time of the next flight. */
  due = 0;
  /** The number of consecutive flights that timed out or had postponed messages. */
  attempt = 0;
  /** The delay of the next flight, if messages of the current flight were postponed. @type {number | null} */
  postponedMs = null;

  deadline() {
    return this.queue[0]?.isPersisted ? this.due : null;
  }

  /**
   * Adds a message, which is sent when it is persisted. Returns false if the message is refused.
   *
   * @param {Context} cx
   * @param {Message} message
   */
  send(cx, message) {
    if (cx.user === null) {
      reportRefusal(cx, message, errorOf("not_logged_in"));
      return false;
    }
    const bytes = utf8Length(message.text);
    if (this.queue.length >= limits.OUTBOX_MESSAGES_MAX || this.bytes + bytes > limits.OUTBOX_BYTES_MAX) {
      reportRefusal(cx, message, errorOf("outbox_full"));
      return false;
    }
    this.setOwner(cx.now, cx.user);
    cx.emit({ kind: "persist", message });
    this.bytes += bytes;
    this.queue.push(queued(message, cx.now, false));
    return true;
  }

  /**
   * @param {number} now
   * @param {string} owner
   */
  setOwner(now, owner) {
    this.owner = owner;
    if (this.queue.length === 0) {
      this.due = now;
    }
  }

  /**
   * Sends the next flight if it is due. Returns whether the previous flight timed out.
   *
   * @param {Context} cx
   */
  sendDue(cx) {
    const due = this.deadline();
    if (cx.account === null || due === null || due > cx.now) {
      return false;
    }
    const isOverdue = this.inFlight > 0;
    if (isOverdue) {
      this.abortFlight();
      this.attempt += 1;
    }
    cx.emit(...this.startFlight(cx));
    this.due = cx.now + cx.rng.waitMs(this.attempt);
    return isOverdue;
  }

  /** @param {Context} cx */
  startFlight(cx) {
    /** @type {Effect[]} */
    const effects = [];
    let bytes = 0;
    this.postponedMs = null;
    for (const item of this.queue.slice(0, limits.FLIGHT_MESSAGES_MAX)) {
      if (!item.isPersisted || bytes >= limits.FLIGHT_BYTES_MAX) {
        break;
      }
      item.request ??= cx.requests.freshId();
      const { to, id, text, reply } = item.message;
      const params = { ...cx.token(), to, id, text, ...(reply !== null && { reply }) };
      const line = requestLine(item.request, "message.send", params);
      bytes += utf8Length(line);
      item.isInFlight = true;
      effects.push({ kind: "send", id: item.request, line });
    }
    this.inFlight = effects.length;
    this.hasFlight = this.inFlight > 0;
    return effects;
  }

  /**
   * Sends the messages of the flight again, to another endpoint.
   *
   * @param {Context} cx
   * @param {number} attempt
   */
  resendFlight(cx, attempt) {
    if (this.inFlight > 0) {
      this.abortFlight();
      this.attempt = attempt;
      this.due = cx.now;
      this.sendDue(cx);
    }
  }

  abortFlight() {
    for (const item of this.queue) {
      item.isInFlight = false;
    }
    this.inFlight = 0;
    this.hasFlight = false;
  }

  /**
   * Handles a reply. Returns undefined if its request is not a message of the outbox. Otherwise returns the
   * message with its event, or null if the server has not stored the message.
   *
   * @param {Context} cx
   * @param {number} id
   * @param {Outcome<unknown>} outcome
   * @returns {{ message: Message, entry: Entry } | null | undefined}
   */
  reply(cx, id, outcome) {
    const position = this.queue.findIndex((item) => item.request === id);
    const item = this.queue[position];
    if (item === undefined) {
      return undefined;
    }
    this.inFlight -= item.isInFlight ? 1 : 0;
    item.isInFlight = false;
    const reply = outcomeOf(() => read(sent, take(outcome)));
    if ("ok" in reply) {
      const message = this.remove(position);
      return { message, entry: ownEntry(cx.user ?? "", message, reply.ok) };
    }
    if (isTemporary(reply.error)) {
      this.postpone(cx, reply.error);
    } else {
      discard(cx, this.remove(position), reply.error);
    }
    return null;
  }

  /**
   * Delays the next flight for the time that the server requested, or else for the usual wait for a reply.
   *
   * @param {Context} cx
   * @param {ProtocolError} error
   */
  postpone(cx, error) {
    const usual = cx.rng.waitMs(this.attempt);
    const requested = error.data.wait_ms;
    const waitMs = requested === undefined ? usual : Math.max(requested, limits.POSTPONED_MS_MIN);
    this.postponedMs = Math.max(this.postponedMs ?? 0, waitMs);
  }

  /**
   * Ends the flight if each of its messages has a reply. The next flight is sent now, or after a requested
   * delay.
   *
   * @param {Context} cx
   */
  endFlight(cx) {
    if (!this.hasFlight || this.inFlight > 0) {
      return;
    }
    this.hasFlight = false;
    this.attempt = this.postponedMs === null ? 0 : this.attempt + 1;
    this.due = cx.now + (this.postponedMs ?? 0);
    this.postponedMs = null;
    this.sendDue(cx);
  }

  /** @param {number} position of a message in the queue */
  remove(position) {
    const [item] = /** @type {[QueuedMessage]} */ (this.queue.splice(position, 1));
    this.bytes -= utf8Length(item.message.text);
    this.reported -= position < this.reported ? 1 : 0;
    return item.message;
  }

  /** Forgets the ids of the requests: replies to the ended session must be ignored. */
  forgetRequestIds() {
    this.abortFlight();
    for (const item of this.queue) {
      item.request = null;
    }
  }

  /**
   * Discards all messages unless `user` wrote them: another user must not send them.
   *
   * @param {Context} cx
   * @param {string | null} user
   */
  discardUnlessOwnedBy(cx, user) {
    if (this.owner !== user) {
      const { queue } = this;
      Object.assign(this, new Outbox());
      for (const { message } of queue) {
        discard(cx, message, errorOf("unsent_at_end"));
      }
    }
  }
}

/**
 * @param {Message} message
 * @param {number} since
 * @param {boolean} isPersisted
 * @returns {QueuedMessage}
 */
export function queued(message, since, isPersisted) {
  return { message, since, isPersisted, request: null, isInFlight: false };
}

/**
 * Reports that the server has stored a message.
 *
 * @param {Context} cx
 * @param {Message} message
 * @param {Entry} entry
 * @param {boolean} entryFollows
 */
export function acknowledge(cx, message, entry, entryFollows) {
  cx.emit({ kind: "forget", id: message.id });
  cx.emitNews({ kind: "sent", message, outcome: { ok: entry }, entryFollows });
}

/**
 * Deletes a message from the storage, and reports that the message was not sent.
 *
 * @param {Context} cx
 * @param {Message} message
 * @param {ProtocolError} error
 */
function discard(cx, message, error) {
  cx.emit({ kind: "forget", id: message.id });
  reportRefusal(cx, message, error);
}

/**
 * @param {Context} cx
 * @param {Message} message
 * @param {ProtocolError} error
 */
export function reportRefusal(cx, message, error) {
  cx.emitNews({ kind: "sent", message, outcome: { error }, entryFollows: false });
}
