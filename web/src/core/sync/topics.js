// Topics: the subscriptions, and the move from one topic to another without a lost event.
//
// When a user loses the right to read a channel, the server moves its topic. The core subscribes to the new
// topic and then to a barrier, and keeps the old subscription. When the barrier arrives, the core
// unsubscribes from the old topic, and requests heads. The heads show events that were published on the new
// topic before the subscription was in force.

import { OLD_TOPICS_MAX } from "../limits.js";
import { sorted } from "../order.js";

/** @import { Context } from "../context.js" */

/**
 * @param {Context} cx
 * @param {"subscribe" | "unsubscribe"} kind
 * @param {(string | null | undefined)[]} topics
 */
function emit(cx, kind, topics) {
  for (const topic of topics) {
    if (topic !== null && topic !== undefined) {
      cx.emit({ kind, topic });
    }
  }
}

export class Topics {
  /** The user's own topic. @type {string | null} */
  own = null;
  /** @type {Map<string, string>} */
  channels = new Map();
  /** The topic of all users' presence. Lost changes of presence are not repaired. @type {string | null} */
  presence = null;
  /** Old topics, until the barrier arrives. @type {string[]} */
  old = [];
  /** @type {{ topic: string, due: number } | null} */
  barrier = null;
  /** The number of barriers or events that the proxy lost since the last barrier arrived. */
  attempt = 0;

  /** The time at which the barrier counts as lost. Null if no barrier is pending. */
  deadline() {
    return this.barrier?.due ?? null;
  }

  ofChannels() {
    return sorted(this.channels).map(([, topic]) => topic);
  }

  /**
   * Subscribes to all topics, on a new socket.
   *
   * @param {Context} cx
   */
  subscribeAll(cx) {
    this.own = cx.account?.topic ?? null;
    this.old = [];
    emit(cx, "subscribe", [...this.ofChannels(), this.own, this.presence]);
  }

  /** @param {Context} cx */
  unsubscribeAll(cx) {
    const topics = [...this.ofChannels(), this.own, this.presence, ...this.old, this.barrier?.topic];
    emit(cx, "unsubscribe", topics);
  }

  /**
   * Subscribes to a channel's topic. Returns false if the topic has not changed.
   *
   * @param {Context} cx
   * @param {string} conversation
   * @param {string} topic
   */
  subscribeChannel(cx, conversation, topic) {
    const old = this.channels.get(conversation);
    if (old === topic) {
      return false;
    }
    this.channels.set(conversation, topic);
    this.replace(cx, topic, old);
    return true;
  }

  /**
   * @param {Context} cx
   * @param {string} conversation
   */
  unsubscribeChannel(cx, conversation) {
    emit(cx, "unsubscribe", [this.channels.get(conversation)]);
    this.channels.delete(conversation);
  }

  /**
   * Subscribes to the topic of all users' presence, if it has moved.
   *
   * @param {Context} cx
   * @param {string} topic
   */
  subscribePresence(cx, topic) {
    const before = this.presence;
    this.presence = topic;
    if (before !== topic) {
      emit(cx, "subscribe", [topic]);
      emit(cx, "unsubscribe", [before]);
    }
  }

  /**
   * Subscribes to the user's own topic. Returns false if the topic has not changed.
   *
   * @param {Context} cx
   * @param {string} topic
   */
  moveOwn(cx, topic) {
    const hasMoved = cx.setOwnTopic(topic);
    if (hasMoved && this.own !== null) {
      const old = this.own;
      this.own = topic;
      this.replace(cx, topic, old);
    }
    return hasMoved;
  }

  /**
   * Subscribes to a new topic. Keeps the subscription to the old topic until the barrier arrives.
   *
   * @param {Context} cx
   * @param {string} topic
   * @param {string | undefined} old
   */
  replace(cx, topic, old) {
    const position = this.old.indexOf(topic);
    if (position >= 0) {
      // A late reply can contain an earlier topic, whose subscription still exists.
      this.old.splice(position, 1);
    } else {
      emit(cx, "subscribe", [topic]);
    }
    if (old !== undefined) {
      this.old.push(old);
    }
    if (this.old.length > OLD_TOPICS_MAX) {
      emit(cx, "unsubscribe", [this.old.shift()]);
    }
  }

  /**
   * Subscribes to a new barrier, which arrives when all earlier subscriptions are in force.
   *
   * @param {Context} cx
   */
  raiseBarrier(cx) {
    const topic = cx.rng.barrierTopic();
    const due = cx.now + cx.rng.waitMs(this.attempt);
    emit(cx, "subscribe", [topic]);
    emit(cx, "unsubscribe", [this.barrier?.topic]);
    this.barrier = { topic, due };
  }

  /**
   * Unsubscribes from the barrier and the old topics, if `topic` is the barrier. Returns whether it is.
   *
   * @param {Context} cx
   * @param {string} topic
   */
  takeBarrier(cx, topic) {
    if (this.barrier?.topic !== topic) {
      return false;
    }
    emit(cx, "unsubscribe", [topic, ...this.old]);
    this.barrier = null;
    this.old = [];
    this.attempt = 0;
    return true;
  }

  forgetBarrier() {
    this.barrier = null;
  }

  /** Extends the timeout of the next barrier, because the proxy lost a barrier or an event. */
  noteLoss() {
    this.attempt += 1;
  }
}
