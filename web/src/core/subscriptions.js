// The subscriptions of a connection to the gateway. The gateway replies to `gateway.subscribe` when all
// subscriptions are in force. This reply replaces the barriers of the core.

/** @import { Effect } from "./api.js" */

const BARRIER = "sync.";

export class Subscriptions {
  /** The topics that the core wants. @type {Set<string>} */
  wanted = new Set();
  /** The topics of the connection. @type {Set<string>} */
  known = new Set();
  /** The barrier that waits for a reply. @type {string | null} */
  barrier = null;
  /** The barrier of each pending request. @type {Map<string, string | null>} */
  pending = new Map();
  requests = 0;

  /** Starts with a new connection, which has no subscriptions. */
  reset() {
    this.wanted.clear();
    this.known.clear();
    this.pending.clear();
    this.barrier = null;
  }

  /** @param {Effect} effect "connect", "subscribe" or "unsubscribe" */
  note(effect) {
    if (effect.kind === "connect") {
      this.wanted.clear();
      this.barrier = null;
    } else if (effect.kind === "subscribe" && effect.topic.startsWith(BARRIER)) {
      this.barrier = effect.topic;
    } else if (effect.kind === "subscribe" && effect.topic !== "") {
      this.wanted.add(effect.topic);
    } else if (effect.kind === "unsubscribe") {
      this.wanted.delete(effect.topic);
    }
  }

  /** The request lines for the changes since the last call. */
  takeLines() {
    const lines = [];
    const fresh = [...this.wanted].filter((topic) => !this.known.has(topic));
    const obsolete = [...this.known].filter((topic) => !this.wanted.has(topic));
    if (fresh.length > 0 || this.barrier !== null) {
      lines.push(this.request("subscribe", fresh, this.barrier));
      this.barrier = null;
    }
    if (obsolete.length > 0) {
      lines.push(this.request("unsubscribe", obsolete, null));
    }
    this.known = new Set(this.wanted);
    return lines;
  }

  /**
   * @param {string} method
   * @param {string[]} topics
   * @param {string | null} barrier
   */
  request(method, topics, barrier) {
    this.requests += 1;
    const id = `g${this.requests}`;
    this.pending.set(id, barrier);
    return JSON.stringify({ jsonrpc: "2.0", id, method: `gateway.${method}`, params: { topics } }) + "\n";
  }

  /**
   * The barrier that this reply confirms; null if there is none. After an error no barrier arrives, and the
   * core repeats its steps.
   *
   * @param {{ id?: unknown, error?: unknown }} reply
   */
  take(reply) {
    const id = String(reply.id);
    const barrier = this.pending.get(id) ?? null;
    this.pending.delete(id);
    return reply.error === undefined ? barrier : null;
  }
}
