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

  async #store() {
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    const { model, storage } = this;
    const names = [...this.#changed];
    this.#changed.clear();
    try {
      if (this.#isListChanged) await storage.put("settings", "conversations", [...model.conversations.values()]);
      this.#isListChanged = false;
      for (const name of names) {
        const rows = model.windows.get(name);
        if (rows?.hasNewest && !rows.isStale) await storage.put("events", name, { ...rows.newest(ROWS_MAX), at: Date.now() });
      }
      if (names.length) await this.#dropOld();
    } catch {
      // A full or closed storage: the server has everything.
    }
  }

  async #dropOld() {
    const { model, storage } = this;
    const all = await storage.all("events");
    const isGone = (/** @type {string} */ name) => name.startsWith("#") && !model.conversations.has(name);
    const gone = all.filter(([name]) => isGone(name)).map(([name]) => name);
    const old = all.sort(([, one], [, other]) => other.at - one.at).slice(CONVERSATIONS_MAX).map(([name]) => name);
    if (gone.length + old.length) await storage.delete("events", [...gone, ...old]);
  }
}
