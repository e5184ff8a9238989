// <papo-app>: the frame of the page. It connects, shows the entrance or the chat, and carries out actions.

import { logout } from "../core/http.js";
import { uuid7 } from "../core/uuid.js";
import { canonicalTarget } from "../core/names.js";
import { errorText, t } from "../i18n/index.js";
import { Announcer } from "./announcer.js";
import { runCommand } from "./commands.js";
import { Composer } from "./composer.js";
import { connect, userOfSlot, watchTyping } from "./connect.js";
import { h, icon, iconButton } from "./dom.js";
import { Entrance } from "./entrance.js";
import { Model } from "./model.js";
import { notifyUser } from "./notifications.js";
import { linkTo } from "./row.js";
import { rowOf } from "./rows.js";
import { Sidebar, displayName } from "./sidebar.js";
import { copyText, visible } from "./text.js";
import { Timeline } from "./timeline.js";
import { Uploads } from "./uploads.js";

/** @import { Message } from "../core/api.js" */
/** @import { Row } from "./rows.js" */

const WINDOWS_MAX = 20;
const USERS_EVERY_MS = 30_000;
const UNDO_MS = 6000;
/** The width of style/frame.css below which the page has one column. */
const NARROW = matchMedia("(max-width: 640px)");

export class App extends HTMLElement {
  /** The number of the session in this browser. */
  sessionSlot = Number(/^\/u\/(\d)\//.exec(location.pathname)?.[1] ?? 0);
  /** @type {any} */ client = null;
  /** @type {Model} */ model = /** @type {any} */ (null);
  /** @type {Record<string, any>} */ settings = {};
  /** @type {any} */ storage = null;
  /** @type {Sidebar} */ sidebar = /** @type {any} */ (null);
  /** @type {Timeline} */ timeline = /** @type {any} */ (null);
  /** @type {Composer} */ composer = /** @type {any} */ (null);
  /** @type {Announcer} */ announcer = /** @type {any} */ (null);
  /** @type {Uploads} */ uploads = /** @type {any} */ (null);
  #ended = "";

  connectedCallback() {
    this.start();
  }

  async start() {
    const wantsNew = location.search === "?new";
    this.#ended = sessionStorage.getItem("papo-ended") ?? "";
    sessionStorage.removeItem("papo-ended");
    this.replaceChildren(h("main", { class: "loading" }, h("h1", { class: "visually-hidden" }, "papo"), h("p", { role: "status" }, t("connecting"))));
    const user = wantsNew ? null : await userOfSlot(this.sessionSlot);
    if (user) return this.#chat(user);
    const entrance = new Entrance();
    entrance.sessionSlot = wantsNew ? null : this.sessionSlot;
    entrance.reason = this.#ended;
    entrance.onLogin = (session) => {
      if (session.slot === this.sessionSlot && !wantsNew) return this.#chat(session.user);
      location.assign(session.slot === 0 ? `/${location.hash}` : `/u/${session.slot}/${location.hash}`);
    };
    this.replaceChildren(entrance);
  }

  /** @param {string} user */
  async #chat(user) {
    const { client, settings, storage, hello } = await connect(this.sessionSlot, user, {
      onNews: (news) => this.model.take(news),
      onDraft: (conversation, text) => this.composer?.takeDraft(conversation, text),
      onPage: (tag) => this.#pageChanged(tag),
    });
    this.client = client;
    this.settings = settings;
    this.storage = storage;
    this.model = new Model(client, user);
    this.uploads = new Uploads(this.sessionSlot, () => this.composer.drawUploads(this.uploads.list));
    this.#build();
    this.#listen();
    try {
      // The core repeats a command that it could not send only after a while.
      await hello;
      await client.login(user);
      await this.model.load();
    } catch (error) {
      return this.notify(errorText(error), true);
    }
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
    this.main = h("main", { class: "main" },
      h("header", { class: "topbar" },
        iconButton("back", t("conversations"), () => this.showView("list"), "phone-only"),
        h("div", { class: "titles" }, this.heading, this.subject),
        iconButton("search", t("search"), () => this.openSearch("")),
        iconButton("bell", t("notifications"), () => this.openLevels()),
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
    model.on("status", () => this.#showStatus());
    model.on("arrived", ({ entry, conversation }) => {
      const isOpen = entry.conversation === model.open;
      if (isOpen && entry.event) this.announcer.message(entry.conversation, entry.event.from, entry.event.text ?? entry.event.name ?? "");
      notifyUser(this, entry, conversation);
    });
    model.on("announce", ({ alert, key, args, error }) => alert ? this.announcer.warn(t(key, args), error) : this.announcer.say(t(key, args)));
    model.on("notice", ({ key, args }) => this.notify(t(key, args)));
    model.on("left", () => this.#openFirst());
    model.on("rolledBack", () => { this.notify(t("rolled_back"), true); if (model.open) this.go(model.open); });
    model.on("ended", (error) => this.#sessionEnded(errorText(error)));
    model.on("conversations", () => this.#drawHeading());
    NARROW.addEventListener("change", () => this.#markLandmarks());
    window.addEventListener("hashchange", () => this.#openFromAddress());
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("dragover", (event) => this.#drag(event));
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) this.main.classList.remove("is-dropping"); });
    document.addEventListener("drop", (event) => this.#drop(event));
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

  /** The conversation and the number in the address, such as `#/general/17`. */
  #address() {
    const match = /^#\/([^/]+)(?:\/(\d+))?$/.exec(location.hash);
    if (!match) return null;
    let name;
    try {
      name = decodeURIComponent(match[1] ?? "");
    } catch {
      return null;
    }
    const target = name === "*" ? "*" : canonicalTarget(name.startsWith("@") ? name : `#${name}`);
    return target ? { name: target, n: match[2] ? Number(match[2]) : null } : null;
  }

  async #openFromAddress() {
    const address = this.#address();
    if (!address) return;
    await this.#show(address.name, address.n);
  }

  #openFirst() {
    const names = [...this.model.conversations.keys()].sort();
    const first = names.find((name) => name.startsWith("#")) ?? names[0];
    if (first) return this.go(first);
    this.model.open = null;
    this.heading.textContent = "papo";
    this.subject.textContent = t("no_channel_yet");
    this.showView("list");
    return this.openBrowser();
  }

  /**
   * Opens a conversation, at a number or at its first unread message.
   * @param {string} name
   * @param {number | null} [n]
   */
  async go(name, n = null) {
    const address = linkTo(name, n ?? undefined);
    if (location.hash !== address) history.pushState(null, "", address);
    await this.#show(name, n);
  }

  /** Opens what a user wrote: a mention, a channel or a command's argument. @param {string} text */
  async openName(text) {
    const name = text === "*" ? "*" : canonicalTarget(text);
    if (!name) return this.notify(t("channel_or_user"), true);
    if (name.startsWith("#") && !this.model.conversations.has(name)) return this.join(name);
    return this.go(name);
  }

  /** @param {string} name @param {number | null} n */
  async #show(name, n) {
    const { model } = this;
    if (name.startsWith("#") && !model.conversations.get(name)?.role) return this.#offerToJoin(name);
    const conversation = model.conversation(name);
    const isOther = model.open !== name;
    model.open = name;
    model.typing = [];
    this.showView("chat");
    this.#drawHeading();
    this.sidebar.schedule();
    if (isOther) {
      this.composer.setConversation(name);
      this.composer.drawUploads(this.uploads?.list ?? []);
      watchTyping(this.client, name);
      if (!this.details.hidden) this.openDetails();
    }
    const firstUnread = n === null && conversation.unread > 0 ? conversation.mark + 1 : null;
    try {
      const rows = await model.loadWindow(name, n ?? firstUnread);
      if (model.open !== name) return;
      const isNew = (/** @type {Row} */ row) => row.n >= (firstUnread ?? 0) && row.from !== model.user && ["message", "file"].includes(row.kind);
      const unreadRow = firstUnread === null ? null : rows.list.find(isNew);
      this.timeline.show(rows, { n, divider: unreadRow?.n ?? null, flash: n !== null });
      this.timeline.considerRead();
    } catch (error) {
      this.notify(errorText(error), true);
    }
    this.#dropOldWindows(name);
    if (isOther && !matchMedia("(pointer: coarse)").matches) this.focusComposer();
  }

  /** @param {string} name */
  #dropOldWindows(name) {
    const rows = this.model.rows(name);
    this.model.windows.delete(name);
    this.model.windows.set(name, rows);
    for (const old of this.model.windows.keys()) {
      if (this.model.windows.size <= WINDOWS_MAX) break;
      this.model.windows.delete(old);
    }
  }

  /** @param {string} name */
  #offerToJoin(name) {
    this.notify(t("not_member", { channel: name }), false, { label: t("join_channel", { channel: name }), run: () => this.join(name) });
    if (!this.model.open) this.#openFirst();
  }

  #drawHeading() {
    const { model } = this;
    const conversation = model.open ? model.conversations.get(model.open) : undefined;
    if (!conversation) return;
    const state = conversation.name.startsWith("@") ? model.users.get(conversation.name.slice(1))?.state : null;
    this.heading.replaceChildren(...visible(displayName(conversation.name)));
    const parts = [conversation.isArchived ? t("archived_mark") : "", conversation.subject ?? "", state ? t(`state_${state}`) : ""];
    this.subject.replaceChildren(...visible(parts.filter(Boolean).join(" · ")));
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

  /**
   * One row of a conversation that is not loaded.
   * @param {string} conversation
   * @param {number} n
   * @returns {Promise<Row | null>}
   */
  async loadRow(conversation, n) {
    const page = await this.client.history({ conversation, around: n, limit: 1 });
    const entry = page.entries.find((/** @type {any} */ one) => one.n === n);
    return entry ? rowOf(entry) : null;
  }

  // Channels.

  /** @param {string} channel */
  async join(channel) {
    await this.try(async () => {
      await this.client.command({ kind: "join", channel });
      this.model.conversation(channel).role ??= "member";
      await Promise.all([this.model.loadChannels(), this.model.loadInvitations()]);
      await this.go(channel);
    });
  }

  /** @param {string} channel @param {boolean} isPrivate */
  create(channel, isPrivate) {
    return this.try(async () => {
      await this.client.command({ kind: "create", channel, private: isPrivate });
      this.model.conversation(channel).role = "owner";
      await this.model.loadChannels();
      await this.go(channel);
    });
  }

  /** @param {string} channel */
  leave(channel) {
    return this.try(async () => {
      await this.client.command({ kind: "leave", channel });
      this.model.forget(channel);
      this.notify(t("you_left", { channel }));
    });
  }

  /** @param {string} channel */
  decline(channel) {
    return this.try(async () => {
      await this.client.request("channel.decline", { channel });
      await this.model.loadInvitations();
    });
  }

  /** @param {Record<string, unknown>} change */
  setChannel(change) {
    return this.try(() => this.client.request("channel.set", { channel: this.openChannel(), ...change }));
  }

  /** @param {string | null} conversation @param {string} level */
  setLevel(conversation, level) {
    return this.try(async () => {
      await this.client.request("notify.set", conversation ? { conversation, level } : { level });
      await this.model.loadLevels();
      this.notify(conversation ? t("level_of", { conversation, level: t(`level_${level}`) }) : t("level_of_all", { level: t(`level_${level}`) }));
    });
  }

  /** @param {string} user @param {boolean} isBlocked */
  block(user, isBlocked) {
    return this.try(async () => {
      await this.client.request(isBlocked ? "user.block" : "user.unblock", { user });
      this.model.blocked[isBlocked ? "add" : "delete"](user);
      this.notify(t(isBlocked ? "user_blocked" : "user_unblocked", { user }));
    });
  }

  // Messages.

  /**
   * Sends a text, or carries out a command. Returns false if the text stays in the field.
   * @param {string} text
   * @param {number | null} reply
   */
  submit(text, reply) {
    if (/^\/(?!\/)/.test(text) && !text.includes("\n")) return runCommand(this, text);
    if (!this.model.open) return false;
    this.model.send(this.model.open, text.replace(/^\/\//, "/"), reply);
    if (!this.timeline.isFollowing) this.timeline.toNewest();
    return true;
  }

  /** @param {string} method @param {number} n @param {Record<string, unknown>} [params] */
  amend(method, n, params = {}, conversation = this.here()) {
    return this.try(() => this.client.request(method, { conversation, n, id: uuid7(Date.now()), ...params }));
  }

  /** @param {Row} row @param {string} text */
  edit(row, text) {
    if (text !== row.text) this.amend("message.edit", row.n, { text });
    return true;
  }

  editLast() {
    const row = this.timeline.lastOwn();
    if (row) this.startEdit(row);
  }

  /** @param {Row} row */
  startEdit(row) {
    if (row.kind === "message" && row.from === this.model.user && !row.isDeleted) this.composer.edit(row);
  }

  /** @param {Row} row */
  startReply(row) {
    if (row.kind === "message" || row.kind === "file") this.composer.reply(row);
  }

  /** @param {string} conversation @param {Row} row @param {string} emoji */
  react(conversation, row, emoji) {
    const isOwn = row.reactions.some((reaction) => reaction.emoji === emoji && reaction.users.includes(this.model.user));
    return this.amend("message.react", row.n, isOwn ? { emoji, remove: true } : { emoji }, conversation);
  }

  /** @param {Row} row */
  async deleteMessage(row) {
    const role = this.model.conversations.get(this.here())?.role;
    const mayDelete = row.from === this.model.user || role === "owner" || role === "moderator";
    if (!mayDelete || row.isDeleted) return;
    const { confirmDialog } = await import("./dialogs.js");
    if (await confirmDialog(t("delete_question", { n: row.n }), t("delete"))) this.amend("message.delete", row.n);
  }

  /** @param {{n: number}} row */
  async copyLink(row) {
    await copyText(`${location.origin}/${linkTo(this.here(), row.n)}`);
    this.notify(t("link_copied"));
  }

  /** Puts a refused message back into the field. @param {Message} message */
  takeBack(message) {
    this.model.discard(message.id);
    this.composer.putBack(message.text);
  }

  /** @param {string} conversation @param {number} seen @param {number} n */
  markRead(conversation, seen, n) {
    const known = this.model.conversations.get(conversation);
    if (known) known.mark = Math.max(known.mark, seen);
    this.client.command({ kind: "markRead", conversation, n: Math.max(seen, n) }).catch(() => {});
  }

  /** @param {File[]} files */
  sendFiles(files) {
    if (this.model.open && files.length) this.uploads?.add(this.model.open, files);
  }

  // Status and notices.

  /** The sentence about the connection and the completeness of the open conversation. */
  statusText() {
    const { summary, open } = this.model;
    const waiting = this.model.pending.size;
    if (summary.connectivity !== "connected") {
      return waiting ? `${t(`connection_${summary.connectivity}`)} · ${t("messages_waiting", { count: waiting })}` : t(`connection_${summary.connectivity}`);
    }
    if (!open) return t("connection_connected");
    const known = this.client.status().conversations.find((/** @type {any} */ one) => one.conversation === open);
    const rows = this.model.windows.get(open);
    const shown = known?.shown ?? rows?.last ?? 0;
    const head = Math.max(known?.head ?? 0, rows?.head ?? 0);
    return shown < head ? t("shown_up_to", { n: shown, head }) : t("complete_up_to", { conversation: displayName(open), n: head });
  }

  #showStatus() {
    const { connectivity } = this.model.summary;
    const sentence = t(`connection_${connectivity}`);
    this.connection.hidden = connectivity === "connected";
    this.connection.textContent = sentence;
    this.announcer.setStatus(connectivity, sentence);
  }

  /**
   * Shows a sentence for a while.
   * @param {string} sentence
   * @param {boolean} [isProblem]
   * @param {{label: string, run: () => void}} [action]
   */
  notify(sentence, isProblem = false, action) {
    const close = () => note.remove();
    const note = h("div", { class: `notice ${isProblem ? "is-problem" : ""}`, role: isProblem ? "alert" : "status" },
      h("p", {}, ...visible(sentence)),
      action && h("button", { type: "button", class: "small primary", onclick: () => { close(); action.run(); } }, action.label),
      iconButton("close", t("close"), close));
    this.notice.append(note);
    while (this.notice.children.length > 4) this.notice.firstElementChild.remove();
    setTimeout(close, isProblem || action ? 15_000 : 6000);
  }

  /** Carries out an action and shows its error. @param {() => Promise<any>} action */
  async try(action) {
    try {
      return await action();
    } catch (error) {
      this.notify(errorText(error), true);
    }
    return undefined;
  }

  /** @param {string} tag */
  #pageChanged(tag) {
    this.knownPage ??= tag;
    if (this.knownPage === tag) return;
    // The page reloads when the user does nothing. The drafts are stored.
    const reload = () => { if (document.hidden && !this.uploads?.list.length) location.reload(); };
    document.addEventListener("visibilitychange", reload);
    this.notify(t("new_version"), false, { label: t("reload"), run: () => location.reload() });
  }
  /** @type {string | undefined} */ knownPage;

  async logOut() {
    this.composer.saveDraft();
    await logout(this.sessionSlot).catch(() => {});
    this.#sessionEnded(t("logged_out"));
  }

  /** @param {string} reason */
  #sessionEnded(reason) {
    this.client?.stop();
    sessionStorage.setItem("papo-ended", reason);
    location.reload();
  }

  focusComposer() {
    this.composer?.input.focus();
  }

  // Keys, and files that are dragged onto the page.

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    const control = (event.ctrlKey || event.metaKey) && !event.altKey;
    const key = event.key.toLowerCase();
    const isTyping = event.target instanceof HTMLElement && event.target.closest("input, textarea, dialog");
    const action = control && key === "k" ? () => this.openSwitcher()
      : control && key === "f" && !event.shiftKey ? () => this.openSearch("")
      : control && key === "/" ? () => this.openKeys()
      : event.key === "?" && !isTyping && this.settings.letterKeys !== false ? () => this.openKeys()
      : event.key === "F6" ? () => this.#nextRegion(event.shiftKey)
      : event.altKey && event.key === "ArrowUp" ? () => this.#step(-1, event.shiftKey)
      : event.altKey && event.key === "ArrowDown" ? () => this.#step(1, event.shiftKey)
      : event.shiftKey && event.key === "Escape" ? () => this.#markAllRead()
      : event.key === "Escape" && !this.details.hidden && !isTyping ? () => this.closeDetails()
      : null;
    if (!action) return;
    event.preventDefault();
    action();
  }

  /** @param {boolean} isBack */
  #nextRegion(isBack) {
    const open = /** @type {HTMLElement | null} */ (this.sidebar.querySelector("[aria-current]") ?? this.sidebar.querySelector("a, button"));
    const regions = [
      { node: this.sidebar, focus: () => open?.focus() },
      { node: this.timeline, focus: () => this.timeline.focusLog() },
      { node: this.composer, focus: () => this.focusComposer() },
      { node: this.details, focus: () => /** @type {HTMLElement | null} */ (this.details.querySelector("button, input, a"))?.focus() },
    ].filter(({ node }) => !node.hidden);
    const at = regions.findIndex(({ node }) => node.contains(document.activeElement));
    regions[(at + (isBack ? regions.length - 1 : 1)) % regions.length]?.focus();
  }

  /**
   * Opens the next conversation of the list, or the next unread one.
   * @param {number} direction
   * @param {boolean} onlyUnread
   */
  #step(direction, onlyUnread) {
    const links = [...this.sidebar.querySelectorAll("a.item")];
    const at = links.findIndex((link) => link.getAttribute("aria-current"));
    const order = links.map((_, i) => links[(at + direction * (i + 1) + links.length * 2) % links.length]);
    const next = order.find((link) => !onlyUnread || link?.classList.contains("has-unread"));
    const name = next instanceof HTMLElement ? next.dataset.name : undefined;
    if (name) this.go(name);
  }

  /** Read marks only move forward, so they move after the time for "undo". */
  #markAllRead() {
    const unread = [...this.model.conversations.values()].filter((one) => one.unread > 0);
    const before = unread.map((one) => ({ one, unread: one.unread, mentions: one.mentions }));
    const mark = () => { for (const { name, head } of unread) this.client.command({ kind: "markRead", conversation: name, n: head }).catch(() => {}); };
    const timer = setTimeout(mark, UNDO_MS);
    for (const one of unread) Object.assign(one, { unread: 0, mentions: 0 });
    this.model.emit("conversations");
    const undo = () => {
      clearTimeout(timer);
      for (const { one, ...counts } of before) Object.assign(one, counts);
      this.model.emit("conversations");
    };
    this.notify(t("marked_read", { count: unread.length }), false, { label: t("undo"), run: undo });
  }

  /** @param {DragEvent} event */
  #drag(event) {
    if (!event.dataTransfer?.types.includes("Files") || !this.model.open) return;
    event.preventDefault();
    this.main.classList.add("is-dropping");
  }

  /** @param {DragEvent} event */
  #drop(event) {
    const files = [...event.dataTransfer?.files ?? []];
    this.main.classList.remove("is-dropping");
    if (!files.length) return;
    event.preventDefault();
    this.sendFiles(files);
  }

  // Panels and dialogs, which are loaded when they are first opened.

  async openSwitcher() { (await import("./dialogs.js")).openSwitcher(this); }
  async openBrowser() { (await import("./dialogs.js")).openBrowser(this); }
  async openPeople() { (await import("./dialogs.js")).openPeople(this); }
  async openKeys() { (await import("./dialogs.js")).openKeys(this); }
  async openSettings() { (await import("./settings.js")).openSettings(this); }
  async openLevels() { if (this.model.open) (await import("./dialogs.js")).openLevels(this, this.model.open); }
  async openDetails() { (await import("./details.js")).openDetails(this); }
  /** @param {string} query */
  async openSearch(query, onlyMentions = false) { (await import("./search.js")).openSearch(this, query, onlyMentions); }
  /** @param {Row} row */
  async chooseReaction(row) { (await import("./dialogs.js")).chooseReaction(this, row); }
  /** @param {Row} row @param {HTMLElement} node */
  async openRowMenu(row, node) { (await import("./dialogs.js")).openRowMenu(this, row, node); }

  closeDetails() {
    this.details.hidden = true;
    this.details.replaceChildren();
    this.showView("chat");
    this.focusComposer();
  }
}
customElements.define("papo-app", App);
