// The state that all components share.

import { ChannelNames } from "./channel_names.js";
import { readAmended } from "./entry.js";
import { errorOf, read } from "./errors.js";
import { WITHOUT_TOKEN, sortMembers } from "./plain_request.js";
import { Requests, isOfSync, requestLine } from "./requests.js";
import { Rng } from "./rng.js";
import { page } from "./types.js";

/** @import { Account, Answer, Effect, LaterNames, News, Outcome, ProtocolError } from "./api.js" */
/** @import { Frame, Origin, Pending } from "./requests.js" */

/** @type {Frame} */
const SHARED = { kind: "shared" };

export class Context {
  now = 0;
  /** @type {Account | null} */
  account = null;
  /** The later names of channels. */
  names = new ChannelNames();
  requests = new Requests();
  /** @type {Effect[]} */
  effects = [];

  /** @param {bigint | number} seed */
  constructor(seed) {
    this.rng = new Rng(seed);
  }

  /** The name of the user, if one is logged in. */
  get user() {
    return this.account?.user ?? null;
  }

  /**
   * Replaces the later names of the channel `first`, and reports the change.
   *
   * @param {string} first
   * @param {LaterNames} names
   */
  setNames(first, names) {
    if (this.names.set(first, names)) {
      this.#emitNames(first);
    }
  }

  /**
   * Applies a renaming that was just published, and reports the change.
   *
   * @param {string} first
   * @param {string} name
   */
  rename(first, name) {
    if (this.names.rename(first, name)) {
      this.#emitNames(first);
    }
  }

  /** @param {string} channel */
  #emitNames(channel) {
    this.emitNews({ kind: "named", channel, names: this.names.later(channel) });
  }

  /**
   * Sets the user's own topic. Returns whether it has moved.
   *
   * @param {string} topic
   */
  setOwnTopic(topic) {
    if (this.account === null || this.account.topic === topic) {
      return false;
    }
    this.account.topic = topic;
    return true;
  }

  /** @param {...Effect} effects */
  emit(...effects) {
    this.effects.push(...effects);
  }

  /** @param {News} news */
  emitNews(news) {
    this.effects.push({ kind: "news", news });
  }

  /**
   * @param {number} ticket
   * @param {Outcome<Answer>} outcome
   */
  answer(ticket, outcome) {
    this.effects.push({ kind: "answer", ticket, outcome });
  }

  takeEffects() {
    const effects = this.effects;
    this.effects = [];
    return effects;
  }

  /**
   * Sends a request with the account's token, and repeats it until it has a reply.
   *
   * @param {Origin} origin
   * @param {string} method
   * @param {object} params
   * @param {Frame} [frame]
   */
  request(origin, method, params, frame = SHARED) {
    if (this.hasAccount(origin)) {
      this.open(frame, origin, method, { ...this.token(), ...params });
    }
  }

  /**
   * Like `request`, for a command.
   *
   * @param {number} ticket
   * @param {Pending} pending
   * @param {string} method
   * @param {object} params
   */
  requestFor(ticket, pending, method, params) {
    this.request({ kind: "command", ticket, pending }, method, params);
  }

  /**
   * Like `request`, for a method that needs no account.
   *
   * @param {Origin} origin
   * @param {string} method
   * @param {object} params
   */
  requestWithoutToken(origin, method, params) {
    this.open(SHARED, origin, method, params);
  }

  /**
   * Sends a plain request for a command.
   *
   * @param {number} ticket
   * @param {Pending} pending
   * @param {{ method: string, params: object }} request
   */
  transmit(ticket, pending, { method, params }) {
    /** @type {Origin} */
    const origin = { kind: "command", ticket, pending };
    const needsToken = !WITHOUT_TOKEN.has(method);
    if (!needsToken || this.hasAccount(origin)) {
      const all = needsToken ? { ...params, ...this.token() } : params;
      this.open(SHARED, origin, method, /** @type {object} */ (sortMembers(all)));
    }
  }

  /** The token of the account, unless it is in a cookie. */
  token() {
    const token = this.account?.token ?? null;
    return token === null ? {} : { token };
  }

  /**
   * Whether a user is logged in. Otherwise a command fails.
   *
   * @param {Origin} origin
   */
  hasAccount(origin) {
    if (this.account === null && origin.kind === "command") {
      this.answer(origin.ticket, { error: errorOf("not_logged_in") });
    }
    return this.account !== null;
  }

  /**
   * @param {Frame} frame
   * @param {Origin} origin
   * @param {string} method
   * @param {object} params
   */
  open(frame, origin, method, params) {
    this.emit(this.requests.open(this.now, this.rng, origin, frame, method, params));
  }

  /** Repeats the requests that are due. Returns whether one of them had no reply. */
  repeatRequests() {
    const { resent, isReplyMissing } = this.requests.takeDue(this.now, this.rng);
    this.emit(...resent);
    return isReplyMissing;
  }

  /** Repeats the pending requests at once, except the requests of sync. */
  resendRequests() {
    this.emit(...this.requests.resend(this.now + this.rng.waitMs(0), 0, (origin) => !isOfSync(origin)));
  }

  /**
   * @param {number} id
   * @param {ProtocolError | null} error
   */
  completeRequest(id, error) {
    return this.requests.complete(this.now, this.rng, id, error);
  }

  /**
   * Sends a request without retries. Returns its id.
   *
   * @param {string} method
   * @param {object} params
   */
  sendOnce(method, params) {
    const id = this.requests.freshId();
    this.emit({ kind: "send", id, line: requestLine(id, method, { ...this.token(), ...params }) });
    return id;
  }

  /**
   * Decodes a page of history.
   *
   * @param {unknown} result
   */
  entries(result) {
    const { head, events } = read(page, result);
    const user = this.user ?? "";
    return { head, entries: events.map((event) => readAmended(user, event)).filter((entry) => entry !== null) };
  }
}
