// Sync: receives the events of conversations from the proxy, and detects lost events with heads.
//
// The steps are the same at the beginning and after a lost connection:
//
// 1. Request the endpoint of the proxy, and connect a new socket.
// 2. Subscribe to the user's own topic.
// 3. Request all heads. They contain the topics of the channels: subscribe to these topics.
// 4. Subscribe to a barrier. When the barrier arrives, all subscriptions are in force.
// 5. Request heads again. They show the events that were published before the subscriptions were in force.

import { PapoError, errorOf, outcomeOf, read, take } from "../errors.js";
import { FANOUT_GRACE_MS, GAP_GRACE_MS } from "../limits.js";
import { isChannel } from "../names.js";
import { earliest } from "../order.js";
import { isOfSync } from "../requests.js";
import * as types from "../types.js";
import { firstEvent, supported } from "./beginning.js";
import { forgetOthers, hasEndedAfter, missingChannel } from "./memberships.js";
import { Timelines } from "./timelines.js";
import { Topics } from "./topics.js";

/** @import { Follow, Outcome, ProtocolError } from "../api.js" */
/** @import { Context } from "../context.js" */
/** @import { HeadsKind } from "../requests.js" */

/** @typedef {ReturnType<typeof types.heads>} Heads */

/**
 * The effect of heads on the other components: nothing, all channels that the user is a member of, or the
 * server has returned to an earlier state.
 *
 * @typedef {{ kind: "applied" } | { kind: "channels", channels: Set<string> }
 *   | { kind: "rolledBack" }} HeadsOutcome
 */

export class Sync {
  /** @type {Follow | null} */
  followed = null;
  /** The pending command "follow". @type {number | null} */
  ticket = null;
  topics = new Topics();
  timelines = new Timelines();
  /**
   * Channels that the user left or was removed from, with the number of that event, and of the last event
   * that was emitted before.
   *
   * @type {Map<string, { n: number, shown: number }>}
   */
  ended = new Map();
  /** Channels that the user joined after the last request for all heads. @type {Set<string>} */
  joinedSince = new Set();
  /** The cursor of the last heads. @type {number | null} */
  cursor = null;
  /** The value of `restored` in the last heads. @type {number | null} */
  restored = null;
  /** @type {number | null} */
  headsDue = null;
  /**
   * An event that the heads contain, and that the proxy has not published yet.
   *
   * @type {{ conversation: string, n: number, due: number } | null}
   */
  expected = null;

  /** @param {string} conversation */
  follows(conversation) {
    const { followed } = this;
    return followed !== null && (followed.kind === "everything" || followed.conversation === conversation);
  }

  followsAllConversations() {
    return this.followed?.kind === "everything";
  }

  /** Whether heads have arrived. After that, a conversation without a head is new. */
  hasHeads() {
    return this.cursor !== null;
  }

  deadline() {
    const { topics, expected, headsDue, timelines } = this;
    return earliest([topics.deadline(), expected?.due ?? null, headsDue, timelines.repairs.deadline()]);
  }

  /**
   * Starts to follow. The command is answered when all subscriptions are in force.
   *
   * @param {Context} cx
   * @param {number} ticket
   * @param {Follow} follow
   */
  follow(cx, ticket, follow) {
    this.followed = { ...follow };
    this.ticket = ticket;
    this.reconnect(cx);
  }

  /**
   * Stops following all conversations. A pending command "follow" fails with this error.
   *
   * @param {Context} cx
   * @param {ProtocolError} error
   */
  stop(cx, error) {
    this.timelines.clear(cx);
    const { ticket, topics } = this;
    Object.assign(this, new Sync());
    topics.unsubscribeAll(cx);
    cx.requests.forget(isOfSync);
    if (ticket !== null) {
      cx.answer(ticket, { error });
    }
  }

  /**
   * Repeats all steps, because the endpoint of the proxy may have changed. Keeps the timelines.
   *
   * @param {Context} cx
   */
  reconnect(cx) {
    if (this.followed === null) {
      return;
    }
    this.forgetSteps(cx);
    cx.requestWithoutToken({ kind: "info" }, "server.info", {});
  }

  /** @param {Context} cx */
  forgetSteps(cx) {
    cx.requests.forget(isOfSync);
    this.topics.forgetBarrier();
    this.expected = null;
    this.headsDue = null;
  }

  /**
   * Subscribes to all topics again, on a new connection without subscriptions. The heads after the barrier
   * then show the lost events.
   *
   * @param {Context} cx
   */
  resubscribe(cx) {
    // Only the heads of all conversations contain all topics.
    if (!this.hasHeads() || cx.requests.isBeginningSync()) {
      this.reconnect(cx);
      return;
    }
    this.forgetSteps(cx);
    this.topics.subscribeAll(cx);
    this.topics.raiseBarrier(cx);
  }

  /**
   * Finds lost events with a barrier and with the heads after it.
   *
   * @param {Context} cx
   */
  findLostEvents(cx) {
    if (this.hasHeads() && !cx.requests.isBeginningSync()) {
      this.topics.raiseBarrier(cx);
    }
  }

  /**
   * Connects to the proxy. Throws an error only while a command "follow" is pending.
   *
   * @param {Context} cx
   * @param {Outcome<unknown>} outcome
   */
  infoReceived(cx, outcome) {
    const info = outcomeOf(() => supported(take(outcome)));
    if ("error" in info) {
      // This barrier never arrives: after its timeout the core repeats all steps.
      this.topics.raiseBarrier(cx);
      this.failToBegin(info.error);
    } else if (cx.account !== null) {
      cx.emit({ kind: "connect", endpoint: info.ok.events });
      this.topics.subscribeAll(cx);
      this.requestHeads(cx, "all");
    }
  }

  /**
   * Throws the error while a command "follow" is pending. Otherwise the core repeats the steps later.
   *
   * @param {ProtocolError} error
   */
  failToBegin(error) {
    if (this.ticket !== null) {
      throw new PapoError(error);
    }
  }

  /**
   * @param {Context} cx
   * @param {HeadsKind} heads
   */
  requestHeads(cx, heads) {
    const { cursor } = this;
    const since = heads === "all" ? null : cursor;
    if (heads === "all") {
      this.joinedSince.clear();
    }
    cx.request({ kind: "heads", heads, cursor }, "sync.heads", since === null ? {} : { since });
  }

  /**
   * Applies heads, which can reveal gaps. Throws an error only while a command "follow" is pending.
   *
   * @param {Context} cx
   * @param {HeadsKind} kind
   * @param {number | null} cursor
   * @param {Outcome<unknown>} outcome
   * @returns {HeadsOutcome}
   */
  headsReceived(cx, kind, cursor, outcome) {
    const reply = outcomeOf(() => read(types.heads, take(outcome)));
    if ("error" in reply) {
      this.headsDue = cx.now + cx.rng.headsIntervalMs();
      this.failToBegin(reply.error);
      return { kind: "applied" };
    }
    const heads = reply.ok;
    const restored = heads.restored ?? null;
    // A reply is never older than its request, so a smaller cursor means an earlier state.
    const isBehind = cursor !== null && heads.cursor < cursor;
    const wasRestored = this.hasHeads() && restored !== this.restored;
    this.restored = restored;
    if (isBehind || wasRestored) {
      return { kind: "rolledBack" };
    }
    this.learnNames(cx, heads);
    return this.applyHeads(cx, kind, heads);
  }

  /**
   * Stores the later names of channels. The command "follow" may have named its channel by a later name.
   *
   * @param {Context} cx
   * @param {Heads} heads
   */
  learnNames(cx, { heads }) {
    for (const head of heads.filter(({ conversation }) => isChannel(conversation))) {
      cx.setNames(head.conversation, head);
    }
    if (this.followed?.kind === "one") {
      this.followed.conversation = cx.names.first(this.followed.conversation);
    }
  }

  /**
   * @param {Context} cx
   * @param {HeadsKind} kind
   * @param {Heads} heads
   * @returns {HeadsOutcome}
   */
  applyHeads(cx, kind, heads) {
    const hasOwnTopicMoved = this.topics.moveOwn(cx, heads.topic);
    const isAll = kind === "all";
    const channels = isAll ? forgetOthers(this, cx, heads) : null;
    let isSubscriptionNew = isAll;
    for (const head of heads.heads) {
      isSubscriptionNew = this.applyHead(cx, kind, head) || isSubscriptionNew;
    }
    this.cursor = heads.cursor;
    const missing = missingChannel(this);
    if (missing !== null) {
      this.failToBegin(errorOf("not_member", { channel: missing }));
    } else if (hasOwnTopicMoved && !isAll) {
      this.requestHeads(cx, "all");
    } else {
      this.finishHeads(cx, kind, isSubscriptionNew);
    }
    return channels === null ? { kind: "applied" } : { kind: "channels", channels };
  }

  /**
   * @param {Context} cx
   * @param {HeadsKind} kind
   * @param {boolean} isSubscriptionNew
   */
  finishHeads(cx, kind, isSubscriptionNew) {
    if (isSubscriptionNew) {
      this.topics.raiseBarrier(cx);
    } else if (kind === "afterBarrier" && this.ticket !== null) {
      cx.answer(this.ticket, { ok: { kind: "done" } });
      this.ticket = null;
    }
    // Periodic heads continue while a barrier is pending: after a lost barrier, the wait can be long.
    this.headsDue = cx.now + cx.rng.headsIntervalMs();
  }

  /**
   * Applies one head. Returns whether it caused a new subscription.
   *
   * @param {Context} cx
   * @param {HeadsKind} kind
   * @param {Heads["heads"][number]} head
   */
  applyHead(cx, kind, { conversation, n, topic }) {
    // The server may have read the heads before the end of the membership.
    if (!this.follows(conversation) || hasEndedAfter(this, conversation, n)) {
      return false;
    }
    const first = firstEvent(this, conversation, n);
    const hasMoved = topic !== undefined && this.topics.subscribeChannel(cx, conversation, topic);
    const timeline = this.timelines.getOrStart(conversation, first);
    timeline.noteHead(n);
    // An event before the barrier or on an old topic can be missing although the proxy works.
    const isInForce = this.topics.deadline() === null && !hasMoved;
    if (kind === "periodic" && isInForce && timeline.isUnpublished(n)) {
      this.expected ??= { conversation, n, due: cx.now + FANOUT_GRACE_MS };
    } else {
      timeline.notePublished(n);
    }
    this.timelines.lookForGap(conversation, cx.now + GAP_GRACE_MS);
    return hasMoved;
  }

  /**
   * Starts again from the state of a server that has returned to an earlier state, as after a restored
   * backup. New events can have the numbers of lost events.
   *
   * @param {Context} cx
   */
  rollBack(cx) {
    this.timelines.clear(cx);
    this.ended.clear();
    this.cursor = null;
    if (this.followed?.kind === "one") {
      this.followed.after = null;
    }
    cx.emitNews({ kind: "rolledBack" });
    this.reconnect(cx);
  }

  /**
   * Requests heads that are due. Reconnects if the proxy lost a barrier or an event.
   *
   * @param {Context} cx
   */
  tick(cx) {
    let isLost = (this.topics.deadline() ?? Infinity) <= cx.now;
    if (this.expected !== null && this.expected.due <= cx.now) {
      const { conversation, n } = this.expected;
      this.expected = null;
      isLost = this.timelines.followed.get(conversation)?.isUnpublished(n) || isLost;
    }
    if (isLost) {
      this.topics.noteLoss();
      this.reconnect(cx);
    }
    if (this.headsDue !== null && this.headsDue <= cx.now) {
      this.headsDue = null;
      this.requestHeads(cx, "periodic");
    }
    this.timelines.repairGaps(cx);
  }

  /**
   * @param {Context} cx
   * @param {string} topic
   */
  barrierArrived(cx, topic) {
    if (this.topics.takeBarrier(cx, topic)) {
      this.requestHeads(cx, "afterBarrier");
    }
  }

  /**
   * Follows a channel to its new topic.
   *
   * @param {Context} cx
   * @param {string} conversation
   * @param {string} topic
   */
  topicMoved(cx, conversation, topic) {
    if (this.topics.channels.has(conversation) && this.topics.subscribeChannel(cx, conversation, topic)) {
      this.topics.raiseBarrier(cx);
    }
  }

  /**
   * Follows the user's own topic after a move. The topics of private channels may have moved at the same
   * time, so all heads are requested.
   *
   * @param {Context} cx
   * @param {string} topic
   */
  ownTopicMoved(cx, topic) {
    if (this.topics.moveOwn(cx, topic) && this.hasHeads()) {
      this.requestHeads(cx, "all");
    }
  }
}
