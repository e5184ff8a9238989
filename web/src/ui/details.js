// The panel beside the timeline: the members of a channel with their roles, or the profile of a user.

import { errorText, t } from "../i18n/index.js";
import { block, deleteChannel, leave, renameChannel, setChannel } from "./channels.js";
import { fill, h, iconButton } from "./dom.js";
import { conversationName, nameMarks } from "./names.js";
import { visible } from "./text.js";
import { fullTime } from "./time.js";

/** @typedef {import("./app.js").App} App */

const ROLES = ["owner", "moderator", "member"];

/** @param {App} app */
export async function openDetails(app) {
  const name = app.model.open;
  if (!name) return;
  app.details.hidden = false;
  app.details.dataset.panel = "details";
  app.showView("details");
  const body = h("div", { class: "panel-body" });
  fill(app.details, h("header", { class: "panel-head" }, h("h2", {}, name.startsWith("#") ? t("members_of", { channel: conversationName(name) }) : t("details")),
    iconButton("close", t("close"), () => app.closeDetails())), body);
  app.details.querySelector("button")?.focus();
  follow(app);
  await draw(app, name, body);
  // The page has loaded the users some time ago. Who is online now is drawn when they arrive.
  app.model.loadUsers().catch(() => {});
}

/** @param {App} app @param {string} conversation @param {HTMLElement} body */
async function draw(app, conversation, body) {
  if (conversation.startsWith("#")) await channelPanel(app, conversation, body);
  else userPanel(app, conversation.slice(1), body);
}

/** @param {App} app @param {string} user @param {HTMLElement} body */
function userPanel(app, user, body) {
  const exporting = h("button", { type: "button", onclick: () => exportDialog(app, user === "" ? "*" : `@${user}`) }, t("export_conversation"));
  if (user === "") return fill(body, h("p", {}, t("everybody_hint")), exporting);
  const known = app.model.users.get(user);
  const isBlocked = app.model.blocked.has(user);
  return refill(body,
    h("p", { class: "member" }, h("b", {}, ...visible(user)), ...nameMarks(known)),
    h("p", {}, h("span", { class: `dot is-${known?.state ?? "offline"}` }), " ", t(`state_${known?.state ?? "offline"}`),
      known?.seen ? ` · ${t("last_seen", { when: fullTime(known.seen) })}` : ""),
    h("button", { type: "button", onclick: async () => { await block(app, user, !isBlocked); userPanel(app, user, body); } }, t(isBlocked ? "unblock" : "block")),
    h("button", { type: "button", onclick: async () => (await import("./lists.js")).openBlocks(app) }, t("blocked_users")), exporting);
}

/** @param {App} app @param {string} conversation */
const exportDialog = async (app, conversation) => (await import("./export.js")).openExport(app, conversation);

/** @param {App} app @param {string} channel @param {HTMLElement} body */
async function channelPanel(app, channel, body) {
  let members;
  try {
    members = await app.model.list("channel.members", "members", (member) => member.user, { channel });
  } catch (error) {
    return fill(body, h("p", { class: "problem" }, errorText(error)));
  }
  if (app.model.open !== channel || app.details.dataset.panel !== "details") return undefined;
  const own = members.find((member) => member.user === app.model.user)?.role ?? "member";
  members.sort((one, other) => ROLES.indexOf(one.role) - ROLES.indexOf(other.role) || one.user.localeCompare(other.user));
  const again = () => channelPanel(app, channel, body);
  return refill(body,
    own !== "member" && subjectForm(app, channel),
    inviteForm(app, channel),
    linkButton(app),
    h("ul", { class: "members" }, ...members.map((member) => memberItem(app, channel, member, own, again))),
    h("div", { class: "panel-buttons" }, ...channelButtons(app, channel, own)));
}

/**
 * Replaces the nodes of the panel. The focus, typed texts and opened actions stay.
 * @param {HTMLElement} body @param {...(Node | false)} nodes
 */
function refill(body, ...nodes) {
  const nameOf = (/** @type {Element} */ node) => node.getAttribute("aria-label") ?? node.textContent;
  const focused = document.activeElement && body.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  const inputs = [...body.querySelectorAll("input")].filter(({ value, defaultValue }) => value !== defaultValue);
  const opened = [...body.querySelectorAll("[aria-expanded=true]")].map(nameOf);
  fill(body, ...nodes);
  for (const { name, value } of inputs) {
    const input = /** @type {HTMLInputElement | null} */ (body.querySelector(`input[name=${name}]`));
    if (input) input.value = value;
  }
  const controls = /** @type {HTMLElement[]} */ ([...body.querySelectorAll("button, input, select")]);
  for (const control of controls) if (control.ariaExpanded && opened.includes(nameOf(control))) control.click();
  if (focused === null) return;
  const same = controls.find((node) => node.offsetParent && nameOf(node) === focused);
  (same ?? /** @type {HTMLElement | null | undefined} */ (body.parentElement?.querySelector("button")))?.focus();
}

/** @type {WeakSet<App>} the pages whose panel follows the events of its conversation */
const following = new WeakSet();

/** Draws the panel again when its channel or the users change. @param {App} app */
function follow(app) {
  if (following.has(app)) return;
  following.add(app);
  const again = () => {
    const body = /** @type {HTMLElement | null} */ (app.details.querySelector(".panel-body"));
    if (!app.details.hidden && app.details.dataset.panel === "details" && app.model.open && body) draw(app, app.model.open, body);
  };
  app.model.on("members", ({ conversation }) => { if (app.model.open === conversation) again(); });
  app.model.on("users", again);
}

/**
 * What a member may do with a channel, by the role.
 * @param {App} app
 * @param {string} channel
 * @param {string} own
 */
function channelButtons(app, channel, own) {
  const { isPrivate, isArchived } = app.model.conversation(channel);
  const shown = conversationName(channel);
  const button = (/** @type {string} */ label, /** @type {() => unknown} */ run, className = "") => h("button", { type: "button", class: className, onclick: run }, label);
  const rename = h("form", { class: "inline-form", onsubmit: (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const name = String(new FormData(rename).get("name")).trim();
    renameChannel(app, name.startsWith("#") ? name : `#${name}`).then((done) => done !== false && rename.reset());
  } }, h("input", { name: "name", required: true, "aria-label": t("new_name"), placeholder: t("new_name"), autocomplete: "off", maxlength: "33" }), h("button", { type: "submit", class: "small" }, t("rename")));
  const archive = () => app.try(async () => {
    await app.client.request("channel.archive", { channel, archived: !isArchived });
    app.notify(t(isArchived ? "done_restore" : "done_archive", { channel: shown }));
  });
  const leaving = async () => {
    const { confirmDialog } = await import("./dialogs.js");
    if (await confirmDialog(t("leave_question", { channel: shown }), t("leave"))) leave(app, channel);
  };
  return [
    own !== "member" && button(t("bans"), async () => (await import("./lists.js")).openBans(app, channel)),
    ...(own === "owner" ? [rename, button(t(isPrivate ? "make_public" : "make_private"), () => setChannel(app, { private: !isPrivate })),
      button(t(isArchived ? "restore_channel" : "archive_channel"), archive)] : []),
    button(t("export_conversation"), () => exportDialog(app, channel)),
    own === "owner" && button(t("delete_channel"), () => deleteChannel(app, channel), "danger"),
    button(t("leave_channel", { channel: shown }), leaving, "danger"),
  ];
}

/** @param {App} app @param {string} channel */
function inviteForm(app, channel) {
  const input = h("input", { name: "user", "aria-label": t("invite_user"), placeholder: t("invite_user"), autocomplete: "off", autocapitalize: "none", list: "known-users" });
  return h("form", { class: "inline-form", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    const user = input.value.trim().replace(/^@/, "");
    if (user) app.client.request("channel.invite", { channel, user }).then(() => {
      input.value = "";
      app.notify(t("done_invite", { user, channel }));
    }, (error) => {
      const isUnknown = error?.error?.data?.reason === "no_such_user";
      app.notify(isUnknown ? `${errorText(error)}. ${t("invite_by_link_hint")}` : errorText(error), true);
    });
  } }, input, h("datalist", { id: "known-users" }, ...[...app.model.users.keys()].slice(0, 200).map((user) => h("option", { value: user }))),
  h("button", { type: "submit", class: "small primary" }, t("invite")));
}

/** @type {WeakSet<App>} the pages whose user is an administrator: the server knows it */
const administered = new WeakSet();

/** Administrators create links for people without an account. @param {App} app */
function linkButton(app) {
  const button = h("button", { type: "button", hidden: !administered.has(app), onclick: () => app.openSettings("invite") }, t("invite_by_link"));
  if (button.hidden) {
    app.client.request("admin.stats", {}).then(() => {
      administered.add(app);
      button.hidden = false;
    }, () => {});
  }
  return button;
}

/** @param {App} app @param {string} channel */
function subjectForm(app, channel) {
  const input = h("input", { name: "subject", "aria-label": t("subject"), placeholder: t("subject"), autocomplete: "off", value: app.model.conversation(channel).subject ?? "" });
  return h("form", { class: "inline-form", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    setChannel(app, { subject: input.value.trim() }).then((done) => done !== false && app.notify(t("done_topic", { channel: conversationName(channel) })));
  } }, input, h("button", { type: "submit", class: "small" }, t("save")));
}

/**
 * @param {App} app
 * @param {string} channel
 * @param {{user: string, role: string}} member
 * @param {string} own
 * @param {() => void} again
 */
function memberItem(app, channel, { user, role }, own, again) {
  const state = app.model.users.get(user)?.state ?? "offline";
  const outranks = user !== app.model.user && ROLES.indexOf(own) < ROLES.indexOf(role);
  const ask = (/** @type {string} */ method, /** @type {Record<string, unknown>} */ params, /** @type {string} */ done) =>
    app.try(async () => { await app.client.request(method, { channel, user, ...params }); app.notify(done); again(); });
  const select = own === "owner" && h("select", { "aria-label": t("role_of", { user }), onchange: (/** @type {any} */ event) =>
    ask("channel.role", { role: event.target.value }, t("done_role", { user, channel: conversationName(channel), role: t(`role_${event.target.value}`) })) },
  ...ROLES.map((one) => h("option", { value: one, selected: one === role }, t(`role_${one}`))));
  const isBlocked = app.model.blocked.has(user);
  const button = (/** @type {string} */ label, /** @type {() => unknown} */ run, className = "small") => h("button", { type: "button", class: className, onclick: run }, label);
  const actions = h("div", { class: "member-actions", hidden: true },
    button(t("new_direct"), () => app.go(`@${user}`)),
    button(t(isBlocked ? "unblock" : "block"), async () => { await block(app, user, !isBlocked); again(); }),
    outranks && button(t("kick"), () => ask("channel.kick", {}, t("done_kick", { user, channel: conversationName(channel) })), "small danger"),
    outranks && button(t("ban"), () => ask("channel.ban", {}, t("done_ban", { user, channel: conversationName(channel) })), "small danger"));
  const more = iconButton("more", t("actions_for", { user }), () => {
    actions.hidden = !actions.hidden;
    more.setAttribute("aria-expanded", String(!actions.hidden));
  });
  more.setAttribute("aria-expanded", "false");
  return h("li", {}, h("div", { class: "member" },
    h("span", { class: `dot is-${state}`, title: t(`state_${state}`) }),
    h("button", { type: "button", class: "member-name", onclick: () => user !== app.model.user && app.go(`@${user}`) }, ...visible(user)),
    ...nameMarks(app.model.users.get(user)),
    isBlocked && h("span", { class: "role" }, t("blocked_mark")),
    select || (role === "member" ? "" : h("span", { class: "role" }, t(`role_${role}`))),
    user !== app.model.user && more), actions);
}
