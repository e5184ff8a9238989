// The state that the elements of the page show. It takes the news of the client and emits events:
//   conversations, window (detail: change), pending, status, typing, users, names, uploads, announce, ended
// No DOM nodes.

import { Rows } from "./rows.js";
import { mentions } from "../core/mentions.js";

/** @import { UserInfo } from "./names.js" */
/** @import { Entry, Message, News, ProtocolError, Reading, StatusSummary } from "../core/api.js" */

/**
 * @typedef {object} Conversation
 * @property {string} name "#channel", "@user" or "*"
 * @property {number} mark the number of the last event that the user has read
 * @property {number} head
 * @property {number} unread
 * @property {number} mentions
 * @property {"all" | "mentions" | "none"} level
 * @property {string} [subject]
 * @property {"member" | "moderator" | "owner"} [role] absent if the user is no member
 * @property {boolean} [isPrivate]
 * @property {boolean} [isArchived]
 * @property {number} [members]
 *
 * @typedef {object} Pending
 * @property {Message} message
 * @property {number} at
 * @property {"sending" | "waiting" | "refused"} state
 * @property {ProtocolError} [error]
 */

const PAGE = 100;
const WINDOWS_MAX = 20;

/** The current names of renamed channels, by their first names. @type {Map<string, string>} */
export const currentNames = new Map();

export class Model extends EventTarget {
  /** @param {any} client the client of the core @param {string} user */
  constructor(client, user) {
    super();
    this.client = client;
    this.user = user;
    /** @type {Map<string, Conversation>} */
    this.conversations = new Map();
    /** @type {Map<string, Rows>} */
    this.windows = new Map();
    /** @type {Map<string, Pending>} in the order of sending */
    this.pending = new Map();
    /** @type {Map<string, UserInfo>} */
    this.users = new Map();
    /** @type {{channel: string, by: string, at: number}[]} */
    this.invitations = [];
    /** @type {string[]} */
    this.typing = [];
    /** Up to which message the other user has read, as a sentence. */
    this.seen = "";
    /** @type {Set<string>} */
    this.blocked = new Set();
    /** @type {"all" | "mentions" | "none"} */
    this.levelOfAll = "all";
    /** @type {StatusSummary} */
    this.summary = { connectivity: "connecting", waiting: 0, delayed: 0, unread: 0 };
    /** @type {string | null} */
    this.open = null;
    /** @type {import("./cache.js").Cache | null} */
    this.cache = null;
  }

  /** @param {string} type @param {any} [detail] */
  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** @param {string} type @param {(detail: any) => void} listener */
  on(type, listener) {
    this.addEventListener(type, (event) => listener(/** @type {CustomEvent} */ (event).detail));
  }

  /**
   * All items of a list of the protocol.
   * @param {string} method
   * @param {string} field
   * @param {(item: any) => string} name
   * @param {Record<string, unknown>} [params]
   */
  async list(method, field, name, params = {}) {
    const items = [];
    let after;
    for (;;) {
      const page = await this.client.request(method, after === undefined ? params : { ...params, after });
      items.push(...page[field]);
      if (!page.more || !page[field].length) return items;
      after = name(page[field].at(-1));
    }
  }

  /** Loads the conversations, the levels, the invitations and the users. */
  async load() {
    const [reads, channels, levels, invitations] = await Promise.all([
      this.client.command({ kind: "listReads" }),
      this.list("channel.list", "channels", (channel) => channel.channel),
      this.client.request("notify.list", {}),
      this.list("channel.invitations", "invitations", (invitation) => invitation.channel),
    ]);
    for (const reading of reads.readings) this.#setReading(reading);
    for (const channel of channels) if (channel.role) this.#setChannel(channel);
    this.#dropOthers(new Set(channels.filter((channel) => channel.role).map((channel) => channel.channel)));
    this.#setLevels(levels);
    this.invitations = invitations;
    this.emit("conversations");
    await this.loadUsers();
    const blocks = await this.list("user.blocks", "users", (user) => user.user);
    this.blocked = new Set(blocks.map((block) => block.user));
  }

  async loadUsers() {
    const users = await this.list("user.list", "users", (user) => user.user);
    const shown = namesOf(this.users);
    this.users = new Map(users.map((user) => [user.user,
      { state: user.state ?? "offline", seen: user.seen, displayName: user.display_name, isBot: user.bot === true }]));
    this.emit("users");
    if (namesOf(this.users) !== shown) this.emit("names");
  }

  /** @param {string} name @returns {Conversation} */
  conversation(name) {
    let known = this.conversations.get(name);
    if (!known) {
      known = { name, mark: 0, head: 0, unread: 0, mentions: 0, level: "all" };
      this.conversations.set(name, known);
      this.emit("conversations");
    }
    return known;
  }

  /**
   * The rows of a conversation. The rows of those that were opened long ago are dropped.
   * @param {string} name
   */
  rows(name) {
    const known = this.windows.get(name) ?? new Rows(name);
    this.windows.delete(name);
    this.windows.set(name, known);
    for (const old of [...this.windows.keys()].slice(0, -WINDOWS_MAX)) this.windows.delete(old);
    return known;
  }

  /** @param {Reading} reading */
  #setReading(reading) {
    const conversation = this.conversation(reading.conversation);
    const head = Math.max(conversation.head, reading.head);
    Object.assign(conversation, { mark: reading.n, head, unread: reading.unread, mentions: reading.mentions });
  }

  /** @param {any} channel */
  #setChannel(channel) {
    Object.assign(this.conversation(channel.channel), {
      role: channel.role, subject: channel.subject, members: channel.members,
      isPrivate: channel.private === true, isArchived: channel.archived === true,
    });
  }

  /** @param {Set<string>} own */
  #dropOthers(own) {
    for (const name of this.conversations.keys()) if (name.startsWith("#") && !own.has(name)) this.conversations.delete(name);
  }

  /** @param {any} levels */
  #setLevels(levels) {
    this.levelOfAll = levels.level;
    for (const conversation of this.conversations.values()) conversation.level = "all";
    for (const { conversation, level } of levels.conversations) this.conversation(conversation).level = level;
  }

  async loadLevels() {
    this.#setLevels(await this.client.request("notify.list", {}));
    this.emit("conversations");
  }

  async loadChannels() {
    const channels = await this.list("channel.list", "channels", (channel) => channel.channel);
    for (const channel of channels) if (channel.role) this.#setChannel(channel);
    this.emit("conversations");
    return channels;
  }

  async loadInvitations() {
    this.invitations = await this.list("channel.invitations", "invitations", (invitation) => invitation.channel);
    this.emit("conversations");
  }

  get isConnected() { return this.summary.connectivity === "connected"; }

  // The window of the open conversation.

  /**
   * Loads the newest page, or the page around a number.
   * @param {string} name
   * @param {number | null} around
   */
  async loadWindow(name, around) {
    const rows = this.rows(name);
    const isThere = around === null ? rows.hasNewest : rows.isLoaded && around >= rows.first && around <= rows.last;
    if (isThere && !(rows.isStale && this.isConnected)) return rows;
    if (!this.isConnected && !rows.isLoaded) {
      await this.cache?.restoreRows(rows);
      rows.isStale = true;
      return rows;
    }
    Object.assign(rows, { isLoaded: false, isStale: false });
    try {
      const page = await this.client.history({ conversation: name, limit: PAGE, ...(around === null ? {} : { around }) });
      rows.reset(page.entries, page.head);
    } catch (error) {
      // The page loads a stale window again.
      rows.isStale = true;
      throw error;
    }
    this.cache?.noteRows(name);
    return rows;
  }

  /** @param {Rows} rows */
  async loadOlder(rows) {
    if (!rows.isLoaded || rows.isStale || rows.hasOldest) return [];
    const { conversation, first } = rows;
    const page = await this.client.history({ conversation, before: first, limit: PAGE });
    // A jump may have replaced the rows meanwhile.
    return rows.first === first ? rows.prepend(page.entries) : [];
  }

  /** @param {Rows} rows */
  async loadNewer(rows) {
    if (!rows.isLoaded || rows.isStale || rows.hasNewest) return [];
    const { conversation, last } = rows;
    const page = await this.client.history({ conversation, after: last, limit: PAGE });
    return rows.last === last ? rows.append(page.entries, page.head) : [];
  }

  // Messages of the user.

  /** @param {string} to @param {string} text @param {number | null} reply */
  send(to, text, reply) {
    const message = this.client.send({ to, text, reply });
    this.pending.set(message.id, { message, at: Date.now(), state: "sending" });
    this.emit("pending");
    return message;
  }

  /** Sends a refused message again, as a new message. @param {string} id */
  resend(id) {
    const pending = this.pending.get(id);
    if (!pending) return;
    this.pending.delete(id);
    this.send(pending.message.to, pending.message.text, pending.message.reply);
  }

  /** @param {string} id */
  discard(id) {
    this.pending.delete(id);
    this.emit("pending");
  }

  /** @param {News} news */
  take(news) {
    switch (news.kind) {
      case "entry": return this.#takeEntry(news.entry);
      case "read":
        this.#setReading(news.reading);
        return this.emit("conversations");
      case "named":
        currentNames.set(news.channel, news.names.name ?? news.channel);
        return this.emit("conversations");
      case "invited":
        this.loadInvitations().catch(() => {});
        return this.emit("notice", { key: "invites_you", args: { from: news.entry.event?.from ?? "", conversation: news.entry.conversation } });
      case "membershipEnded": return this.#takeEnd(news.entry);
      case "outboxLoaded":
        for (const message of news.messages) this.pending.set(message.id, { message, at: Date.now(), state: "waiting" });
        return this.emit("pending");
      case "delayed":
        this.#setPending(news.message, "waiting");
        return news.message.to === this.open ? this.emit("announce", { key: "waiting" }) : undefined;
      case "sent": return this.#takeSent(news);
      case "presence":
        this.users.set(news.user, { ...this.users.get(news.user), state: news.state });
        return this.emit("users");
      case "typing":
        this.typing = news.users;
        return this.emit("typing");
      case "statusSummary":
        this.summary = news.summary;
        return this.emit("status");
      case "connectionRestored":
        this.load().catch(() => {});
        return this.emit("status");
      case "rolledBack":
        this.windows.clear();
        this.load().catch(() => {});
        return this.emit("rolledBack");
      case "sessionEnded": return this.emit("ended", news.error);
      default: return this.emit("status");
    }
  }

  /** @param {string} text */
  isMentioned(text) {
    return mentions(text).some(({ name }) => name === this.user || name === "here");
  }

  /** @param {Message} message @param {"waiting" | "refused"} state @param {ProtocolError} [error] */
  #setPending(message, state, error) {
    const at = this.pending.get(message.id)?.at ?? Date.now();
    this.pending.set(message.id, { message, at, state, error });
    this.emit("pending");
  }

  /** @param {Extract<News, {kind: "sent"}>} news */
  #takeSent(news) {
    if ("error" in news.outcome) {
      this.#setPending(news.message, "refused", news.outcome.error);
      return this.emit("announce", { alert: true, key: "not_sent", args: { to: news.message.to }, error: news.outcome.error });
    }
    const entry = news.outcome.ok;
    // The event arrives separately if the conversation is followed. The row appears once, and the waiting row
    // disappears in the same step.
    if (!news.entryFollows) this.#takeEntry(entry);
    if (this.pending.delete(news.message.id)) this.emit("pending");
    if (news.message.to === this.open) this.emit("announce", { key: "sent_n", args: { n: entry.n } });
  }

  /** @param {Entry} entry */
  #takeEntry(entry) {
    const event = entry.event;
    const conversation = this.conversation(entry.conversation);
    const isNew = entry.n > conversation.head;
    conversation.head = Math.max(conversation.head, entry.n);
    if (event?.id && event.from === this.user && this.pending.delete(event.id)) this.emit("pending");
    const rows = this.windows.get(entry.conversation);
    const change = rows?.live(entry);
    if (rows?.isTooLong && entry.conversation !== this.open) this.windows.delete(entry.conversation);
    const counts = isNew && event && event.from !== this.user && ["message", "file"].includes(event.kind);
    if (counts) {
      conversation.unread++;
      if (event.text && this.isMentioned(event.text)) conversation.mentions++;
      this.emit("arrived", { entry, conversation });
    }
    if (event) this.#applyToChannel(conversation, event);
    if (entry.conversation === this.open) this.emit("window", { ...change, n: entry.n, quoted: /edited|deleted/.test(event?.kind ?? "") ? event?.of : undefined });
    if (counts || isNew) this.emit("conversations");
  }

  /** @param {Conversation} conversation @param {import("../core/api.js").PapoEvent} event */
  #applyToChannel(conversation, event) {
    if (event.kind === "channel.set") {
      if (event.subject !== undefined) conversation.subject = event.subject;
      if (event.private !== undefined) conversation.isPrivate = event.private;
      if (event.archived !== undefined) conversation.isArchived = event.archived;
    } else if (event.kind === "channel.role" && event.user === this.user) {
      conversation.role = event.role;
    } else if (event.kind === "channel.joined" && event.from === this.user && !conversation.role) {
      conversation.role = "member";
      this.loadChannels().catch(() => {});
    } else if (event.kind === "channel.created") {
      this.loadChannels().catch(() => {});
    } else if (event.kind === "channel.deleted") {
      this.#forget(conversation.name);
    }
    if (event.kind.startsWith("channel.")) this.emit("members", { conversation: conversation.name });
  }

  /** @param {Entry} entry */
  #takeEnd(entry) {
    const event = entry.event;
    const key = event?.kind === "channel.kicked" ? "removed_you"
      : event?.kind === "channel.banned" ? "banned_you"
      : event?.kind === "channel.deleted" ? "channel_deleted_by" : "you_left";
    this.#forget(entry.conversation);
    this.emit("notice", { key, args: { from: event?.from ?? "", conversation: entry.conversation } });
  }

  /** @param {string} name */
  #forget(name) {
    this.conversations.delete(name);
    this.windows.delete(name);
    if (this.open === name) this.emit("left", name);
    this.emit("conversations");
  }

  /** Removes a channel that the user left. @param {string} name */
  forget(name) { this.#forget(name); }
}

/** What the rows show of the users besides their names. @param {Map<string, UserInfo>} users */
function namesOf(users) {
  const shown = [...users].filter(([, { displayName, isBot }]) => displayName || isBot);
  return JSON.stringify(shown.map(([user, { displayName, isBot }]) => [user, displayName, isBot]));
}
