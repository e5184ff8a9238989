// The focus in the list of messages, its keys, and the buttons on the row under the pointer.

import { t } from "../i18n/index.js";
import { h, iconButton } from "./dom.js";
import { copyLink, deleteMessage, startEdit, startReply } from "./messages.js";
import { fullTime } from "./time.js";

/** @import { Row } from "./rows.js" */
/** @typedef {import("./timeline.js").Timeline} Timeline */

export class RowKeys {
  /** @param {Timeline} timeline */
  constructor(timeline) {
    this.timeline = timeline;
    this.tools = this.#makeTools();
    const { log } = timeline;
    log.addEventListener("pointerover", (/** @type {Event} */ event) => this.#showTools(event.target));
    log.addEventListener("pointerleave", () => this.tools.remove());
    log.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
  }

  #makeTools() {
    const { app } = this.timeline;
    const at = (/** @type {(row: Row) => void} */ act) => () => {
      const row = this.#rowOf(this.tools);
      if (row) act(row);
    };
    return h("div", { class: "tools" },
      iconButton("react", t("react"), at((row) => app.chooseReaction(row))),
      iconButton("reply", t("reply"), at((row) => startReply(app, row))),
      iconButton("more", t("more_actions"), at((row) => this.#openMenu(row))));
  }

  /** @param {EventTarget | null} target */
  #showTools(target) {
    const article = target instanceof Element ? target.closest("article") : null;
    const time = article?.querySelector("time");
    if (article && time && !time.title) time.title = `${fullTime(Date.parse(time.dateTime))} · ${article.dataset.n}`;
    if (!article || article.classList.contains("is-event") || this.tools.parentElement === article) return;
    article.append(this.tools);
  }

  /** @param {Element | null} node @returns {Row | null} */
  #rowOf(node) {
    const article = /** @type {HTMLElement | null | undefined} */ (node?.closest("article"));
    return (article && this.timeline.rows?.byNumber.get(Number(article.dataset.n))) ?? null;
  }

  /** @param {Row} row */
  #openMenu(row) {
    const node = this.timeline.nodeOf(row.n);
    if (node && (row.kind === "message" || row.kind === "file")) this.timeline.app.openRowMenu(row, node);
  }

  /** Moves the focus to a row. @param {Element | null | undefined} node */
  #focusRow(node) {
    if (!(node instanceof HTMLElement)) return;
    node.focus({ preventScroll: true });
    node.scrollIntoView({ block: "nearest" });
  }

  /** Moves the focus into the list: to the newest row, unless a row has it. */
  focusLog() {
    const { list, log } = this.timeline;
    if (!list.lastElementChild) log.focus();
    else if (!list.querySelector("article:focus")) this.#focusRow(list.lastElementChild);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { app, list, log, rows } = this.timeline;
    const target = /** @type {Element} */ (event.target);
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isPlain || target.closest("dialog")) return;
    const article = target.closest("article");
    const row = this.#rowOf(article);
    const moves = {
      ArrowUp: () => this.#focusRow(article ? article.previousElementSibling : list.lastElementChild),
      ArrowDown: () => this.#focusRow(article ? article.nextElementSibling : list.firstElementChild),
      Home: () => rows && app.go(rows.conversation, 1).then(() => this.#focusRow(list.firstElementChild)),
      End: () => this.timeline.toNewest().then(() => this.#focusRow(list.lastElementChild)),
      Escape: () => app.focusComposer(),
    };
    const letters = app.settings.letterKeys === false ? {} : {
      r: () => row && startReply(app, row), "+": () => row && app.chooseReaction(row),
      e: () => row && startEdit(app, row), c: () => row && copyLink(app, row), n: () => this.#focusUnread(),
    };
    const isOnRow = article === target || target === log;
    const onRow = isOnRow ? { ...letters, Enter: () => row && this.#openMenu(row), Delete: () => row && deleteMessage(app, row) } : {};
    const action = /** @type {Record<string, () => unknown>} */ ({ ...moves, ...onRow })[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  #focusUnread() {
    const { divider, list, model, rows } = this.timeline;
    const mark = model.conversations.get(rows?.conversation ?? "")?.mark ?? 0;
    const first = divider ?? mark + 1;
    this.#focusRow([...list.children].find((child) => Number(/** @type {HTMLElement} */ (child).dataset.n) >= first));
  }
}
