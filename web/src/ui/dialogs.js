// The dialogs of the chat. They are loaded when the first one is opened.

import { t } from "../i18n/index.js";
import { block, create, setLevel } from "./channels.js";
import { fill, h, icon, openDialog } from "./dom.js";
import { join } from "./joining.js";
import { copyLink, deleteMessage, loadCommands, mayDelete, react, startEdit, startReply } from "./messages.js";
import { conversationName, isNamed, nameMarks, shownUnread } from "./names.js";
import { copyText, plainLine, visible } from "./text.js";

/** @import { Row } from "./rows.js" */
/** @typedef {import("./app.js").App} App */

/** @param {string} question @param {string} yes @param {...Node} options @returns {Promise<boolean>} */
export function confirmDialog(question, yes, ...options) {
  return new Promise((resolve) => {
    let isConfirmed = false;
    const dialog = openDialog(question, t("close"), ...options, h("div", { class: "dialog-buttons" },
      h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")),
      h("button", { type: "button", class: "danger", autofocus: true, onclick: () => { isConfirmed = true; dialog.close(); } }, yes)));
    dialog.addEventListener("close", () => resolve(isConfirmed));
  });
}

/** Asks before a message is deleted, and shows its first line. @param {Row} row */
export function confirmDelete(row) {
  const shown = row.kind === "file" ? row.event?.name ?? "" : plainLine(row.text);
  return confirmDialog(t("delete_question", { n: row.n }), t("delete"), h("p", { class: "is-quiet", dir: "auto" }, ...visible(shown)));
}

/**
 * A field with a list below it. The arrow keys choose, Enter opens.
 * @param {string} label @param {(query: string) => {key: string, content: (Node | string)[], run: () =>
 * void}[]} find
 * @param {() => void} close
 */
function filteredList(label, find, close) {
  let at = 0;
  /** @type {ReturnType<typeof find>} */
  let items = [];
  const list = h("ul", { class: "pick-list", role: "listbox", id: "pick-list", "aria-label": label });
  const input = h("input", {
    type: "search", class: "pick-input", placeholder: label, "aria-label": label, role: "combobox", autocomplete: "off",
    "aria-expanded": "true", "aria-controls": "pick-list", autofocus: true,
  });
  const run = (/** @type {number} */ i) => { const item = items[i]; if (item) { close(); item.run(); } };
  const draw = () => {
    items = find(input.value.trim().toLowerCase());
    at = Math.max(0, Math.min(at, items.length - 1));
    fill(list, ...items.map((item, i) => h("li", {
      role: "option", id: `pick-${i}`, "aria-selected": i === at, class: i === at ? "is-selected" : "", onclick: () => run(i),
    }, ...item.content)));
    if (items.length) input.setAttribute("aria-activedescendant", `pick-${at}`);
    else input.removeAttribute("aria-activedescendant");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  input.addEventListener("input", () => { at = 0; draw(); });
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    const moves = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 });
    const move = moves[event.key];
    if (move) at = (at + move + items.length) % Math.max(1, items.length);
    else if (event.key !== "Enter") return;
    event.preventDefault();
    if (event.key === "Enter") run(at);
    else draw();
  });
  draw();
  return { nodes: [input, list], draw };
}

/**
 * Whether a search finds a user: the name contains the text, or a word of the display name begins with it.
 * @param {string} user @param {import("./names.js").UserInfo | undefined} info @param {string} text in small letters
 */
export const isFound = (user, info, text) => user.includes(text) || isNamed(user, info, text);

/** Ctrl+K: open any conversation or user. @param {App} app */
export function openSwitcher(app) {
  if (document.querySelector("dialog[open]")) return;
  const { model } = app;
  const find = (/** @type {string} */ query) => {
    const isKnown = (/** @type {string} */ name) => conversationName(name).toLowerCase().includes(query)
      || (name.startsWith("@") && isFound(name.slice(1), model.users.get(name.slice(1)), query.replace(/^@/, "")));
    const marksOf = (/** @type {string} */ name) => name.startsWith("@") ? nameMarks(model.users.get(name.slice(1))) : [];
    const known = [...model.conversations.values()].map((one) => ({ name: one.name, unread: shownUnread(one, model.levelOfAll), mentions: one.mentions }));
    const others = [...model.users.keys()].map((user) => ({ name: `@${user}`, unread: 0, mentions: 0 }))
      .filter(({ name }) => !model.conversations.has(name) && name !== `@${model.user}`);
    return [...known, ...others]
      .filter(({ name }) => isKnown(name))
      .sort((one, other) => other.mentions - one.mentions || other.unread - one.unread || one.name.localeCompare(other.name))
      .slice(0, 50)
      .map(({ name, unread }) => ({
        key: name, run: () => app.go(name),
        content: [h("span", { class: "item-name" }, ...visible(conversationName(name)), " ", ...marksOf(name)), unread ? h("span", { class: "badge" }, String(unread)) : ""],
      }));
  };
  const { nodes } = filteredList(t("switcher_hint"), find, () => dialog.close());
  const dialog = openDialog(t("switcher"), t("close"), ...nodes);
}

/** Browse channels, join one, or create one. @param {App} app */
export async function openBrowser(app) {
  const list = h("ul", { class: "browse" });
  const name = h("input", { name: "channel", "aria-label": t("channel_name"), placeholder: t("channel_name"), autocomplete: "off", required: true, maxlength: "33", autofocus: true });
  const isPrivate = h("input", { type: "checkbox", name: "private" });
  const form = h("form", { class: "create", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    const channel = name.value.trim();
    dialog.close();
    create(app, channel.startsWith("#") ? channel : `#${channel}`, isPrivate.checked);
  } },
  h("h3", {}, t("create_channel")),
  h("div", { class: "create-row" }, name, h("label", { class: "check" }, isPrivate, t("private")), h("button", { type: "submit", class: "primary" }, t("create"))));
  const dialog = openDialog(t("browse_channels"), t("close"), list, form);
  const channels = await app.try(() => app.model.loadChannels());
  if (!channels) return;
  if (!channels.length) fill(list, h("li", { class: "is-quiet" }, t("no_channels")));
  else fill(list, ...channels.map((/** @type {any} */ channel) => h("li", {},
    h("div", { class: "browse-text" },
      h("b", {}, ...visible(conversationName(channel.channel))), channel.private ? h("span", { class: "is-quiet" }, ` ${t("private")}`) : "",
      h("p", { class: "is-quiet", dir: "auto" }, ...visible(channel.subject ?? ""), channel.subject ? " · " : "", t("member_count", { count: channel.members }))),
    h("button", { type: "button", class: channel.role ? "small" : "small primary", "aria-label": `${t(channel.role ? "open" : "join")} ${conversationName(channel.channel)}`, onclick: () => {
      dialog.close();
      if (channel.role) app.go(channel.channel);
      else join(app, channel.channel);
    } }, t(channel.role ? "open" : "join")))));
}

/** A new direct message. @param {App} app */
export async function openPeople(app) {
  const { model } = app;
  const find = (/** @type {string} */ query) => [...model.users.entries()]
    .filter(([user, info]) => user !== model.user && isFound(user, info, query.replace(/^@/, "")))
    .slice(0, 100)
    .map(([user, info]) => ({
      key: user, run: () => app.go(`@${user}`),
      content: [h("span", { class: `dot is-${info.state}` }), h("span", { class: "item-name" }, ...visible(user), " ", ...nameMarks(info)),
        h("span", { class: "is-quiet" }, t(`state_${info.state}`))],
    }));
  const { nodes, draw } = filteredList(t("find_person"), find, () => dialog.close());
  const dialog = openDialog(t("new_direct"), t("close"), ...nodes);
  await app.try(() => model.loadUsers());
  draw();
}

/** The keys and the commands. @param {App} app */
export async function openKeys(app) {
  const { COMMANDS, botCommands } = await loadCommands();
  const ofBots = (await botCommands(app)).flatMap(({ name, usage = "", description, bot }) => [
    h("dt", {}, h("code", {}, ...visible(`/${name} ${usage}`.trim()))), h("dd", {}, ...visible(`${description} (@${bot})`))]);
  if (document.querySelector("dialog[open]")) return;
  const keys = [
    ["Ctrl+K", "key_switcher"], ["Ctrl+F", "key_search"], ["F6", "key_regions"], ["Alt+↑ ↓", "key_step"], ["Alt+Shift+↑ ↓", "key_step_unread"],
    ["Shift+Esc", "key_all_read"], ["↑", "key_edit_last"], ["Enter", "key_send"], ["Shift+Enter", "key_new_line"], ["↑ ↓ Home End", "key_log"],
    ["Enter", "key_menu"], ["R", "key_reply"], ["+", "key_react"], ["E", "key_edit"], ["Del", "key_delete"], ["C", "key_link"], ["N", "key_unread"],
    ["Esc", "key_escape"], ["Ctrl+/ ?", "key_help"],
  ];
  const dialog = openDialog(t("keys"), t("close"),
    h("dl", { class: "keys" }, ...keys.flatMap(([key = "", name = ""]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(name))])),
    h("h3", {}, t("commands")),
    h("dl", { class: "keys" }, ...COMMANDS.flatMap(({ name }) => [
      h("dt", {}, h("code", {}, `/${name} ${t(`command_${name}_arguments`)}`.trim())), h("dd", {}, t(`command_${name}`))]), ...ofBots));
  // The arrow keys scroll the list, which has no other control.
  /** @type {HTMLElement | null} */ (dialog.querySelector(".dialog-body"))?.setAttribute("tabindex", "0");
}

/** The notification level of a conversation. @param {App} app @param {string} name */
export function openLevels(app, name) {
  const { level } = app.model.conversation(name);
  const options = ["all", "mentions", "none"].map((value) => h("label", { class: "check" },
    h("input", { type: "radio", name: "level", value, checked: value === level, onchange: () => { dialog.close(); setLevel(app, name, value); } }),
    h("span", {}, t(`level_${value}`), h("span", { class: "is-quiet" }, ` — ${t(`level_${value}_hint`)}`))));
  const dialog = openDialog(t("notifications_of", { conversation: conversationName(name) }), t("close"), h("div", { class: "choices-column" }, ...options));
}

/** @param {App} app @param {Row} row */
export async function chooseReaction(app, row) {
  const conversation = app.here();
  const { openPicker } = await import("./emoji.js");
  await openPicker(t("react_to", { n: row.n }), (emoji) => react(app, conversation, row, emoji));
}

/** Inserts an emoji into the text of the composer. @param {App} app */
export async function openEmoji(app) {
  const { openPicker } = await import("./emoji.js");
  await openPicker(t("emoji"), (emoji) => app.composer.insert(emoji));
}

/**
 * The menu of a row: its actions, by keys and by pointer.
 * @param {App} app
 * @param {Row} row
 * @param {HTMLElement} node
 */
export function openRowMenu(app, row, node) {
  document.querySelector(".row-menu")?.remove();
  const isOwn = row.from === app.model.user;
  const isBlocked = app.model.blocked.has(row.from);
  const items = [
    !row.isDeleted && { label: t("reply"), key: "R", name: /** @type {const} */ ("reply"), run: () => startReply(app, row) },
    !row.isDeleted && { label: t("react"), key: "+", name: /** @type {const} */ ("react"), run: () => app.chooseReaction(row) },
    isOwn && row.kind === "message" && !row.isDeleted && { label: t("edit"), key: "E", name: /** @type {const} */ ("edit"), run: () => startEdit(app, row) },
    row.text && { label: t("copy_text"), key: "", name: /** @type {const} */ ("copy"), run: () => copyText(row.text) },
    row.kind === "file" && !row.isDeleted && { label: t("copy_file_link"), key: "", name: /** @type {const} */ ("file"), run: async () => (await import("./file_link.js")).copyFileLink(app, row.n) },
    { label: t("copy_link"), key: "C", name: /** @type {const} */ ("copy"), run: () => copyLink(app, row) },
    !isOwn && { label: t(isBlocked ? "unblock_user" : "block_user", { user: row.from }), key: "", name: /** @type {const} */ ("lock"), run: () => block(app, row.from, !isBlocked) },
    mayDelete(app, row) && { label: t("delete"), key: "Del", name: /** @type {const} */ ("trash"), run: () => deleteMessage(app, row) },
  ].filter((item) => !!item);
  const close = (/** @type {boolean} */ focusRow) => {
    menu.remove();
    document.removeEventListener("pointerdown", outside);
    if (focusRow) node.focus({ preventScroll: true });
  };
  const outside = (/** @type {Event} */ event) => { if (!menu.contains(/** @type {Node} */ (event.target))) close(false); };
  const menu = h("div", { class: "row-menu", role: "menu", "aria-label": t("message_actions", { n: row.n }) }, ...items.map((item) =>
    h("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => { close(true); item.run(); } }, icon(item.name), h("span", {}, item.label), h("kbd", { "aria-hidden": "true" }, item.key))));
  menu.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const buttons = [...menu.children];
    const at = buttons.indexOf(/** @type {Element} */ (document.activeElement));
    const moves = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: buttons.length - 1 });
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") close(true);
    else if (event.key in moves) buttons[(at + (moves[event.key] ?? 0)) % buttons.length]?.focus();
    else return;
    event.preventDefault();
  });
  node.append(menu);
  // A low row has its menu above the pointer, which then is on no entry.
  const end = node.closest(".log")?.getBoundingClientRect().bottom ?? 0;
  if (menu.getBoundingClientRect().bottom > end) menu.classList.add("is-above");
  menu.firstElementChild?.focus();
  menu.scrollIntoView({ block: "nearest" });
  document.addEventListener("pointerdown", outside);
}
