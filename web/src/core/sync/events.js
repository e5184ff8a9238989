// Inserts events into the timelines: events from the proxy, from acknowledgements and from pages. Each event
// is emitted once, in order.

import { outcomeOf, take } from "../errors.js";
import { GAP_GRACE_MS } from "../limits.js";
import { isChannel } from "../names.js";

/** @import { Entry, Outcome } from "../api.js" */
/** @import { Context } from "../context.js" */
/** @import { Sync } from "./sync.js" */

/**
 * Handles an event that the proxy published. Returns the events to emit. The proxy keeps the order of the
 * events of a conversation, so a gap means that events were lost: the repair is due at once.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {Entry} entry
 */
export function published(sync, cx, entry) {
  const timeline = timelineOf(sync, entry.conversation);
  if (timeline === undefined) {
    return [];
  }
  timeline.notePublished(entry.n);
  timeline.insert(entry);
  return takeReady(sync, cx, entry.conversation, cx.now);
}

/**
 * Handles an acknowledgement of the user's own message. Returns the events to emit, or null if the core does
 * not follow the conversation and has not emitted the message before. A gap before the message is repaired
 * after a delay, because the missing events may still arrive.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {Entry} entry
 */
export function acknowledged(sync, cx, entry) {
  const timeline = timelineOf(sync, entry.conversation);
  if (timeline === undefined) {
    return entry.n <= (sync.ended.get(entry.conversation)?.shown ?? 0) ? [] : null;
  }
  timeline.insert(entry);
  return takeReady(sync, cx, entry.conversation, cx.now + GAP_GRACE_MS);
}

/**
 * Takes the events to emit. A gap before the next event is repaired at the time `repairAt`.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {string} conversation
 * @param {number} repairAt
 */
function takeReady(sync, cx, conversation, repairAt) {
  const ready = sync.timelines.takeReady(cx, conversation);
  sync.timelines.lookForGap(conversation, repairAt);
  return ready;
}

/**
 * The timeline of a followed conversation. A new direct conversation starts with its first event.
 *
 * @param {Sync} sync
 * @param {string} conversation
 */
function timelineOf(sync, conversation) {
  if (!isChannel(conversation) && sync.hasHeads() && sync.follows(conversation)) {
    sync.timelines.getOrStart(conversation, 1);
  }
  return sync.timelines.followed.get(conversation);
}

/**
 * Continues after the event `shown`, the last event of the page that opened the conversation.
 *
 * @param {Sync} sync
 * @param {string} conversation
 * @param {number} shown
 */
export function continueAfter(sync, conversation, shown) {
  if (sync.follows(conversation)) {
    // The user may have joined the channel in another session, and no heads have contained it yet.
    sync.timelines.getOrStart(conversation, shown + 1).continueAfter(shown);
  }
}

/**
 * Returns the events that waited for the page that opens the conversation.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {string} conversation
 */
export function opened(sync, cx, conversation) {
  return takeReady(sync, cx, conversation, cx.now);
}

/**
 * Continues after the event `shown`, the last event of the last page. Null means that later pages follow.
 * Returns the events to emit.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {string} conversation
 * @param {number | null} shown
 */
export function nextPage(sync, cx, conversation, shown) {
  if (shown !== null) {
    sync.timelines.followed.get(conversation)?.continueAfter(shown);
  }
  return sync.timelines.takeReady(cx, conversation);
}

/**
 * Handles a page that fills a gap. Returns the events to emit, or null if the user may no longer read the
 * channel.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {string} conversation
 * @param {Outcome<unknown>} outcome
 */
export function repaired(sync, cx, conversation, outcome) {
  const page = outcomeOf(() => cx.entries(take(outcome)).entries);
  const reason = "error" in page ? page.error.data.reason : "";
  if (reason === "not_member" || reason === "no_such_channel") {
    forget(sync, cx, conversation);
    return null;
  }
  return sync.timelines.repaired(cx, conversation, page);
}

/**
 * Follows a channel that the user has joined, from the event after the join on.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {{ channel: string, n: number, topic: string }} joined
 */
export function joined(sync, cx, { channel, n, topic }) {
  if (!sync.follows(channel)) {
    return;
  }
  sync.timelines.getOrStart(channel, n + 1).notePublished(n);
  sync.joinedSince.add(channel);
  if (sync.topics.subscribeChannel(cx, channel, topic)) {
    sync.topics.raiseBarrier(cx);
  }
}

/**
 * Stops following one conversation.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {string} conversation
 */
export function forget(sync, cx, conversation) {
  sync.timelines.forget(cx, conversation);
  sync.topics.unsubscribeChannel(cx, conversation);
}
