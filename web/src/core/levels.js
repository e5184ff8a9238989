// The notification levels of the user.

import { read } from "./errors.js";
import { levels } from "./types.js";

/** @import { Answer, Level, Reading } from "./api.js" */
/** @import { Context } from "./context.js" */

/** @type {Level[]} */
const ORDER = ["none", "mentions", "all"];

export class Levels {
  /** The maximum for all conversations. @type {Level} */
  all = "all";
  /** @type {Map<string, Level>} */
  conversations = new Map();

  /**
   * @param {string} conversation
   * @returns {Level}
   */
  of(conversation) {
    const level = this.conversations.get(conversation) ?? "all";
    return ORDER.indexOf(level) < ORDER.indexOf(this.all) ? level : this.all;
  }

  /**
   * The number of unread messages of a conversation that its level counts.
   *
   * @param {Reading} reading
   */
  unread(reading) {
    const level = this.of(reading.conversation);
    if (level === "all") {
      return reading.unread;
    }
    return level === "mentions" ? reading.mentions : 0;
  }

  /**
   * @param {unknown} result
   * @returns {Answer}
   */
  listed(result) {
    const { level, conversations } = read(levels, result);
    this.all = level;
    this.conversations = new Map(conversations.map((of) => [of.conversation, of.level]));
    return { kind: "done" };
  }
}

/**
 * Requests the levels. An earlier server does not have this method.
 *
 * @param {Context} cx
 * @param {number} ticket
 */
export function list(cx, ticket) {
  cx.requestFor(ticket, { kind: "levels" }, "notify.list", {});
}
