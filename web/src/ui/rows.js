// The loaded part of a conversation: a range of numbers without a gap, and the rows that a user sees. No DOM.

/** @import { Entry, PapoEvent } from "../core/api.js" */

/**
 * @typedef {object} Row
 * @property {number} n
 * @property {number} at
 * @property {string} from
 * @property {string} kind
 * @property {PapoEvent | null} event
 * @property {string} text
 * @property {boolean} isDeleted
 * @property {boolean} isHidden a message of a blocked user
 * @property {number | null} edited
 * @property {{emoji: string, users: string[]}[]} reactions
 */

/** The maximum of rows in memory. Beyond it, the rows at the far end are dropped and loaded again later. */
const ROWS_MAX = 20_000;

const AMENDMENTS = ["message.edited", "message.deleted", "message.reacted", "message.unreacted"];

export class Rows {
  /** @param {string} conversation */
  constructor(conversation) {
    this.conversation = conversation;
    /** The numbers of the first and the last loaded event. */
    this.first = 1;
    this.last = 0;
    this.head = 0;
    this.isLoaded = false;
    /** Whether the rows must be loaded when the server answers: they are stored ones, or there are none. */
    this.isStale = false;
    /** @type {Row[]} sorted by number */
    this.list = [];
    /** @type {Map<number, Row>} */
    this.byNumber = new Map();
    /** Events that arrived while a page was loading. @type {Map<number, Entry>} */
    this.held = new Map();
  }

  get hasNewest() { return this.isLoaded && this.last >= this.head; }
  get hasOldest() { return this.isLoaded && this.first <= 1; }

  /** Replaces everything by a page of history. @param {Entry[]} entries @param {number} head */
  reset(entries, head) {
    this.list = [];
    this.byNumber.clear();
    this.isLoaded = true;
    this.isStale = false;
    this.head = Math.max(head, ...this.held.keys());
    this.first = entries[0]?.n ?? 1;
    this.last = entries.at(-1)?.n ?? 0;
    for (const entry of entries) this.#store(entry, false);
    this.#takeHeld();
  }

  /** The newest rows, for the storage. @param {number} most */
  newest(most) {
    const list = this.list.slice(-most);
    return { list, first: list.length < this.list.length ? list[0]?.n ?? 1 : this.first, last: this.last, head: this.head };
  }

  /** Shows rows from the storage until the server answers. @param {ReturnType<Rows["newest"]>} stored */
  restore({ list, first, last, head }) {
    Object.assign(this, { list, first, last, isLoaded: true, isStale: true, head: Math.max(head, this.head) });
    this.byNumber = new Map(list.map((row) => [row.n, row]));
  }

  /** Adds the page before the first event. Returns the new rows. @param {Entry[]} entries */
  prepend(entries) {
    const older = entries.filter((entry) => entry.n < this.first);
    if (!older.length) {
      this.first = 1;
      return [];
    }
    this.first = older[0]?.n ?? this.first;
    const rows = older.map((entry) => rowOf(entry)).filter((row) => row !== null);
    this.list.unshift(...rows);
    for (const row of rows) this.byNumber.set(row.n, row);
    if (this.list.length > ROWS_MAX) this.#dropNewest(this.list.length - ROWS_MAX);
    return rows;
  }

  /**
   * Adds the page after the last event. Returns the new rows.
   * @param {Entry[]} entries
   * @param {number} head
   */
  append(entries, head) {
    this.head = Math.max(this.head, head);
    const before = this.list.length;
    for (const entry of entries) if (entry.n === this.last + 1) this.#advance(entry, false);
    if (!entries.length) this.last = Math.max(this.last, head);
    this.#takeHeld();
    return this.list.slice(before);
  }

  /**
   * Adds a new event. Returns the new row, the changed row, or null if the user sees no change.
   * @param {Entry} entry @returns {{added?: Row, changed?: Row} | null}
   */
  live(entry) {
    this.head = Math.max(this.head, entry.n);
    if (!this.isLoaded || entry.n > this.last + 1) {
      this.held.set(entry.n, entry);
      if (this.held.size > 1000) this.held.delete(Math.min(...this.held.keys()));
      // A reader of old rows sees their changes at once, although the rows in between are not loaded.
      const target = entry.event?.of ? this.byNumber.get(entry.event.of) : undefined;
      if (!this.isLoaded || !target || !entry.event) return null;
      amend(target, entry.event);
      return { changed: target };
    }
    if (entry.n <= this.last) return null;
    const result = this.#advance(entry, true);
    this.#takeHeld();
    return result;
  }

  #takeHeld() {
    for (let next = this.held.get(this.last + 1); next; next = this.held.get(this.last + 1)) this.#advance(next, true);
    for (const n of this.held.keys()) if (n <= this.last) this.held.delete(n);
  }

  /** @param {Entry} entry @param {boolean} amends */
  #advance(entry, amends) {
    this.last = entry.n;
    return this.#store(entry, amends);
  }

  /** @param {Entry} entry @param {boolean} amends whether older rows have not got this change yet */
  #store(entry, amends) {
    const row = rowOf(entry);
    if (row) {
      this.list.push(row);
      this.byNumber.set(row.n, row);
      return { added: row };
    }
    const target = amends && entry.event?.of ? this.byNumber.get(entry.event.of) : undefined;
    if (!target || !entry.event) return null;
    amend(target, entry.event);
    return { changed: target };
  }

  get isTooLong() { return this.list.length > ROWS_MAX; }

  /** Drops the older half of the rows. */
  trim() {
    for (const row of this.list.splice(0, this.list.length >> 1)) this.byNumber.delete(row.n);
    this.first = this.list[0]?.n ?? this.last;
  }

  /** @param {number} count */
  #dropNewest(count) {
    for (const row of this.list.splice(-count)) this.byNumber.delete(row.n);
    this.last = this.list.at(-1)?.n ?? this.first;
  }

  /** The index of the first row with this number or a greater one. @param {number} n */
  indexFrom(n) {
    let [low, high] = [0, this.list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {Row} */ (this.list[middle]).n < n) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * The row of an event; null if the event only changes another row.
 * @param {Entry} entry
 * @returns {Row | null}
 */
export function rowOf(entry) {
  const event = entry.event;
  if (event && (AMENDMENTS.includes(event.kind) || event.kind === "unknown")) return null;
  return {
    n: entry.n,
    at: event?.at ?? 0,
    from: event?.from ?? "",
    kind: event?.kind ?? "unknown",
    event,
    text: event?.text ?? "",
    isDeleted: event?.deleted === true,
    isHidden: entry.isHidden,
    edited: entry.amended?.edited ?? null,
    reactions: (entry.amended?.reactions ?? []).map(({ emoji, users }) => ({ emoji, users: [...users] })),
  };
}

/**
 * Applies an edit, a deletion or a reaction. Applying it twice changes nothing. The row keeps no earlier
 * text, because the browser stores its rows.
 * @param {Row} row
 * @param {PapoEvent} event
 */
function amend(row, event) {
  if (event.kind === "message.deleted") {
    const { n, at, from, kind } = row;
    Object.assign(row, { isDeleted: true, text: "", reactions: [], edited: null, event: { n, at, to: event.to, from, kind, deleted: true } });
  } else if (event.kind === "message.edited" && !row.isDeleted && !event.deleted) {
    const text = event.text ?? "";
    Object.assign(row, { text, edited: event.at, event: row.event && { ...row.event, text } });
  } else if (event.emoji && !row.isDeleted) {
    const known = row.reactions.find((reaction) => reaction.emoji === event.emoji);
    const others = known?.users.filter((user) => user !== event.from) ?? [];
    const users = event.kind === "message.reacted" ? [...others, event.from] : others;
    if (known) known.users = users;
    else row.reactions.push({ emoji: event.emoji, users });
    row.reactions = row.reactions.filter((reaction) => reaction.users.length > 0);
  }
}
