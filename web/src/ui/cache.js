// The last messages of the last conversations, in the storage of the browser: the page shows them before the
// server answers. Nothing depends on them.

/** @import { Storage } from "../core/storage.js" */
/** @import { Model } from "./model.js" */
/** @import { Rows } from "./rows.js" */

const ROWS_MAX = 500;
const CONVERSATIONS_MAX = 50;
/** Changes are stored this time after the first one. */
const STORE_MS = 2000;

export class Cache {
  /** @type {Set<string>} the conversations that have changed */
  #changed = new Set();
  #isListChanged = false;
  #timer = 0;
  /** @type {Map<string, string>} the ranges of the rows that this tab has stored, by conversation */
  #ranges = new Map();
  #isStopped = false;
  /** @type {Promise<unknown>} */
  #writing = Promise.resolve();

  /** @param {Storage} storage @param {Model} model */
  constructor(storage, model) {
    this.storage = storage;
    this.model = model;
    model.cache = this;
    model.on("window", () => { if (model.open) this.noteRows(model.open); });
    model.on("conversations", () => { this.#isListChanged = true; this.#later(); });
    window.addEventListener("pagehide", () => this.#store());
  }

  /** Shows the stored conversations. Returns whether there are any. */
  async restoreConversations() {
    const stored = await this.storage.get("settings", "conversations").catch(() => undefined);
    for (const conversation of stored ?? []) this.model.conversations.set(conversation.name, conversation);
    this.model.emit("conversations");
    return this.model.conversations.size > 0;
  }

  /** Fills an empty window. Returns whether rows of it were stored. @param {Rows} rows */
  async restoreRows(rows) {
    const stored = await this.storage.get("events", rows.conversation).catch(() => undefined);
    if (!stored || rows.isLoaded) return false;
    rows.restore(stored);
    return true;
  }

  /** @param {string} conversation whose rows have changed */
  noteRows(conversation) {
    this.#changed.add(conversation);
    this.#later();
  }

  #later() {
    this.#timer ||= window.setTimeout(() => this.#store(), STORE_MS);
  }

  /** Ends the writing. The promise is fulfilled when the running write is stored. */
  stop() {
    this.#isStopped = true;
    window.clearTimeout(this.#timer);
    return this.#writing;
  }

  #store() {
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#isStopped) this.#writing = Promise.all([this.#writing, this.#write()]);
  }

  async #write() {
    const { model, storage } = this;
    const names = [...this.#changed];
    this.#changed.clear();
    try {
      const isListChanged = this.#isListChanged;
      this.#isListChanged = false;
      if (isListChanged) await storage.put("settings", "conversations", [...model.conversations.values()]);
      for (const name of names) {
        const rows = model.windows.get(name);
        if (!rows?.hasNewest || rows.isStale) continue;
        const newest = rows.newest(ROWS_MAX);
        // Each change of a row is an event with its own number.
        const range = `${newest.first} ${newest.last}`;
        if (this.#ranges.get(name) === range) continue;
        await storage.put("events", name, { ...newest, at: Date.now() });
        this.#ranges.set(name, range);
      }
      await this.#dropOld();
    } catch {
      // A full or closed storage: the server has everything.
    }
  }

  async #dropOld() {
    const { model, storage } = this;
    const names = await storage.keys("events");
    const dropped = names.filter((name) => name.startsWith("#") && !model.conversations.has(name));
    // Only a new conversation exceeds the maximum, so the rows are rarely read.
    if (names.length - dropped.length > CONVERSATIONS_MAX) {
      const all = await storage.all("events");
      dropped.push(...all.sort(([, one], [, other]) => other.at - one.at).slice(CONVERSATIONS_MAX).map(([name]) => name));
    }
    for (const name of dropped) this.#ranges.delete(name);
    if (dropped.length) await storage.delete("events", dropped);
  }
}
