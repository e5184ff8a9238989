// The status of a session: the link, the outbox, and the progress of each conversation.

/** @import { Status, StatusSummary } from "./api.js" */
/** @import { Context } from "./context.js" */
/** @import { Conversations } from "./conversations.js" */
/** @import { Link } from "./link.js" */
/** @import { Outbox } from "./outbox/outbox.js" */

/**
 * @param {Link} link
 * @param {Outbox} outbox
 * @param {Conversations} conversations
 * @param {number} now
 * @returns {StatusSummary}
 */
function summaryOf(link, outbox, conversations, now) {
  return {
    connectivity: link.connectivity(now),
    waiting: outbox.queue.length,
    delayed: outbox.reported,
    unread: conversations.unreadElsewhere(),
  };
}

/**
 * @param {Link} link
 * @param {Outbox} outbox
 * @param {Conversations} conversations
 * @param {number} now
 * @returns {Status}
 */
export function statusOf(link, outbox, conversations, now) {
  return {
    endpoint: link.endpoint,
    summary: summaryOf(link, outbox, conversations, now),
    conversations: conversations.sync.timelines.progress(),
  };
}

/** The summary that the core reported last. */
export class StatusSummaryNews {
  /** @type {StatusSummary | null} */
  last = null;

  /**
   * Reports the summary if it has changed and the session follows all conversations of its user.
   *
   * @param {Context} cx
   * @param {Link} link
   * @param {Outbox} outbox
   * @param {Conversations} conversations
   */
  tick(cx, link, outbox, conversations) {
    const isWanted = conversations.sync.followsAllConversations();
    if (isWanted || this.last !== null) {
      const summary = summaryOf(link, outbox, conversations, cx.now);
      if (JSON.stringify(summary) !== JSON.stringify(this.last)) {
        cx.emitNews({ kind: "statusSummary", summary });
      }
      this.last = isWanted ? summary : null;
    }
  }
}
