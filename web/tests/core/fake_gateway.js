// A gateway and a node in memory: one channel `#ops` that alice is a member of.

/** @import { Link, LinkEvents } from "../../src/core/web_socket.js" */

const TOPIC = "channel.ops.9d8c7b6a5f4e3d2c1b0a998877665544";
const OWN = "user.alice.00000000000000000000000000000000";
const INFO = { name: "papo", version: "0", protocol: { min: 1, max: 1 }, events: "tcp://*:1", limits: {} };

/** @implements {Link} */
export class FakeGateway {
  /** @type {LinkEvents | null} */
  events = null;
  isUp = false;
  /** Whether requests are lost. */
  losesRequests = false;
  /** The stored events of #ops. @type {any[]} */
  log = [];
  /** @type {Set<string>} */
  topics = new Set();
  /** The methods of all received requests. @type {string[]} */
  methods = [];

  /** @param {LinkEvents} events */
  start(events) {
    this.events = events;
  }

  up() {
    this.isUp = true;
    this.topics.clear();
    this.events?.onOpen();
    this.push({ kind: "hello", protocol: INFO.protocol, gateway: "0", user: "alice", now: 1 });
  }

  down() {
    this.isUp = false;
    this.events?.onDown();
  }

  isOpen() {
    return this.isUp;
  }

  reconnect() {}
  stop() {}

  /** @param {any} line */
  push(line) {
    this.events?.onLines(`${JSON.stringify(line)}\n`);
  }

  /**
   * Stores a message, and publishes it to a subscriber.
   *
   * @param {string} from
   * @param {string} id
   * @param {string} text
   */
  store(from, id, text) {
    const known = this.log.find((event) => event.id === id);
    if (known !== undefined) {
      return known;
    }
    const event = { n: this.log.length + 1, at: 1, to: "#ops", from, kind: "message", id, text };
    this.log.push(event);
    if (this.isUp && this.topics.has(TOPIC)) {
      queueMicrotask(() => this.push(event));
    }
    return event;
  }

  /** @param {string} lines */
  send(lines) {
    for (const line of lines.split("\n").filter((line) => line !== "")) {
      const { id, method, params } = JSON.parse(line);
      this.methods.push(method);
      if (!this.losesRequests) {
        const result = this.answer(method, params);
        queueMicrotask(() => this.isUp && this.push({ jsonrpc: "2.0", id, result }));
      }
    }
  }

  /** @param {string} method @param {any} params @returns {any} */
  answer(method, params) {
    switch (method) {
      case "server.info":
        return INFO;
      case "gateway.subscribe":
        params.topics.forEach((/** @type {string} */ topic) => this.topics.add(topic));
        return {};
      case "gateway.unsubscribe":
        params.topics.forEach((/** @type {string} */ topic) => this.topics.delete(topic));
        return {};
      case "sync.heads":
        return { cursor: this.log.length, topic: OWN, heads: [{ conversation: "#ops", n: this.log.length, topic: TOPIC }] };
      case "message.history": {
        const events = this.log.filter((event) => event.n > (params.after ?? 0)).slice(0, params.limit);
        return { conversation: "#ops", head: this.log.length, events };
      }
      case "message.send": {
        const { n, at } = this.store("alice", params.id, params.text);
        return { n, at };
      }
      case "presence.set":
        return { topic: "presence.all.00000000000000000000000000000000", heartbeat_ms: 15000 };
      case "read.list":
        return { conversations: [], more: false };
      case "user.blocks":
        return { users: [], more: false };
      case "notify.list":
        return { level: "all", conversations: [] };
      default:
        return {};
    }
  }
}
