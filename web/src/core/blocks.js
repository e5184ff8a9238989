// The users whom the user blocks. The core marks their messages in channels as hidden; the server refuses
// their direct messages.

import { object, u64 } from "./decode.js";
import { isChannel } from "./names.js";
import { compare } from "./order.js";
import { Pager } from "./plain_request.js";
import { userName } from "./types.js";

/** @import { Answer, Entry } from "./api.js" */
/** @import { Context } from "./context.js" */

export class Blocks {
  /** @type {Set<string>} */
  users = new Set();

  /**
   * Marks an event as hidden if it is a message, a file or an amendment of a blocked user in a channel.
   *
   * @param {Entry} entry
   * @returns {Entry}
   */
  mark(entry) {
    const { event, conversation } = entry;
    const isHidden = event?.id !== undefined && isChannel(conversation) && this.users.has(event.from);
    return { ...entry, isHidden };
  }

  /**
   * Handles the notice that the user blocked or unblocked another user, in this or another session.
   *
   * @param {string} user
   * @param {boolean} blocked
   */
  notice(user, blocked) {
    if (blocked) {
      this.users.add(user);
    } else {
      this.users.delete(user);
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
    this.users = new Set(pager.items.map((block) => block.user));
    return { kind: "blocks", users: [...this.users].sort(compare) };
  }
}

/**
 * Requests the list of blocked users. An earlier server does not have this method.
 *
 * @param {Context} cx
 * @param {number} ticket
 */
export function list(cx, ticket) {
  requestPage(cx, ticket, new Pager("user.blocks", "users", object({ user: userName, at: u64 }), "user"));
}

/**
 * @param {Context} cx
 * @param {number} ticket
 * @param {Pager} pager
 */
function requestPage(cx, ticket, pager) {
  cx.transmit(ticket, { kind: "blocks", pager }, pager.request());
}
