// The hidden live regions for screen readers: one polite sentence per new message of another user, a status
// node for the connection, and an alert node for states that require an action.

import { errorText, t } from "../i18n/index.js";
import { h } from "./dom.js";
import { oneLine } from "./text.js";

/** Messages within this time are announced together. */
const JOIN_MS = 500;

export class Announcer {
  constructor() {
    this.polite = h("div", { class: "visually-hidden", "aria-live": "polite", "data-live": "polite" });
    this.status = h("div", { class: "visually-hidden", role: "status", "data-live": "status" });
    this.alert = h("div", { class: "visually-hidden", role: "alert", "data-live": "alert" });
    this.node = h("div", {}, this.polite, this.status, this.alert);
    /** @type {string[]} */
    this.waiting = [];
    this.conversation = "";
    this.timer = 0;
    this.connectivity = "";
  }

  /**
   * A message of another user in the open conversation.
   * @param {string} conversation
   * @param {string} from
   * @param {string} text
   */
  message(conversation, from, text) {
    this.conversation = conversation;
    this.waiting.push(`${from}: ${oneLine(text)}`);
    this.#later();
  }

  /** @param {string} sentence */
  say(sentence) {
    this.waiting.push(sentence);
    this.#later();
  }

  #later() {
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      const count = this.waiting.length;
      const text = count > 1 ? t("new_in", { count, conversation: this.conversation }) : this.waiting[0] ?? "";
      this.waiting = [];
      this.polite.replaceChildren(h("p", {}, text));
    }, JOIN_MS);
  }

  /** @param {string} connectivity @param {string} sentence */
  setStatus(connectivity, sentence) {
    if (connectivity === this.connectivity) return;
    // The first connection is no news.
    const isFirst = this.connectivity === "" || (this.connectivity === "connecting" && connectivity === "connected");
    this.connectivity = connectivity;
    if (!isFirst) this.status.replaceChildren(h("p", {}, sentence));
  }

  /** @param {string} sentence @param {any} [error] */
  warn(sentence, error) {
    this.alert.replaceChildren(h("p", {}, error ? `${sentence}: ${errorText(error)}` : sentence));
  }
}
