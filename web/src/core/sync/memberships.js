// Events that begin or end the user's own membership in a channel. The server publishes them on the user's
// own topic and on the channel's topic.

import { isChannel } from "../names.js";
import { compare } from "../order.js";
import { forget } from "./events.js";

/** @import { Entry, PapoEvent } from "../api.js" */
/** @import { Context } from "../context.js" */
/** @import { Heads, Sync } from "./sync.js" */

/**
 * The effect of an event on the user's membership: none, so the core emits the event; the event ended the
 * membership in this channel; or the event was handled.
 *
 * @typedef {{ kind: "event", entry: Entry } | { kind: "ended", conversation: string }
 *   | { kind: "handled" }} Membership
 */

/**
 * The change of the user's own membership, if the event is one.
 *
 * @param {PapoEvent} event
 * @param {string} me
 */
function changeOf(event, me) {
  switch (event.kind) {
    case "channel.created":
    case "channel.joined":
      return event.from === me ? "began" : null;
    case "channel.left":
      return event.from === me ? "left" : null;
    case "channel.kicked":
    case "channel.banned":
      return event.user === me ? "removed" : null;
    case "channel.deleted":
      return "removed";
    case "channel.invited":
      return event.user === me ? "invited" : null;
    default:
      return null;
  }
}

/**
 * Starts or stops following a channel, if the event begins or ends the user's membership.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {string} me
 * @param {Entry} entry
 * @returns {Membership}
 */
export function noteMembership(sync, cx, me, entry) {
  const { conversation, event } = entry;
  const change = event === null ? null : changeOf(event, me);
  if (change === null || !isChannel(conversation)) {
    return { kind: "event", entry };
  }
  const isFollowed = sync.timelines.followed.has(conversation);
  // If a command of this session caused the change, the answer to the command reports it.
  const isOwnCommand = cx.requests.isJoiningOrLeaving(conversation);
  if (change === "left" || change === "removed") {
    return endMembership(sync, cx, entry, change === "left" && isOwnCommand);
  }
  if (change === "began" && !isFollowed && !isOwnCommand) {
    beginMembership(sync, cx, entry);
  } else if (change === "invited" && !isFollowed && sync.followsAllConversations()) {
    cx.emitNews({ kind: "invited", entry });
    return { kind: "handled" };
  }
  return { kind: "event", entry };
}

/**
 * Follows a channel that the user joined in another session. The next heads contain the channel's topic. A
 * join that arrives after the end of its membership is ignored: the two topics have no common order.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {Entry} entry
 */
function beginMembership(sync, cx, { conversation, n }) {
  if (hasEndedAfter(sync, conversation, n)) {
    return;
  }
  sync.ended.delete(conversation);
  if (sync.hasHeads() && sync.follows(conversation)) {
    sync.timelines.getOrStart(conversation, n);
    sync.headsDue = cx.now;
  }
}

/**
 * Whether the user's last membership in a channel ended after the event `n`.
 *
 * @param {Sync} sync
 * @param {string} conversation
 * @param {number} n
 */
export function hasEndedAfter(sync, conversation, n) {
  return n < (sync.ended.get(conversation)?.n ?? 0);
}

/**
 * Stops following a channel that the user has left. The number of that event is not known, but it is greater
 * than the numbers of all known events.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {string} conversation
 */
export function left(sync, cx, conversation) {
  const timeline = sync.timelines.followed.get(conversation);
  if (timeline !== undefined) {
    noteEnd(sync, conversation, timeline.progress().head + 1);
  }
  forget(sync, cx, conversation);
}

/**
 * @param {Sync} sync
 * @param {string} conversation
 * @param {number} n
 */
function noteEnd(sync, conversation, n) {
  const shown = sync.timelines.followed.get(conversation)?.progress().shown ?? 0;
  const before = sync.ended.get(conversation) ?? { n, shown };
  sync.ended.set(conversation, { n: Math.max(n, before.n), shown: Math.max(shown, before.shown) });
}

/**
 * Stops following a channel. A late event of an earlier membership is ignored.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {Entry} entry
 * @param {boolean} isOwnCommand
 * @returns {Membership}
 */
function endMembership(sync, cx, entry, isOwnCommand) {
  const { conversation, n } = entry;
  const timeline = sync.timelines.followed.get(conversation);
  if (timeline?.isPast(n)) {
    return { kind: "handled" };
  }
  // A moderator can ban a user who is not a member, so this event adds no channel.
  if (timeline !== undefined || sync.ended.has(conversation)) {
    noteEnd(sync, conversation, n);
  }
  if (timeline === undefined) {
    return { kind: "handled" };
  }
  forget(sync, cx, conversation);
  if (!isOwnCommand) {
    cx.emitNews({ kind: "membershipEnded", entry });
  }
  return { kind: "ended", conversation };
}

/**
 * Forgets the channels that are not in these heads of all conversations. Returns the other channels.
 *
 * @param {Sync} sync
 * @param {Context} cx
 * @param {Heads} heads
 */
export function forgetOthers(sync, cx, heads) {
  const named = heads.heads.map((head) => head.conversation).filter(isChannel);
  const channels = new Set([...named, ...sync.joinedSince]);
  const followed = [...sync.timelines.followed.keys()].sort(compare);
  for (const conversation of followed.filter((of) => isChannel(of) && !channels.has(of))) {
    left(sync, cx, conversation);
  }
  return channels;
}

/**
 * The only followed channel, if the user is not its member.
 *
 * @param {Sync} sync
 */
export function missingChannel({ followed, topics }) {
  if (followed?.kind !== "one" || !isChannel(followed.conversation)) {
    return null;
  }
  return topics.channels.has(followed.conversation) ? null : followed.conversation;
}
