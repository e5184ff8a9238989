// Typing: reports that the user is typing, and emits the users who are typing in the open conversation.

import { TYPING_INTERVAL_MS, TYPING_SHOWN_MS, TYPING_USERS_SHOWN_MAX } from "./limits.js";
import { compare, earliest } from "./order.js";

/** @import { Entry } from "./api.js" */
/** @import { Context } from "./context.js" */

export class Typing {
  /** The conversation and the time of the last report. @type {{ to: string, at: number } | null} */
  reported = null;
  /** @type {string | null} */
  conversation = null;
  /** The users who are typing, each with the time until which they are shown. @type {Map<string, number>} */
  typingUntil = new Map();

  deadline() {
    return earliest(this.typingUntil.values());
  }

  end() {
    this.reported = null;
    this.typingUntil.clear();
  }

  /**
   * Handles a key. `to` is the recipient, if the user is typing a message. A report is sent at most once in
   * `TYPING_INTERVAL_MS`.
   *
   * @param {Context} cx
   * @param {string | null} to
   */
  keyTyped(cx, to) {
    const last = this.reported;
    if (to === null) {
      this.reported = null;
      if (last !== null) {
        report(cx, last.to, false);
      }
    } else if (last === null || last.to !== to || cx.now >= last.at + TYPING_INTERVAL_MS) {
      report(cx, to, true);
      this.reported = { to, at: cx.now };
    }
  }

  /**
   * Forgets the report for the recipient of a sent message. The message itself shows that the user stopped
   * typing.
   *
   * @param {string} to
   */
  messageSent(to) {
    if (this.reported?.to === to) {
      this.reported = null;
    }
  }

  /**
   * Starts to show the users who are typing in this conversation.
   *
   * @param {Context} cx
   * @param {string} conversation
   */
  open(cx, conversation) {
    if (this.conversation !== conversation) {
      this.forget(cx, () => true);
      this.conversation = conversation;
    }
  }

  /**
   * @param {Context} cx
   * @param {string} conversation
   * @param {string} from
   * @param {boolean} typing
   */
  notice(cx, conversation, from, typing) {
    if (cx.user === from || this.conversation !== conversation) {
      return;
    }
    if (!typing) {
      this.forget(cx, (user) => user === from);
      return;
    }
    const isNew = !this.typingUntil.has(from);
    if (isNew && this.typingUntil.size >= TYPING_USERS_SHOWN_MAX) {
      return;
    }
    this.typingUntil.set(from, cx.now + TYPING_SHOWN_MS);
    if (isNew) {
      this.show(cx);
    }
  }

  /**
   * Removes the author of a message, who has stopped typing it.
   *
   * @param {Context} cx
   * @param {Entry} entry
   */
  messageArrived(cx, { conversation, event }) {
    if (this.conversation === conversation && event?.kind === "message" && !event.deleted) {
      this.forget(cx, (user) => user === event.from);
    }
  }

  /**
   * Removes the users without a further notice in `TYPING_SHOWN_MS`.
   *
   * @param {Context} cx
   */
  tick(cx) {
    this.forget(cx, (_, until) => until <= cx.now);
  }

  /**
   * @param {Context} cx
   * @param {(user: string, until: number) => boolean} matches
   */
  forget(cx, matches) {
    const before = this.typingUntil.size;
    for (const [user, until] of this.typingUntil) {
      if (matches(user, until)) {
        this.typingUntil.delete(user);
      }
    }
    if (this.typingUntil.size !== before) {
      this.show(cx);
    }
  }

  /** @param {Context} cx */
  show(cx) {
    cx.emitNews({ kind: "typing", users: [...this.typingUntil.keys()].sort(compare) });
  }
}

/**
 * @param {Context} cx
 * @param {string} to
 * @param {boolean} typing
 */
function report(cx, to, typing) {
  if (cx.account !== null) {
    cx.sendOnce("typing.set", { to, typing });
  }
}
