// <papo-sidebar>: the conversations with their unread counts, invitations, and the user's own menu.

import { t } from "../i18n/index.js";
import { decline, join } from "./joining.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { linkTo } from "./address.js";
import { conversationName, shownUnread } from "./names.js";
import { visible } from "./text.js";

/** @import { Conversation, Model } from "./model.js" */

export class Sidebar extends HTMLElement {
  /** @type {Model} */ model = /** @type {any} */ (null);
  /** @type {import("./app.js").App} */ app = /** @type {any} */ (null);
  #isScheduled = false;

  connectedCallback() {
    if (this.firstChild) return;
    const { app } = this;
    this.setAttribute("role", "navigation");
    this.setAttribute("aria-label", t("conversations"));
    this.nav = h("div", { class: "conversations" });
    this.me = h("button", { type: "button", class: "me", onclick: () => app.openSettings() });
    this.append(
      h("div", { class: "sidebar-head" },
        h("span", { class: "brand" }, "papo"),
        iconButton("search", `${t("switcher")} (Ctrl+K)`, () => app.openSwitcher())),
      this.nav,
      h("div", { class: "sidebar-foot" }, this.me, iconButton("settings", t("settings"), () => app.openSettings())));
    for (const type of ["conversations", "users"]) this.model.on(type, () => this.schedule());
    this.draw();
  }

  /** Several changes in one frame draw the list once. */
  schedule() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.draw();
    });
  }

  draw() {
    const { app, model } = this;
    const all = [...model.conversations.values()];
    const channels = all.filter(({ name }) => name.startsWith("#") || (name === "*" && model.conversations.get("*")?.head)).sort(byName);
    const direct = all.filter(({ name }) => name.startsWith("@")).sort(byName);
    const focused = document.activeElement instanceof HTMLElement && this.nav.contains(document.activeElement)
      ? document.activeElement.dataset.name : null;
    fill(this.nav,
      ...this.#invitations(),
      section(t("channels"), channels.map((one) => this.#item(one)), iconButton("add", t("browse_channels"), () => app.openBrowser())),
      section(t("direct_messages"), direct.map((one) => this.#item(one)), iconButton("add", t("new_direct"), () => app.openPeople())));
    fill(this.me, h("span", { class: "dot is-online" }), h("span", { class: "me-name" }, model.user));
    if (focused) [...this.nav.querySelectorAll("a")].find((link) => link.dataset.name === focused)?.focus();
    this.#updateTitle(all);
  }

  /** @param {Conversation} conversation */
  #item(conversation) {
    const { name, unread, mentions, level } = conversation;
    const shown = shownUnread(conversation, this.model.levelOfAll);
    const isOpen = name === this.model.open;
    const user = name.startsWith("@") ? this.model.users.get(name.slice(1)) : undefined;
    const state = name.startsWith("@") ? user?.state ?? "offline" : null;
    const badge = mentions > 0 && level !== "none" ? h("span", { class: "badge is-mention", "aria-hidden": "true" }, `@${mentions}`) : null;
    const count = shown > 0 ? h("span", { class: "badge", "aria-hidden": "true" }, shown > 999 ? "999+" : String(shown)) : null;
    const details = [unread ? t("unread_count", { count: unread }) : "", mentions ? t("mention_count", { count: mentions }) : "", state ? t(`state_${state}`) : ""];
    return h("li", {}, h("a", {
      href: linkTo(name), class: `item ${shown ? "has-unread" : ""} ${level === "none" ? "is-muted" : ""}`,
      "aria-current": isOpen ? "page" : null, "data-name": name, title: user?.displayName ?? null,
      onclick: (/** @type {Event} */ event) => { event.preventDefault(); this.app.go(name); },
    },
    state ? h("span", { class: `dot is-${state}` }) : h("span", { class: "sigil", "aria-hidden": "true" }, conversation.isPrivate ? icon("lock") : name === "*" ? "*" : "#"),
    name === "*" ? null : h("span", { class: "visually-hidden" }, name.charAt(0)),
    h("span", { class: "item-name" }, ...visible(name === "*" ? t("everybody") : conversationName(name).slice(1))),
    badge, count, h("span", { class: "visually-hidden" }, ["", ...details.filter(Boolean)].join(", "))));
  }

  #invitations() {
    return this.model.invitations.map(({ channel, by }) => h("div", { class: "invitation" },
      h("p", {}, ...visible(t("invitation", { channel, by }))),
      h("button", { type: "button", class: "small primary", onclick: () => join(this.app, channel) }, t("accept")),
      h("button", { type: "button", class: "small", onclick: () => decline(this.app, channel) }, t("decline"))));
  }

  /** @param {Conversation[]} all */
  #updateTitle(all) {
    const sum = all.reduce((total, one) => total + shownUnread(one, this.model.levelOfAll), 0);
    const open = this.model.open ? conversationName(this.model.open) : "";
    document.title = `${sum ? `(${sum}) ` : ""}${open ? `${open} · ` : ""}papo`;
  }
}
customElements.define("papo-sidebar", Sidebar);

/** @param {string} title @param {Node[]} items @param {Node} button */
function section(title, items, button) {
  return h("section", { class: "section" },
    h("div", { class: "section-head" }, h("h2", {}, title), button),
    h("ul", {}, ...items));
}

/** @param {Conversation} one @param {Conversation} other */
const byName = (one, other) => conversationName(one.name).localeCompare(conversationName(other.name));
