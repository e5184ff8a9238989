// <papo-timeline>: the messages of the open conversation. The DOM has at most 300 rows of the loaded rows.
//
// The reading position never moves by itself: each change of the DOM goes through `keepPosition`, which
// scrolls by the distance that the first visible row moved. Only a reader at the end follows new messages.

import { t } from "../i18n/index.js";
import { h, icon } from "./dom.js";
import { loadRow, react } from "./messages.js";
import { conversationName } from "./names.js";
import { pendingNode } from "./pending.js";
import { Reading } from "./reading.js";
import { rowNode } from "./row.js";
import { RowKeys } from "./row_keys.js";

/** @import { Row, Rows } from "./rows.js" */
/** @import { Model } from "./model.js" */

const DOM_ROWS_MAX = 300;
/** The rows that are added at once when the reader scrolls to the edge of the DOM. */
const STEP = 40;
/** The least height of a row in pixels. */
const ROW_HEIGHT_MIN = 24;
/** The distance to the edge at which more rows are added, in pixels. */
const EDGE = 800;

export class Timeline extends HTMLElement {
  /** @type {Model} */ model = /** @type {any} */ (null);
  /** @type {import("./app.js").App} */ app = /** @type {any} */ (null);
  /** @type {Rows | null} */ rows = null;
  /** The part of `rows.list` in the DOM. */
  from = 0;
  to = 0;
  /** @type {number | null} the first unread number when the conversation was opened */
  divider = null;
  isLoading = false;
  /** Whether the rows in view are not painted yet. */
  isFirstPaint = false;
  /** Whether the reader is at the end and follows new messages. */
  isFollowing = true;
  /** New messages below the visible part. */
  newBelow = 0;
  /** @type {Reading} */ reading = /** @type {any} */ (null);
  /** @type {RowKeys} */ keys = /** @type {any} */ (null);
  /** @type {Map<string, Promise<Row | null>>} */
  #quotes = new Map();

  connectedCallback() {
    if (this.firstChild) return;
    this.log = h("div", { class: "log", role: "log", "aria-live": "off", tabindex: "0" });
    this.list = h("div", { class: "rows" });
    this.pendingList = h("div", { class: "pending" });
    this.empty = h("p", { class: "empty", hidden: true });
    this.log.append(this.empty, this.list, this.pendingList);
    this.newestText = h("span", {});
    this.newest = h("button", { type: "button", class: "to-newest", hidden: true, onclick: () => this.toNewest() }, icon("down"), this.newestText);
    this.append(this.log, this.newest);
    this.log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(this.log);
    this.reading = new Reading(this);
    this.keys = new RowKeys(this);
  }

  /**
   * Shows the rows of a conversation: at a number, at the first unread row, or at the end.
   * @param {Rows} rows @param {{n?: number | null, divider?: number | null, flash?: boolean}} options
   */
  show(rows, { n = null, divider = null, flash = false }) {
    this.rows = rows;
    this.divider = divider;
    this.newBelow = 0;
    this.keys.tools.remove();
    const count = rows.list.length;
    const target = n ?? divider;
    // Only the rows in view are drawn now: the others follow after the first paint.
    const inView = Math.min(Math.ceil(this.log.clientHeight / ROW_HEIGHT_MIN) + 2, DOM_ROWS_MAX);
    const before = target === null ? count - inView : rows.indexFrom(target) - Math.ceil(inView / 3);
    this.from = Math.max(0, Math.min(before, count - inView));
    this.to = Math.min(count, this.from + inView + Math.ceil(inView / 3));
    this.log.setAttribute("aria-label", conversationName(rows.conversation));
    this.#draw();
    this.#drawPending();
    this.isFollowing = target === null;
    if (target === null) this.log.scrollTop = this.log.scrollHeight;
    else this.#scrollTo(target, n !== null, flash);
    this.#updateEnd();
    this.isFirstPaint = true;
    requestAnimationFrame(() => setTimeout(() => {
      this.isFirstPaint = false;
      this.#fillView();
    }));
  }

  #draw() {
    const rows = /** @type {Rows} */ (this.rows);
    const nodes = rows.list.slice(this.from, this.to).map((row, i) => this.#node(row, rows.list[this.from + i - 1]));
    this.list.replaceChildren(...nodes);
    this.empty.hidden = rows.list.length > 0 || !rows.isLoaded;
    this.empty.textContent = t("no_messages", { conversation: conversationName(rows.conversation) });
  }

  /** @param {Row} row @param {Row | undefined} previous */
  #node(row, previous) {
    const rows = /** @type {Rows} */ (this.rows);
    return rowNode(row, previous, {
      user: this.model.user, conversation: rows.conversation, head: rows.head, divider: this.divider, slot: this.app.sessionSlot,
      userInfo: (name) => this.model.users.get(name),
      openConversation: (name) => this.app.openName(name),
      isMentioned: (text) => this.model.isMentioned(text),
      jump: (n) => this.app.go(rows.conversation, n),
      react: (target, emoji) => react(this.app, rows.conversation, target, emoji),
      quoted: (n) => this.#quoted(n),
    });
  }

  /** The row that a reply quotes. @param {number} n @returns {Promise<Row | null>} */
  #quoted(n) {
    const rows = /** @type {Rows} */ (this.rows);
    const known = rows.byNumber.get(n);
    if (known) return Promise.resolve(known);
    const key = `${rows.conversation}/${n}`;
    const loading = this.#quotes.get(key) ?? loadRow(this.app, rows.conversation, n);
    this.#quotes.set(key, loading);
    loading.catch(() => this.#quotes.delete(key));
    return loading;
  }

  /** Changes the DOM without moving the first visible row. @param {() => void} change */
  keepPosition(change) {
    const anchor = this.isFollowing ? null : this.#firstVisible();
    const before = anchor?.getBoundingClientRect().top ?? 0;
    const n = anchor?.dataset.n;
    change();
    if (this.isFollowing) {
      this.log.scrollTop = this.log.scrollHeight;
      return;
    }
    const after = anchor?.isConnected ? anchor : n ? this.nodeOf(Number(n)) : null;
    if (after) this.log.scrollTop += after.getBoundingClientRect().top - before;
  }

  /** @returns {HTMLElement | null} */
  #firstVisible() {
    const top = this.log.getBoundingClientRect().top;
    const nodes = this.list.children;
    let [low, high] = [0, nodes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (nodes[middle].getBoundingClientRect().bottom <= top + 1) low = middle + 1;
      else high = middle;
    }
    return nodes[low] ?? null;
  }

  /** @param {number} n @returns {HTMLElement | null} */
  nodeOf(n) {
    const rows = this.rows;
    if (!rows) return null;
    const index = rows.indexFrom(n);
    return rows.list[index]?.n === n ? this.list.children[index - this.from] ?? null : null;
  }

  /** @param {number} n @param {boolean} isExact @param {boolean} flash */
  #scrollTo(n, isExact, flash) {
    const rows = /** @type {Rows} */ (this.rows);
    const index = Math.min(rows.indexFrom(n), rows.list.length - 1);
    const node = /** @type {HTMLElement | undefined} */ (this.list.children[index - this.from]);
    if (!node) return;
    const offset = node.getBoundingClientRect().top - this.log.getBoundingClientRect().top;
    this.log.scrollTop += offset - this.log.clientHeight * (isExact ? 0.3 : 0.15);
    if (!flash) return;
    node.classList.add("is-target");
    setTimeout(() => node.classList.remove("is-target"), 2000);
  }

  // Changes.

  /** A new event of the open conversation. @param {{added?: Row, changed?: Row, quoted?: number}} change */
  apply(change) {
    const rows = this.rows;
    if (!rows) return;
    if (change.changed) this.updateRow(change.changed);
    if (change.quoted) this.#updateQuotes(rows, change.quoted);
    if (rows.isTooLong && this.isFollowing) {
      rows.trim();
      return this.show(rows, {});
    }
    const isAtEnd = this.to >= rows.list.length - 1;
    if (!isAtEnd) this.from = Math.min(this.from, rows.list.length);
    this.keepPosition(() => {
      const hasRoom = isAtEnd && (this.isFollowing || this.to - this.from < DOM_ROWS_MAX);
      while (hasRoom && this.to < rows.list.length) {
        const row = /** @type {Row} */ (rows.list[this.to]);
        this.list.append(this.#node(row, rows.list[this.to - 1]));
        this.to++;
      }
      if (this.isFollowing) this.#trimTop();
    });
    this.empty.hidden = rows.list.length > 0;
    if (change.added && !this.isFollowing && change.added.from !== this.model.user) this.newBelow++;
    this.#updateEnd();
    this.reading.consider();
  }

  /** Draws all rows again, with other names of their users. */
  redraw() {
    if (!this.rows) return;
    const focused = this.list.querySelector("article:focus")?.dataset.n;
    this.keepPosition(() => this.#draw());
    if (focused) this.nodeOf(Number(focused))?.focus({ preventScroll: true });
  }

  /** Draws a row again. @param {Row} row */
  updateRow(row) {
    const node = this.nodeOf(row.n);
    if (!node || !this.rows) return;
    const hadFocus = node.contains(document.activeElement);
    const previous = this.rows.list[this.rows.indexFrom(row.n) - 1];
    this.keepPosition(() => {
      const fresh = this.#node(row, previous);
      node.replaceWith(fresh);
      if (hadFocus) fresh.focus({ preventScroll: true });
    });
  }

  /** Draws the replies to a changed row again. @param {Rows} rows @param {number} n */
  #updateQuotes(rows, n) {
    this.#quotes.delete(`${rows.conversation}/${n}`);
    for (const row of rows.list.slice(this.from, this.to)) if (row.event?.reply === n) this.updateRow(row);
  }

  #trimTop() {
    const extra = this.to - this.from - DOM_ROWS_MAX;
    for (let i = 0; i < extra; i++) this.list.firstElementChild?.remove();
    this.from += Math.max(0, extra);
  }

  #trimBottom() {
    const extra = this.to - this.from - DOM_ROWS_MAX;
    for (let i = 0; i < extra; i++) this.list.lastElementChild?.remove();
    this.to -= Math.max(0, extra);
  }

  #scrolled() {
    const log = this.log;
    const rows = this.rows;
    if (!rows) return;
    const distance = log.scrollHeight - log.scrollTop - log.clientHeight;
    this.isFollowing = distance < 30 && this.to >= rows.list.length && rows.hasNewest;
    if (this.isFollowing) this.newBelow = 0;
    this.#updateEnd();
    this.reading.consider();
    if (!this.isFirstPaint) this.#fillView();
  }

  /** Adds rows until each side of the view has a margin. */
  #fillView() {
    const { log, rows } = this;
    if (!rows) return;
    if (log.scrollTop < EDGE) this.#showOlder();
    if (log.scrollHeight - log.scrollTop - log.clientHeight < EDGE) this.#showNewer();
  }

  async #showOlder() {
    const rows = this.rows;
    if (!rows || this.isLoading) return;
    if (this.from === 0) {
      if (rows.hasOldest) return;
      this.isLoading = true;
      const added = await this.model.loadOlder(rows).catch(() => null);
      this.isLoading = false;
      if (rows !== this.rows || !added) return;
      this.from += added.length;
      this.to += added.length;
      if (!added.length) return;
    }
    const start = Math.max(0, this.from - STEP);
    this.keepPosition(() => {
      const nodes = rows.list.slice(start, this.from).map((row, i) => this.#node(row, rows.list[start + i - 1]));
      const oldFirst = rows.list[this.from];
      this.list.firstElementChild?.replaceWith(this.#node(/** @type {Row} */ (oldFirst), rows.list[this.from - 1]));
      this.list.prepend(...nodes);
      this.from = start;
      if (!this.isFollowing) this.#trimBottom();
    });
    this.#updateEnd();
    this.#fillView();
  }

  async #showNewer() {
    const rows = this.rows;
    if (!rows || this.isLoading) return;
    if (this.to >= rows.list.length) {
      if (rows.hasNewest) return;
      this.isLoading = true;
      await this.model.loadNewer(rows).catch(() => {});
      this.isLoading = false;
      if (rows !== this.rows) return;
    }
    const end = Math.min(rows.list.length, this.to + STEP);
    this.keepPosition(() => {
      for (; this.to < end; this.to++) this.list.append(this.#node(/** @type {Row} */ (rows.list[this.to]), rows.list[this.to - 1]));
      this.#trimTop();
    });
    this.#updateEnd();
    this.reading.consider();
  }

  #resized() {
    if (this.isFollowing) this.log.scrollTop = this.log.scrollHeight;
  }

  #updateEnd() {
    const rows = this.rows;
    if (!rows) return;
    this.newest.hidden = this.isFollowing;
    this.newestText.textContent = this.newBelow ? t("new_below", { count: this.newBelow }) : t("to_newest");
  }

  async toNewest() {
    const rows = this.rows;
    if (!rows) return;
    this.divider = null;
    this.show(await this.model.loadWindow(rows.conversation, null), {});
    this.app.focusComposer();
  }

  drawPending() {
    this.keepPosition(() => this.#drawPending());
  }

  #drawPending() {
    const own = [...this.model.pending.values()].filter((pending) => pending.message.to === this.rows?.conversation);
    this.pendingList.replaceChildren(...own.map((pending) => pendingNode(this.app, pending)));
  }

  /** The user's newest message, for the Up key. @returns {Row | undefined} */
  lastOwn() {
    return this.rows?.list.findLast((row) => row.kind === "message" && row.from === this.model.user && !row.isDeleted);
  }

  focusLog() { this.keys.focusLog(); }

  /** The number of the last row in view. */
  lastVisible() {
    const bottom = this.log.getBoundingClientRect().bottom;
    const nodes = this.list.children;
    let [low, high] = [0, nodes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (nodes[middle].getBoundingClientRect().bottom <= bottom + 8) low = middle + 1;
      else high = middle;
    }
    return low > 0 ? Number(nodes[low - 1].dataset.n) : 0;
  }
}
customElements.define("papo-timeline", Timeline);
