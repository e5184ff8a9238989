// The timeline of one conversation: its next event, early events, and gaps.

import { EARLY_EVENTS_MAX } from "../limits.js";

/** @import { Entry } from "../api.js" */

/** Orders the events of one conversation. All events from its start up to `next`, exclusive, were emitted. */
export class Timeline {
  /** The highest number that the core knows of. */
  head = 0;
  /** The highest number that the proxy is known to have published. */
  published = 0;
  /** Events that arrived before an earlier event. @type {Map<number, Entry>} */
  early = new Map();
  /** Whether an event was emitted since the timeline started. */
  hasEmitted = false;

  /** @param {number} next the number of the next event to emit */
  constructor(next) {
    this.next = next;
  }

  /** Inserts an event. Events can arrive in any order, and several times. @param {Entry} entry */
  insert(entry) {
    this.noteHead(entry.n);
    if (entry.n < this.next || this.early.has(entry.n)) {
      return;
    }
    this.early.set(entry.n, entry);
    if (this.early.size > EARLY_EVENTS_MAX) {
      // The newest event is needed last, and `head` keeps its number.
      this.early.delete(Math.max(...this.early.keys()));
    }
  }

  /** Records that an event with this number exists. @param {number} n */
  noteHead(n) {
    this.head = Math.max(this.head, n);
  }

  /** Records that the proxy published this event. @param {number} n */
  notePublished(n) {
    this.published = Math.max(this.published, n);
  }

  /** Whether the proxy has published neither this event nor a later event. @param {number} n */
  isUnpublished(n) {
    return this.published < n;
  }

  /** Whether the event was emitted, or is older than the timeline. @param {number} n */
  isPast(n) {
    return n < this.next;
  }

  /** Removes and returns the events that are next. */
  takeReady() {
    const ready = [];
    for (let entry = this.early.get(this.next); entry !== undefined; entry = this.early.get(this.next)) {
      this.early.delete(this.next);
      this.next += 1;
      this.hasEmitted = true;
      ready.push(entry);
    }
    return ready;
  }

  /** The first gap: the number of the event before it, and how many events are missing. */
  gap() {
    const end = this.early.size > 0 ? Math.min(...this.early.keys()) : this.head + 1;
    return this.next < end ? { after: this.next - 1, missing: end - this.next } : null;
  }

  /** The numbers of the last event that was emitted, and of the newest event. */
  progress() {
    const shown = Math.max(this.next - 1, 0);
    return { shown, head: Math.max(this.head, shown) };
  }

  /**
   * Continues after the event `shown`, the last event of a page.
   *
   * A page that was requested before the first heads can end before the start of the timeline. Then the
   * timeline emits the events in between.
   *
   * @param {number} shown
   */
  continueAfter(shown) {
    this.noteHead(shown);
    this.next = this.hasEmitted ? Math.max(this.next, shown + 1) : shown + 1;
    this.hasEmitted = true;
    for (const n of this.early.keys()) {
      if (n < this.next) {
        this.early.delete(n);
      }
    }
  }
}
