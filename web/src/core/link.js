// The link to the server: records whether the server replies, and switches to another endpoint of the node if
// replies are missing. A round is one attempt at each endpoint. In later rounds the core waits longer.

import { ENDPOINT_SWITCH_MS_MIN, OFFLINE_AFTER_MS } from "./limits.js";

/** @import { Connectivity } from "./api.js" */
/** @import { Context } from "./context.js" */

export class Link {
  endpoint = 0;
  /** The number of switches since the last reply. */
  switches = 0;
  nextSwitchMs = 0;
  hasReplied = false;
  /** The time at which the first missing reply was overdue. @type {number | null} */
  silentSince = null;

  /** @param {number} endpoints */
  constructor(endpoints) {
    this.endpoints = Math.max(endpoints, 1);
  }

  /** Whether no reply is overdue. */
  isUp() {
    return this.silentSince === null;
  }

  /** @param {number} now @returns {Connectivity} */
  connectivity(now) {
    if (this.silentSince === null) {
      return this.hasReplied ? "connected" : "connecting";
    }
    return this.hasReplied && now < this.silentSince + OFFLINE_AFTER_MS ? "reconnecting" : "offline";
  }

  /**
   * Handles a missing reply: emits "connectionLost" once, and repeats all requests at the next endpoint, if a
   * switch is allowed. Returns the number of completed rounds after a switch, else null.
   *
   * @param {Context} cx
   */
  replyMissing(cx) {
    this.lost(cx);
    if (this.endpoints < 2 || cx.now < this.nextSwitchMs) {
      return null;
    }
    this.endpoint = (this.endpoint + 1) % this.endpoints;
    const attempt = Math.floor(this.switches / this.endpoints);
    this.switches += 1;
    cx.emit({ kind: "useEndpoint", index: this.endpoint });
    this.nextSwitchMs = cx.now + ENDPOINT_SWITCH_MS_MIN;
    cx.emit(...cx.requests.resend(cx.now + cx.rng.waitMs(attempt), attempt, () => true));
    return attempt;
  }

  /**
   * Records that the server does not reply.
   *
   * @param {Context} cx
   */
  lost(cx) {
    if (this.silentSince === null) {
      this.silentSince = cx.now;
      cx.emitNews({ kind: "connectionLost" });
    }
  }

  /**
   * Handles any reply. Returns whether replies were missing before this reply.
   *
   * @param {Context} cx
   */
  replyReceived(cx) {
    this.hasReplied = true;
    this.switches = 0;
    const wasSilent = this.silentSince !== null;
    this.silentSince = null;
    if (wasSilent) {
      cx.emitNews({ kind: "connectionRestored" });
    }
    return wasSilent;
  }
}

/**
 * @param {Context} cx
 * @param {number} ticket
 */
export function ping(cx, ticket) {
  cx.requestWithoutToken({ kind: "command", ticket, pending: { kind: "ping" } }, "server.info", {});
}
