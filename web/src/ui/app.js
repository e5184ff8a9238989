// <papo-app>: the frame of the page. It connects, shows the entrance or the chat, and carries out actions.

import { logout } from "../core/http.js";
import { canonicalTarget } from "../core/names.js";
import { errorText, t } from "../i18n/index.js";
import { linkTo, readAddress } from "./address.js";
import { Announcer } from "./announcer.js";
import { Cache } from "./cache.js";
import { Composer } from "./composer.js";
import { connect, rememberUser, rememberedUser, userOfSlot, watchTyping } from "./connect.js";
import { h, icon, iconButton } from "./dom.js";
import { Entrance, codeOfLink } from "./entrance.js";
import { listenToDrops } from "./files.js";
import { join } from "./joining.js";
import { listenToKeys } from "./keys.js";
import { later, loadParts } from "./later.js";
import { Model } from "./model.js";
import { showNotice } from "./notices.js";
import { conversationName, shownLevel } from "./names.js";
import { Sidebar } from "./sidebar.js";
import { visible } from "./text.js";
import { Timeline } from "./timeline.js";

/** @import { Row } from "./rows.js" */

const USERS_EVERY_MS = 30_000;
const LATER_MS = 3_000;
/** The width of style/frame.css below which the page has one column. */
const NARROW = matchMedia("(max-width: 640px)");

export class App extends HTMLElement {
  /** The number of the session in this browser. */
  sessionSlot = Number(/^\/u\/(\d)\//.exec(location.pathname)?.[1] ?? 0);
  /** @type {import("../core/client.js").Client} */ client = /** @type {any} */ (null);
  /** @type {Model} */ model = /** @type {any} */ (null);
  /** @type {Record<string, any>} */ settings = {};
  /** @type {any} */ storage = null;
  /** @type {Sidebar} */ sidebar = /** @type {any} */ (null);
  /** @type {Timeline} */ timeline = /** @type {any} */ (null);
  /** @type {Composer} */ composer = /** @type {any} */ (null);
  /** @type {Announcer} */ announcer = /** @type {any} */ (null);
  /** @type {import("./uploads.js").Uploads | null} */ uploads = null;
  /** Whether the user has clicked or typed in the chat. */ #hasInput = false;

  connectedCallback() {
    this.start();
  }

  async start() {
    const wantsNew = location.search === "?new";
    this.replaceChildren(h("main", { class: "loading" }, h("h1", { class: "visually-hidden" }, "papo"), h("p", { role: "status" }, t("connecting"))));
    const known = wantsNew ? null : rememberedUser(this.sessionSlot);
    if (known) return this.#chat(known);
    const entrance = new Entrance();
    entrance.sessionSlot = wantsNew ? null : this.sessionSlot;
    entrance.onLogin = (session) => {
      if (session.slot === this.sessionSlot && !wantsNew) return this.#chat(session.user);
      location.assign(session.slot === 0 ? `/${location.hash}` : `/u/${session.slot}/${location.hash}`);
    };
    this.replaceChildren(entrance);
    if (wantsNew) return undefined;
    // A browser that knows no user may still have the cookie of a session.
    const user = await userOfSlot(this.sessionSlot);
    return user && entrance.isConnected && !entrance.isBusy ? this.#chat(user) : undefined;
  }

  /** @param {string} user */
  async #chat(user) {
    const { client, settings, storage, hello } = await connect(this.sessionSlot, user, {
      onNews: (news) => this.model.take(news),
      onDraft: (conversation, text) => this.composer?.takeDraft(conversation, text),
      onPage: (tag) => this.#pageChanged(tag),
      onOtherUser: () => this.#sessionEnded(""),
    });
    rememberUser(this.sessionSlot, user);
    this.client = client;
    this.settings = settings;
    this.storage = storage;
    this.model = new Model(client, user);
    this.#build();
    this.#listen();
    try {
      await client.begin(user);
      if (await new Cache(storage, this.model).restoreConversations()) await this.#openStart();
      // The core repeats a command that it could not send only after a while.
      await hello;
      await client.login(user);
      await this.model.load();
    } catch (error) {
      return this.notify(errorText(error), true);
    }
    await this.#openStart();
    if (sessionStorage.getItem("papo-settings")) this.openSettings();
    sessionStorage.removeItem("papo-settings");
    // The parts that the page loads later are then there without a network.
    setTimeout(() => loadParts(this), LATER_MS);
  }

  /** Opens the conversation of the address, or the first one. */
  async #openStart() {
    await this.#openFromAddress();
    if (!this.model.open) this.#openFirst();
  }

  #build() {
    const parts = { model: this.model, app: this };
    this.announcer = new Announcer();
    this.sidebar = Object.assign(new Sidebar(), parts);
    this.timeline = Object.assign(new Timeline(), parts);
    this.composer = Object.assign(new Composer(), parts);
    this.heading = h("h1", { class: "heading" }, "papo");
    this.subject = h("p", { class: "subject", dir: "auto" });
    this.details = h("aside", { class: "details", hidden: true, "aria-label": t("details") });
    this.notice = h("div", { class: "notices" });
    this.connection = h("p", { class: "connection", hidden: true });
    this.bell = iconButton("bell", t("notifications"), () => this.openLevels());
    this.main = h("main", { class: "main" },
      h("header", { class: "topbar" },
        iconButton("back", t("conversations"), () => this.showView("list"), "phone-only"),
        h("div", { class: "titles" }, this.heading, this.subject),
        iconButton("search", t("search"), () => this.openSearch("")),
        this.bell,
        iconButton("people", t("details"), () => this.openDetails())),
      this.connection, this.timeline, this.composer, h("div", { class: "drop-hint", "aria-hidden": "true" }, icon("file"), t("drop_here")));
    this.replaceChildren(h("a", { class: "skip", href: "#composer", onclick: (/** @type {Event} */ event) => { event.preventDefault(); this.focusComposer(); } }, t("skip")),
      h("div", { class: "frame" }, this.sidebar, this.main, this.details), this.notice, this.announcer.node);
    this.showView("chat");
  }

  #listen() {
    const { model } = this;
    model.on("window", (change) => this.timeline.apply(change ?? {}));
    model.on("pending", () => this.timeline.drawPending());
    model.on("names", () => { this.timeline.redraw(); this.#drawHeading(); });
    model.on("status", () => this.#showStatus());
    model.on("arrived", ({ entry, conversation }) => {
      const isOpen = entry.conversation === model.open;
      if (isOpen && entry.event) this.announcer.message(conversationName(entry.conversation), entry.event.from, entry.event.text ?? entry.event.name ?? "");
      if (this.settings.notifications) import("./notifications.js").then(({ notifyUser }) => notifyUser(this, entry, conversation), () => {});
    });
    model.on("announce", ({ alert, key, args, error }) => alert ? this.announcer.warn(t(key, args), error) : this.announcer.say(t(key, args)));
    model.on("notice", ({ key, args }) => {
      const conversation = conversationName(args.conversation);
      this.notify(t(key, { ...args, conversation, channel: conversation }));
    });
    model.on("left", () => this.#openFirst());
    model.on("rolledBack", () => { this.notify(t("rolled_back"), true); if (model.open) this.go(model.open); });
    model.on("ended", (error) => this.#sessionEnded(errorText(error)));
    model.on("conversations", () => this.#drawHeading());
    NARROW.addEventListener("change", () => this.#markLandmarks());
    window.addEventListener("hashchange", () => this.#openFromAddress());
    for (const type of ["pointerdown", "keydown"]) window.addEventListener(type, () => { this.#hasInput = true; }, { capture: true, once: true });
    listenToKeys(this);
    listenToDrops(this);
    setInterval(() => { if (!document.hidden) model.loadUsers().catch(() => {}); }, USERS_EVERY_MS);
  }

  /** @param {"list" | "chat" | "details"} view the visible column on a narrow screen */
  showView(view) {
    this.dataset.view = view;
    this.#markLandmarks();
  }

  /** On a narrow screen, the list of conversations is the whole page: its landmark and its heading say so. */
  #markLandmarks() {
    const isPage = this.dataset.view === "list" && NARROW.matches;
    this.sidebar.setAttribute("role", isPage ? "main" : "navigation");
    const brand = this.sidebar.querySelector(".brand");
    for (const [name, value] of [["role", "heading"], ["aria-level", "1"]]) {
      if (isPage) brand?.setAttribute(/** @type {string} */ (name), /** @type {string} */ (value));
      else brand?.removeAttribute(/** @type {string} */ (name));
    }
  }

  // Conversations.

  async #openFromAddress() {
    const address = readAddress(location.hash);
    if (address) return this.#show(address.name, address.n);
    return codeOfLink() ? later(import("./account.js")).then(({ refuseInvitation }) => refuseInvitation(this, codeOfLink())) : undefined;
  }

  async #openFirst() {
    const names = [...this.model.conversations.keys()].sort();
    const first = names.find((name) => name.startsWith("#")) ?? names[0];
    if (first) return this.go(first);
    this.model.open = null;
    this.heading.textContent = "papo";
    this.subject.textContent = t("no_channel_yet");
    this.showView("list");
    const { openBrowser } = await later(import("./dialogs.js"));
    // The dialog must not swallow a click or a key of a user who has begun.
    return this.#hasInput ? undefined : openBrowser(this);
  }

  /**
   * Opens a conversation, at a number or at its first unread message.
   * @param {string} name
   * @param {number | null} [n]
   */
  async go(name, n = null) {
    const address = linkTo(name, n ?? undefined);
    if (location.hash !== address) history.pushState(null, "", address);
    if (this.model.open === name) this.showView("chat");
    await this.#show(name, n);
  }

  /** Opens what a user wrote: a mention, a channel or a command's argument. @param {string} text */
  async openName(text) {
    const name = text === "*" ? "*" : canonicalTarget(text);
    if (!name) return this.notify(t("channel_or_user"), true);
    if (name.startsWith("#") && !this.model.conversations.has(name)) return join(this, name);
    return this.go(name);
  }

  /** @param {string} name @param {number | null} n */
  async #show(name, n) {
    const { model } = this;
    if (name.startsWith("#") && !model.conversations.get(name)?.role) return this.#offerToJoin(name);
    const isOther = model.open !== name;
    model.conversation(name);
    model.open = name;
    model.typing = [];
    model.seen = "";
    if (isOther && /^@./.test(name)) import("./seen.js").then(({ watchSeen }) => watchSeen(this, name), () => {});
    // The start opens the conversation of the address twice, and the user may look at the list meanwhile.
    if (isOther || n !== null) this.showView("chat");
    this.#drawHeading();
    this.sidebar.schedule();
    if (isOther) {
      this.composer.setConversation(name);
      this.composer.drawUploads(this.uploads?.list ?? []);
      watchTyping(this.client, name);
      if (!this.details.hidden) this.openDetails();
    }
    await this.#load(name, n);
    if (isOther && !matchMedia("(pointer: coarse)").matches) this.focusComposer();
  }

  /** Loads and shows the rows of the open conversation. @param {string} name @param {number | null} n */
  async #load(name, n) {
    const { model } = this;
    const conversation = model.conversation(name);
    const firstUnread = n === null && conversation.unread > 0 ? conversation.mark + 1 : null;
    try {
      const rows = await model.loadWindow(name, n ?? firstUnread);
      if (model.open !== name) return;
      const isNew = (/** @type {Row} */ row) => row.n >= (firstUnread ?? 0) && row.from !== model.user && ["message", "file"].includes(row.kind);
      const unreadRow = firstUnread === null ? null : rows.list.find(isNew);
      this.timeline.show(rows, { n, divider: unreadRow?.n ?? null, flash: n !== null });
      this.composer.drawFoot();
      this.timeline.reading.consider();
    } catch (error) {
      this.notify(errorText(error), true);
    }
  }

  /** @param {string} name */
  #offerToJoin(name) {
    const channel = conversationName(name);
    this.notify(t("not_member", { channel }), false, { label: t("join_channel", { channel }), run: () => join(this, name) });
    if (!this.model.open) this.#openFirst();
  }

  #drawHeading() {
    const { model } = this;
    const conversation = model.open ? model.conversations.get(model.open) : undefined;
    if (!conversation) return;
    this.#drawBell(shownLevel(conversation, model.levelOfAll));
    const user = conversation.name.startsWith("@") ? model.users.get(conversation.name.slice(1)) : undefined;
    this.heading.replaceChildren(...visible(conversationName(conversation.name)));
    const parts = [conversation.isArchived ? t("archived_mark") : "", conversation.subject ?? "",
      user?.displayName ?? "", user?.isBot ? t("bot") : user ? t(`state_${user.state}`) : ""];
    this.subject.replaceChildren(...visible(parts.filter(Boolean).join(" · ")));
  }

  /** @param {"all" | "mentions" | "none"} level */
  #drawBell(level) {
    const label = t(level === "all" ? "notifications" : `notifications_${level}`);
    if (this.bell.title !== label) Object.assign(this.bell, { title: label, ariaLabel: label }).replaceChildren(icon(level === "all" ? "bell" : `bell_${level}`));
  }

  /** The conversation that is open. */
  here() {
    if (!this.model.open) throw new Error(t("channel_or_user"));
    return this.model.open;
  }

  openChannel() {
    const open = this.model.open;
    if (!open?.startsWith("#")) throw new Error(t("no_channel_open"));
    return open;
  }

  // Status and notices.

  #showStatus() {
    const { connectivity } = this.model.summary;
    const sentence = t(`connection_${connectivity}`);
    this.connection.hidden = connectivity === "connected";
    this.connection.textContent = sentence;
    this.announcer.setStatus(connectivity, sentence);
    const { model } = this;
    if (model.open && model.isConnected && model.windows.get(model.open)?.isStale) this.#load(model.open, null);
  }

  /**
   * Shows a sentence for a while.
   * @param {string} sentence
   * @param {boolean} [isProblem]
   * @param {{label: string, run: () => void}} [action]
   */
  notify(sentence, isProblem = false, action) {
    showNotice(this.notice, sentence, isProblem, action);
  }

  /** Carries out an action. Shows its error, and returns false then. @param {() => Promise<any>} action */
  async try(action) {
    try {
      return await action();
    } catch (error) {
      this.notify(errorText(error), true);
      return false;
    }
  }

  /** @param {string} tag */
  #pageChanged(tag) {
    this.knownPage ??= tag;
    if (this.knownPage === tag) return;
    // The page reloads when the user does nothing. The drafts are stored.
    document.addEventListener("visibilitychange", () => { if (document.hidden && !this.uploads?.list.length) this.reload(); });
    this.notify(t("new_version"), false, { label: t("reload"), run: () => this.reload() });
  }
  /** @type {string | undefined} */ knownPage;
  /** Loads the page again when the draft is stored. */
  async reload() {
    await this.composer.saveDraft();
    location.reload();
  }

  /**
   * @param {boolean} [deletesAll] also drafts and unsent messages, which otherwise stay for the next login
   */
  async logOut(deletesAll = false) {
    await this.composer.saveDraft();
    await logout(this.sessionSlot).catch(() => {});
    sessionStorage.setItem("papo-logged-out", "");
    await this.#sessionEnded("", deletesAll);
  }

  /** @param {string} reason @param {boolean} [deletesAll] */
  async #sessionEnded(reason, deletesAll = false) {
    this.client?.stop();
    rememberUser(this.sessionSlot, null);
    if (this.settings.push) await import("./push.js").then(({ forget }) => forget(this.model.user)).catch(() => {});
    // A write that runs now would store the messages again.
    await this.model?.cache?.stop();
    // Messages of others do not stay in the browser without a session.
    if (deletesAll) await this.storage?.destroy().catch(() => {});
    else await Promise.all([this.storage?.clear("events"), this.storage?.delete("settings", ["conversations"])]).catch(() => {});
    sessionStorage.setItem("papo-ended", reason);
    location.reload();
  }

  /** @param {Record<string, unknown>} change */
  saveSettings(change) {
    Object.assign(this.settings, change);
    this.storage.put("settings", "page", { ...this.settings });
  }

  focusComposer() { this.composer?.input.focus(); }

  // Panels and dialogs, which are loaded when they are first opened.

  async openSwitcher() { (await later(import("./dialogs.js"))).openSwitcher(this); }
  async openBrowser() { (await later(import("./dialogs.js"))).openBrowser(this); }
  async openPeople() { (await later(import("./dialogs.js"))).openPeople(this); }
  async openKeys() { (await later(import("./dialogs.js"))).openKeys(this); }
  /** @param {"password" | "sessions" | "invite"} [part] the part that is open */
  async openSettings(part) { (await later(import("./settings.js"))).openSettings(this, part); }
  async openLevels() { if (this.model.open) (await later(import("./dialogs.js"))).openLevels(this, this.model.open); }
  async openDetails() { (await later(import("./details.js"))).openDetails(this); }
  /** @param {string} query */
  async openSearch(query, onlyMentions = false) { (await later(import("./search.js"))).openSearch(this, query, onlyMentions); }
  async openEmoji() { (await later(import("./dialogs.js"))).openEmoji(this); }
  /** @param {Row} row */
  async chooseReaction(row) { (await later(import("./dialogs.js"))).chooseReaction(this, row); }
  /** @param {Row} row @param {HTMLElement} node */
  async openRowMenu(row, node) { (await later(import("./dialogs.js"))).openRowMenu(this, row, node); }

  closeDetails() {
    this.details.hidden = true;
    this.details.replaceChildren();
    this.showView("chat");
    this.focusComposer();
  }
}
customElements.define("papo-app", App);
