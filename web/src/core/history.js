// Requests pages of history: pages that open a conversation, and pages that fill gaps.

import { HISTORY_EVENTS_MAX, OPENING_EVENTS, REPAIRS_MAX, UNREAD_EVENTS } from "./limits.js";
import { earliest, sorted } from "./order.js";

/** @import { Context } from "./context.js" */
/** @import { Reads } from "./reads.js" */
/** @import { Origin } from "./requests.js" */

/** The schedule of the pages that fill gaps. Each conversation has at most one pending page. */
export class Repairs {
  /**
   * The conversations with gaps, each with the time at which to request a page.
   *
   * @type {Map<string, number>}
   */
  due = new Map();
  /** @type {Set<string>} */
  running = new Set();

  deadline() {
    return this.running.size >= REPAIRS_MAX ? null : earliest(this.due.values());
  }

  /**
   * Schedules a page of this conversation for the time `due`, or earlier, unless a page is pending.
   *
   * @param {string} conversation
   * @param {number} due
   */
  plan(conversation, due) {
    if (!this.running.has(conversation)) {
      this.due.set(conversation, Math.min(due, this.due.get(conversation) ?? due));
    }
  }

  /**
   * Takes a conversation whose page is due, if fewer than `REPAIRS_MAX` pages are pending.
   *
   * @param {number} now
   */
  takeDue(now) {
    if (this.running.size >= REPAIRS_MAX) {
      return null;
    }
    const conversation = sorted(this.due).find(([, due]) => due <= now)?.[0] ?? null;
    if (conversation !== null) {
      this.due.delete(conversation);
    }
    return conversation;
  }

  /**
   * Requests a page of up to `missing` events after the event `after`.
   *
   * @param {Context} cx
   * @param {string} conversation
   * @param {number} after
   * @param {number} missing
   */
  begin(cx, conversation, after, missing) {
    this.running.add(conversation);
    const limit = Math.min(missing, HISTORY_EVENTS_MAX);
    requestPage(cx, { kind: "repair", conversation }, conversation, after, limit);
  }

  /** Notes that the page of a conversation is no longer pending. @param {string} conversation */
  end(conversation) {
    this.running.delete(conversation);
  }

  /** @param {string} conversation */
  forget(conversation) {
    this.due.delete(conversation);
    this.running.delete(conversation);
  }
}

/**
 * Requests the newest page of a conversation, or the page from its first unread event on.
 *
 * @param {Context} cx
 * @param {number} ticket
 * @param {string} conversation
 * @param {Reads} reads
 */
export function open(cx, ticket, conversation, reads) {
  const reading = reads.unread(conversation);
  const limit = reading === null ? OPENING_EVENTS : UNREAD_EVENTS;
  const pending = /** @type {const} */ ({ kind: "open", conversation });
  requestPage(cx, { kind: "command", ticket, pending }, conversation, reading?.n ?? null, limit);
}

/**
 * Requests the page after the events that the open conversation shows.
 *
 * @param {Context} cx
 * @param {number} ticket
 * @param {string} conversation
 * @param {Reads} reads
 */
export function requestNextPage(cx, ticket, conversation, reads) {
  const pending = /** @type {const} */ ({ kind: "nextPage", conversation });
  requestPage(cx, { kind: "command", ticket, pending }, conversation, reads.shown(conversation), UNREAD_EVENTS);
}

/**
 * @param {Context} cx
 * @param {Origin} origin
 * @param {string} conversation
 * @param {number | null} after
 * @param {number} limit
 */
function requestPage(cx, origin, conversation, after, limit) {
  cx.request(origin, "message.history", { conversation, ...(after !== null && { after }), limit });
}
