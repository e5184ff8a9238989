// Marks the rows of the timeline as read: after they were in view for a second, in a focused and visible tab.

import { markRead } from "./messages.js";

const READ_MS = 1000;

export class Reading {
  #timer = 0;

  /** @param {import("./timeline.js").Timeline} timeline */
  constructor(timeline) {
    this.timeline = timeline;
    document.addEventListener("visibilitychange", () => this.consider());
    window.addEventListener("focus", () => this.consider());
  }

  /** Starts the second of the rows in view, if one of them is unread. */
  consider() {
    const { rows, model, app } = this.timeline;
    if (this.#timer || !rows || document.hidden || !document.hasFocus()) return;
    const conversation = model.conversations.get(rows.conversation);
    // The position of the rows costs a layout, so it is the last question.
    if (!conversation || (rows.list.at(-1)?.n ?? 0) <= conversation.mark) return;
    const n = this.timeline.lastVisible();
    if (n <= conversation.mark) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      const isSame = this.timeline.rows === rows && !document.hidden && document.hasFocus();
      const still = isSame ? Math.min(n, this.timeline.lastVisible()) : 0;
      if (still > conversation.mark) markRead(app, rows.conversation, still, still >= (rows.list.at(-1)?.n ?? 0) ? rows.last : still);
      if (isSame) this.consider();
    }, READ_MS);
  }
}
