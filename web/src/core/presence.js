// Presence: the user's own heartbeat, and the presence of the other user of the open conversation.

import { outcomeOf, read, take } from "./errors.js";
import { AWAY_AFTER_MS, HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN } from "./limits.js";
import { isChannel } from "./names.js";
import { presenceReply } from "./types.js";

/** @import { Outcome, PresenceMode, State } from "./api.js" */
/** @import { Context } from "./context.js" */
/** @import { Origin } from "./requests.js" */

/** @param {Origin} origin */
const isHeartbeat = (origin) => origin.kind === "presence";

export class Presence {
  /** Null means that the session reports no presence. @type {PresenceMode | null} */
  mode = null;
  /** The state of the last heartbeat. @type {State | null} */
  lastReported = null;
  /** The time of the next heartbeat. Null without a login. @type {number | null} */
  due = null;
  lastKeyMs = 0;
  /** @type {string | null} */
  connection = null;
  /**
   * The open conversation, and the emitted state of its other user.
   *
   * @type {{ conversation: string, state: State | null } | null}
   */
  watched = null;
  /** The pending request that reports the user as offline. @type {number | null} */
  quitRequest = null;

  deadline() {
    if (this.due === null || this.mode !== "atKeyboard" || this.lastReported !== "online") {
      return this.due;
    }
    return Math.min(this.due, this.lastKeyMs + AWAY_AFTER_MS);
  }

  /**
   * The id of this program among all programs that use the session.
   *
   * @param {Context} cx
   */
  connectionId(cx) {
    this.connection ??= cx.rng.uuid();
    return this.connection;
  }

  /** @param {number} now @returns {State | null} */
  state(now) {
    if (this.mode === null) {
      return null;
    }
    const isIdle = this.mode === "atKeyboard" && now >= this.lastKeyMs + AWAY_AFTER_MS;
    return isIdle || this.mode === "away" ? "away" : "online";
  }

  /**
   * @param {Context} cx
   * @param {PresenceMode} mode
   */
  setMode(cx, mode) {
    this.mode = mode;
    this.lastKeyMs = cx.now;
    this.reportNow(cx);
  }

  /** @param {Context} cx */
  keyTyped(cx) {
    this.lastKeyMs = cx.now;
    this.tick(cx);
  }

  /** @param {Context} cx */
  reportNow(cx) {
    if (cx.account !== null && this.mode !== null) {
      this.due = cx.now;
      this.tick(cx);
    }
  }

  end() {
    this.due = null;
    this.lastReported = null;
  }

  /**
   * Sends a heartbeat if it is due, or if the state has changed.
   *
   * @param {Context} cx
   */
  tick(cx) {
    const state = this.state(cx.now);
    if (state === null || this.due === null || (this.due > cx.now && this.lastReported === state)) {
      return;
    }
    this.lastReported = state;
    // A pending heartbeat may report an earlier state.
    cx.requests.forget(isHeartbeat);
    // The reply sets the time of the next heartbeat.
    this.due = cx.now + HEARTBEAT_MS_MAX;
    cx.request({ kind: "presence" }, "presence.set", { state, connection: this.connectionId(cx) });
  }

  /**
   * Handles the reply to a heartbeat. Returns the topic of all users' presence. Heartbeats continue after an
   * error: an updated server may support them.
   *
   * @param {Context} cx
   * @param {Outcome<unknown>} outcome
   */
  reported(cx, outcome) {
    const reply = outcomeOf(() => read(presenceReply, take(outcome)));
    if ("error" in reply) {
      return null;
    }
    const { heartbeat_ms, topic } = reply.ok;
    const full = Math.min(Math.max(heartbeat_ms, HEARTBEAT_MS_MIN), HEARTBEAT_MS_MAX);
    this.due = cx.now + cx.rng.upToAQuarterShorter(full);
    return topic;
  }

  /**
   * Reports that the user is offline. Returns false, and sends nothing, without an earlier heartbeat.
   *
   * @param {Context} cx
   */
  quit(cx) {
    if (cx.account === null || this.lastReported === null) {
      return false;
    }
    this.lastReported = null;
    cx.requests.forget(isHeartbeat);
    const connection = this.connectionId(cx);
    this.quitRequest = cx.sendOnce("presence.set", { state: "offline", connection });
    this.due = null;
    return true;
  }

  /** @param {number} id */
  quitAcknowledged(id) {
    if (this.quitRequest === id) {
      this.quitRequest = null;
    }
  }

  /** Emits the presence of the other user of a conversation from now on. @param {string} conversation */
  watch(conversation) {
    if (this.watched?.conversation !== conversation) {
      this.watched = { conversation, state: null };
    }
  }

  /**
   * @param {Context} cx
   * @param {{ user: string, state: State }[]} changes
   */
  changed(cx, changes) {
    const { watched } = this;
    if (watched === null || isChannel(watched.conversation)) {
      return;
    }
    for (const { user, state } of changes) {
      if (watched.conversation === `@${user}` && user !== cx.user && watched.state !== state) {
        watched.state = state;
        cx.emitNews({ kind: "presence", user, state });
      }
    }
  }
}
