// A client of a node: drives a `Session` with a link to the gateway, a storage and the other tabs. It runs in
// a browser and in Node:
//
//     const [link, storage, tabs] = [webSocketLink(url), memoryStorage(), soloTabs()];
//     const client = new Client({ link, storage, tabs, onNews });
//     client.start();
//     await client.command({ kind: "login", user: "robot", password });
//     await client.command({ kind: "follow", follow: { kind: "everything" } });
//     client.send({ to: "#ops", text: "hello" });

import { parse } from "./decode.js";
import { Drafts } from "./drafts.js";
import { step } from "./driver.js";
import { PapoError } from "./errors.js";
import { framesOf, sortLines } from "./frames.js";
import { NO_TICKET, Session } from "./session.js";
import { StoredOutbox } from "./stored_outbox.js";
import { Subscriptions } from "./subscriptions.js";
import { uuid7 } from "./uuid.js";

export { PapoError } from "./errors.js";
export { memoryStorage, openStorage } from "./storage.js";
export { browserTabs, soloTabs } from "./tabs.js";
export { webSocketLink } from "./web_socket.js";

/** @import { Answer, Command, Effect, Entry, Message, News } from "./api.js" */
/** @import { LineKind } from "./frames.js" */
/** @import { Storage } from "./storage.js" */
/** @import { Tabs } from "./tabs.js" */
/** @import { Link } from "./web_socket.js" */

/** Milliseconds between two searches for messages of closed tabs, and the minimum age of such a message. */
const ORPHANS_MS = 10_000;

/**
 * The first line of a connection. `user` is absent if the connection has no session.
 *
 * @typedef {{ kind: "hello", user?: string, page?: string, now: number }} Hello
 */

/**
 * @typedef {object} ClientOptions
 * @property {Link} link
 * @property {Storage} storage
 * @property {Tabs} tabs
 * @property {(news: News) => void} onNews
 * @property {(hello: Hello) => void} [onHello]
 * @property {(conversation: string, text: string) => void} [onDraft] another tab changed a draft
 * @property {(code: number) => void} [onEnd] the gateway ended the connection, see its close codes
 * @property {() => number} [now] milliseconds that never decrease
 * @property {bigint | number} [seed]
 */

/** Milliseconds that never decrease. */
function monotonicNow() {
  return Math.floor(performance.now());
}

function randomSeed() {
  return crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
}

export class Client {
  subscriptions = new Subscriptions();
  /** The lines of the next frame, by request id. @type {Map<number, string>} */
  lines = new Map();
  /**
   * The pending commands, by ticket.
   *
   * @type {Map<number, { resolve: (answer: any) => void, reject: (error: PapoError) => void }>}
   */
  pending = new Map();
  lastTicket = NO_TICKET;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer = undefined;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  orphans = undefined;
  isStepping = false;
  hasStopped = false;

  /** @param {ClientOptions} options */
  constructor(options) {
    this.options = options;
    this.now = options.now ?? monotonicNow;
    this.session = new Session(options.seed ?? randomSeed());
    this.drafts = new Drafts(options);
    this.outbox = new StoredOutbox(options.storage);
    /** @type {import("./driver.js").Io} */
    this.io = {
      now: this.now,
      loadOutbox: () => {
        this.loadOutbox(0);
        return undefined;
      },
      persist: (messages) => {
        this.persist(messages);
        return undefined;
      },
      forget: (ids) => this.outbox.forget(ids),
      carryOut: (effect) => this.carryOut(effect),
    };
  }

  start() {
    const { link, tabs } = this.options;
    link.start({
      onOpen: () => {},
      onLines: (lines) => this.received(lines),
      onDown: () => this.input((session, now) => session.linkDown(now)),
      onEnd: (code) => this.ended(code),
    });
    tabs.listen((message) => this.drafts.received(message));
    tabs.lockOutbox(() => {
      this.outbox.isHeld = true;
      this.loadOutbox(0);
    });
    this.orphans = setInterval(() => this.loadOutbox(ORPHANS_MS), ORPHANS_MS);
  }

  /** Reports that the user is offline, and closes the connection. Unsent messages stay in the storage. */
  stop() {
    this.session.quit();
    this.step();
    this.hasStopped = true;
    clearTimeout(this.timer);
    clearInterval(this.orphans);
    this.options.link.stop();
    this.options.tabs.close();
  }

  /** Closes the connection and opens a new one, for example after a login. */
  reconnect() {
    this.options.link.reconnect();
  }

  /**
   * Carries out a command. Throws a `PapoError` if it fails.
   *
   * @param {Command} command
   * @returns {Promise<Answer>}
   */
  command(command) {
    this.lastTicket += 1;
    const ticket = this.lastTicket;
    const answer = new Promise((resolve, reject) => this.pending.set(ticket, { resolve, reject }));
    this.input((session, now) => session.command(now, ticket, command));
    return answer;
  }

  /**
   * Sends any request. Returns its result.
   *
   * @param {string} method
   * @param {Record<string, unknown>} params without a token
   * @returns {Promise<any>}
   */
  async request(method, params) {
    const answer = await this.command({ kind: "request", method, params });
    return answer.kind === "result" ? answer.result : undefined;
  }

  /**
   * Continues the session whose token is in a cookie. Works without a connection. Afterwards, messages can be
   * sent.
   *
   * @param {string} user
   */
  async begin(user) {
    if (this.session.cx.user !== user) {
      const account = { user, token: null, topic: "", expires: 0 };
      await this.command({ kind: "restore", account });
    }
  }

  /**
   * Continues the session whose token is in a cookie, and follows all conversations.
   *
   * @param {string} user
   */
  async login(user) {
    const begun = this.begin(user);
    /** @type {Command[]} */
    const commands = [
      { kind: "setPresence", mode: "atKeyboard" },
      { kind: "follow", follow: { kind: "everything" } },
      { kind: "listReads" },
      { kind: "listLevels" },
      { kind: "listBlocks" },
    ];
    await Promise.all([begun, ...commands.map((command) => this.command(command))]);
  }

  /**
   * Sends a message. News of the kind "sent" reports the outcome.
   *
   * @param {{ to: string, text: string, reply?: number | null }} message
   * @returns {Message}
   */
  send({ to, text, reply }) {
    const message = { to, id: uuid7(), text, reply: reply ?? null };
    this.input((session, now) => session.command(now, NO_TICKET, { kind: "send", message }));
    return message;
  }

  /** @param {string | null} to the recipient of the message that the user is typing */
  keyTyped(to) {
    this.input((session, now) => session.command(now, NO_TICKET, { kind: "keyTyped", to }));
  }

  /** The current status. */
  status() {
    return this.session.status(this.now());
  }

  /**
   * Reads a page of history, which changes no state.
   *
   * @param {{ conversation: string, before?: number, after?: number, around?: number, limit?: number,
   *   edits?: boolean }} params
   * @returns {Promise<{ head: number, entries: Entry[] }>}
   */
  async history(params) {
    const { head, entries } = this.session.cx.entries(await this.request("message.history", params));
    return { head, entries: entries.map((entry) => this.session.conversations.blocks.mark(entry)) };
  }

  /**
   * Passes an input to the session, and carries out its effects.
   *
   * @param {(session: Session, now: number) => void} input
   */
  input(input) {
    input(this.session, this.now());
    this.step();
  }

  step() {
    if (this.isStepping || this.hasStopped) {
      return;
    }
    // News can cause commands. Their effects are also carried out here.
    this.isStepping = true;
    try {
      step(this.session, this.io);
      this.session.tick(this.now());
      for (let rounds = 0; rounds < 100 && this.session.cx.effects.length > 0; rounds++) {
        step(this.session, this.io);
      }
    } finally {
      this.isStepping = false;
    }
    this.flush();
    clearTimeout(this.timer);
    const deadline = this.session.deadline();
    if (deadline !== null) {
      const tick = () => this.input((session, now) => session.tick(now));
      this.timer = setTimeout(tick, Math.max(deadline - this.now(), 0));
    }
  }

  /** @param {Effect} effect */
  carryOut(effect) {
    switch (effect.kind) {
      case "send":
      case "sendAlone":
        this.lines.set(effect.id, effect.line);
        break;
      case "answer": {
        const { ticket, outcome } = effect;
        const pending = this.pending.get(ticket);
        this.pending.delete(ticket);
        if ("ok" in outcome) {
          pending?.resolve(outcome.ok);
        } else {
          pending?.reject(new PapoError(outcome.error));
        }
        break;
      }
      case "news":
        this.options.onNews(effect.news);
        break;
      default:
        this.subscriptions.note(effect);
    }
  }

  /** Sends the queued lines, ordered by id. Drops them if the link is down, because the core repeats them. */
  flush() {
    if (!this.options.link.isOpen()) {
      this.lines.clear();
      return;
    }
    const lines = [...this.lines].sort(([one], [other]) => one - other).map(([, line]) => line);
    this.lines.clear();
    framesOf([...this.subscriptions.takeLines(), ...lines]).forEach((frame) => this.options.link.send(frame));
  }

  /** @param {string} frame of lines from the gateway */
  received(frame) {
    const now = this.now();
    sortLines(frame, (kind, lines) => this.pass(now, kind, lines));
    this.step();
  }

  /**
   * @param {number} now
   * @param {LineKind} kind
   * @param {string} lines
   */
  pass(now, kind, lines) {
    switch (kind) {
      case "replies":
        return this.session.replies(now, lines);
      case "events":
        return this.session.events(now, "", lines);
      case "subscribed":
        return this.subscribed(now, lines);
      case "lagged":
        return this.session.eventsLost(now);
      case "hello":
        return this.greeted(now, lines);
    }
  }

  /**
   * @param {number} now
   * @param {string} line
   */
  greeted(now, line) {
    const hello = /** @type {Hello} */ (parse(line));
    this.subscriptions.reset();
    this.session.linkUp(now);
    this.options.onHello?.(hello);
  }

  /**
   * @param {number} now
   * @param {string} line
   */
  subscribed(now, line) {
    const barrier = this.subscriptions.take(/** @type {object} */ (parse(line) ?? {}));
    if (barrier !== null) {
      this.session.events(now, barrier, "");
    }
  }

  /** @param {number} code */
  ended(code) {
    if (code === 4401 && this.session.cx.account !== null) {
      const reason = { reason: "unauthenticated", detail: "no_session" };
      const error = { code: 4010, message: "your session has ended: log in again", data: reason };
      this.input((session, now) => session.replies(now, JSON.stringify({ jsonrpc: "2.0", id: "0", error })));
    }
    this.options.onEnd?.(code);
  }

  /** @param {Message[]} messages */
  async persist(messages) {
    const error = await this.outbox.persist(this.session.cx.user ?? "", messages);
    const ids = messages.map((message) => message.id);
    this.input((session, now) => session.persisted(now, ids, error));
  }

  /**
   * Loads the messages of earlier runs and of closed tabs, if this tab holds the lock of the outbox.
   *
   * @param {number} age of the messages, at least, in milliseconds
   */
  async loadOutbox(age) {
    const { user } = this.session.cx;
    const messages = user === null ? [] : await this.outbox.load(user, age);
    if (messages.length > 0 && this.session.cx.user === user) {
      this.input((session, now) => session.outboxLoaded(now, messages));
    }
  }
}
