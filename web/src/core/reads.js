// Read marks and unread counts.
//
// The server counts the unread messages in the reply to `read.list`. Afterwards, the core counts new events
// by the same rules (docs/PROTOCOL.md, "Read marks and mentions"). Events that the open conversation shows
// count as read: the core sends a read mark for the last of these events, at most every `MARK_INTERVAL_MS`.

import { read } from "./errors.js";
import { isContent } from "./events.js";
import { mentionsUser } from "./entry.js";
import { MARK_INTERVAL_MS, OWN_UNREAD_MAX } from "./limits.js";
import { isChannel } from "./names.js";
import { sorted } from "./order.js";
import { Pager } from "./plain_request.js";
import * as types from "./types.js";

/** @import { Answer, Entry, Reading } from "./api.js" */
/** @import { Context } from "./context.js" */
/** @import { Levels } from "./levels.js" */

export class Reads {
  /** The readings of the list, updated with later events. @type {Map<string, Reading>} */
  readings = new Map();
  /**
   * The numbers of the user's own messages after the first unread event. They never counted as unread, so
   * their deletion does not change the count.
   *
   * @type {Map<string, number[]>}
   */
  ownMessages = new Map();
  /** Whether the list has arrived. After that, a conversation without a reading is new. */
  isListed = false;
  /**
   * The open conversation, and the last event up to which it shows all.
   *
   * @type {{ conversation: string, shown: number } | null}
   */
  opened = null;
  isMarkDue = false;
  /** Closed conversations whose read mark is not sent yet. @type {Map<string, number>} */
  closed = new Map();
  /** The earliest time of the next read mark. */
  nextMark = 0;

  deadline() {
    return this.isMarkDue || this.closed.size > 0 ? this.nextMark : null;
  }

  /**
   * The reading of a conversation, if it has unread messages.
   *
   * @param {string} conversation
   */
  unread(conversation) {
    const reading = this.readings.get(conversation);
    return reading !== undefined && reading.unread > 0 ? reading : null;
  }

  /**
   * The number of unread messages, by their notification levels, in all conversations except the open one.
   *
   * @param {Levels} levels
   */
  unreadElsewhere(levels) {
    let sum = 0;
    for (const reading of this.readings.values()) {
      sum += this.isOpen(reading.conversation) ? 0 : levels.unread(reading);
    }
    return sum;
  }

  /** @param {string} conversation */
  isOpen(conversation) {
    return this.opened?.conversation === conversation;
  }

  /** The last event that a conversation shows; null if it is not open. @param {string} conversation */
  shown(conversation) {
    return this.opened?.conversation === conversation ? this.opened.shown : null;
  }

  /**
   * Opens a conversation, which shows its events up to `shown`.
   *
   * @param {string} conversation
   * @param {number} shown
   */
  open(conversation, shown) {
    if (this.opened !== null && this.opened.conversation !== conversation) {
      this.close(this.opened.conversation, this.opened.shown);
    }
    // A conversation without unread messages needs no mark.
    const isUnread = this.readings.size === 0 || this.unread(conversation) !== null;
    this.isMarkDue = isUnread && shown > (this.readings.get(conversation)?.n ?? 0);
    this.opened = { conversation, shown };
  }

  /**
   * Closes a conversation. The events up to `shown` are read.
   *
   * @param {string} conversation
   * @param {number} shown
   */
  close(conversation, shown) {
    const reading = this.readings.get(conversation);
    if (reading !== undefined && reading.head <= shown) {
      this.readings.set(conversation, { ...reading, n: shown, unread: 0 });
    }
    if (this.isMarkDue) {
      this.closed.set(conversation, shown);
    }
  }

  /** Forgets a conversation that the user may no longer read. @param {string} conversation */
  forget(conversation) {
    this.readings.delete(conversation);
    this.ownMessages.delete(conversation);
    this.closed.delete(conversation);
    if (this.isOpen(conversation)) {
      this.isMarkDue = false;
    }
  }

  /** Forgets all other channels. @param {Set<string>} channels */
  forgetOtherChannels(channels) {
    const known = [...this.readings.keys(), ...this.ownMessages.keys(), ...this.closed.keys()];
    for (const conversation of [...known, ...(this.opened === null ? [] : [this.opened.conversation])]) {
      if (isChannel(conversation) && !channels.has(conversation)) {
        this.forget(conversation);
      }
    }
  }

  /**
   * Counts an event that is being emitted.
   *
   * @param {string | null} user
   * @param {Entry} entry
   */
  count(user, entry) {
    const { conversation, n, event } = entry;
    const isOwn = event !== null && event.from === user;
    if (this.isListed) {
      const start = { conversation, n: Math.max(n - 1, 0), head: 0, unread: 0, mentions: 0 };
      const reading = { ...(this.readings.get(conversation) ?? start) };
      // The server has counted the events up to the head.
      if (n > reading.head) {
        reading.mentions += !isOwn && mentionsUser(entry, user) ? 1 : 0;
        const own = this.ownMessages.get(conversation) ?? [];
        this.ownMessages.set(conversation, own);
        count(reading, own, isOwn, entry);
      }
      this.readings.set(conversation, reading);
    }
    if (this.opened?.conversation === conversation && this.opened.shown + 1 === n) {
      this.opened.shown = n;
      this.isMarkDue ||= !isOwn && isContent(event);
    }
  }

  /**
   * Handles a page of the list. Returns null if the next page was requested.
   *
   * @param {Context} cx
   * @param {number} ticket
   * @param {Pager} pager
   * @param {unknown} result
   * @returns {Answer | null}
   */
  listed(cx, ticket, pager, result) {
    if (pager.take(result)) {
      requestPage(cx, ticket, pager);
      return null;
    }
    /** @type {Reading[]} */
    const readings = pager.items;
    this.readings = new Map(readings.map((reading) => [reading.conversation, reading]));
    this.isListed = true;
    return { kind: "reads", readings };
  }

  /**
   * Handles the reply to the command "markRead", without waiting for the server's notice.
   *
   * @param {string} conversation
   * @param {unknown} result
   * @returns {Answer}
   */
  marked(conversation, result) {
    const { unread } = read(types.marked, result);
    const reading = this.readings.get(conversation);
    if (reading !== undefined && unread === 0) {
      this.readings.set(conversation, { ...reading, n: reading.head, unread, mentions: 0 });
    }
    return { kind: "unread", count: unread };
  }

  /**
   * Sends the marks that are due.
   *
   * @param {Context} cx
   */
  tick(cx) {
    const due = this.deadline();
    if (due === null || due > cx.now) {
      return;
    }
    const marks = sorted(this.closed);
    if (this.isMarkDue && this.opened !== null) {
      marks.push([this.opened.conversation, this.opened.shown]);
    }
    this.isMarkDue = false;
    this.closed.clear();
    this.nextMark = cx.now + MARK_INTERVAL_MS;
    cx.requests.forget((origin) => origin.kind === "mark");
    for (const [conversation, n] of marks) {
      cx.request({ kind: "mark" }, "read.mark", { conversation, n });
    }
  }

  /**
   * Handles a notice that the user has read events. `isReadable` is false if the user is no longer a member.
   *
   * @param {Context} cx
   * @param {Omit<Reading, "head">} notice
   * @param {boolean} isReadable
   */
  notice(cx, { conversation, n, unread, mentions }, isReadable) {
    const head = Math.max(n, this.readings.get(conversation)?.head ?? 0);
    const reading = { conversation, n, head, unread, mentions };
    if (this.isListed && isReadable) {
      this.readings.set(conversation, reading);
    }
    cx.emitNews({ kind: "read", reading });
  }
}

/**
 * Requests the read marks and unread counts of all conversations.
 *
 * @param {Context} cx
 * @param {number} ticket
 */
export function list(cx, ticket) {
  requestPage(cx, ticket, new Pager("read.list", "conversations", types.reading, "conversation"));
}

/**
 * @param {Context} cx
 * @param {number} ticket
 * @param {Pager} pager
 */
function requestPage(cx, ticket, pager) {
  cx.transmit(ticket, { kind: "reads", pager }, pager.request());
}

/**
 * @param {Context} cx
 * @param {number} ticket
 * @param {string} conversation
 * @param {number} n
 */
export function mark(cx, ticket, conversation, n) {
  cx.requestFor(ticket, { kind: "mark", conversation }, "read.mark", { conversation, n });
}

/**
 * Counts an event by the rules of the server. Mentions are counted before; only the server knows whether a
 * deleted message mentioned the user.
 *
 * @param {Reading} reading
 * @param {number[]} own
 * @param {boolean} isOwn
 * @param {Entry} entry
 */
function count(reading, own, isOwn, { n, event }) {
  reading.head = n;
  if (isOwn && event?.kind === "channel.joined") {
    // A new member has no unread messages.
    reading.n = n;
    reading.unread = 0;
  } else if (event?.kind === "message.deleted") {
    // Neither the user's own messages nor messages that the user has read count as unread.
    const of = event.of ?? 0;
    const wasUnread = of > reading.n && !isOwn && !own.includes(of);
    reading.unread = Math.max(reading.unread - (wasUnread ? 1 : 0), 0);
  } else if (!isContent(event)) {
    return;
  } else if (!isOwn) {
    reading.unread += 1;
  } else if (reading.unread === 0) {
    // The user's own message is read if no unread message precedes it.
    reading.n = n;
    own.length = 0;
  } else if (own.length < OWN_UNREAD_MAX) {
    own.push(n);
  }
}
