// The panel beside the timeline: the members of a channel with their roles, or the profile of a user.

import { errorText, t } from "../i18n/index.js";
import { block, leave, setChannel } from "./channels.js";
import { fill, h, icon, iconButton } from "./dom.js";
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
  if (name.startsWith("#")) await channelPanel(app, name, body);
  else userPanel(app, name.slice(1), body);
}

/** @param {App} app @param {string} user @param {HTMLElement} body */
function userPanel(app, user, body) {
  if (user === "") return fill(body, h("p", {}, t("everybody_hint")));
  const known = app.model.users.get(user);
  const isBlocked = app.model.blocked.has(user);
  return fill(body,
    h("p", { class: "member" }, h("b", {}, ...visible(user)), ...nameMarks(known)),
    h("p", {}, h("span", { class: `dot is-${known?.state ?? "offline"}` }), " ", t(`state_${known?.state ?? "offline"}`),
      known?.seen ? ` · ${t("last_seen", { when: fullTime(known.seen) })}` : ""),
    h("button", { type: "button", onclick: async () => { await block(app, user, !isBlocked); userPanel(app, user, body); } }, t(isBlocked ? "unblock" : "block")));
}

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
  return fill(body,
    own !== "member" && subjectForm(app, channel),
    inviteForm(app, channel),
    h("ul", { class: "members" }, ...members.map((member) => memberItem(app, channel, member, own, again))),
    h("div", { class: "panel-buttons" },
      own === "owner" && h("button", { type: "button", onclick: () => setChannel(app, { private: !app.model.conversation(channel).isPrivate }) },
        t(app.model.conversation(channel).isPrivate ? "make_public" : "make_private")),
      own === "owner" && h("button", { type: "button", onclick: () => app.try(() => app.client.request("channel.archive", { channel, archived: !app.model.conversation(channel).isArchived })) },
        t(app.model.conversation(channel).isArchived ? "restore_channel" : "archive_channel")),
      h("button", { type: "button", class: "danger", onclick: async () => {
        const { confirmDialog } = await import("./dialogs.js");
        if (await confirmDialog(t("leave_question", { channel: conversationName(channel) }), t("leave"))) leave(app, channel);
      } }, t("leave_channel", { channel: conversationName(channel) }))));
}

/** @param {App} app @param {string} channel */
function inviteForm(app, channel) {
  const input = h("input", { name: "user", "aria-label": t("invite_user"), placeholder: t("invite_user"), autocomplete: "off", autocapitalize: "none", list: "known-users" });
  return h("form", { class: "inline-form", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    const user = input.value.trim().replace(/^@/, "");
    if (user) app.try(async () => {
      await app.client.request("channel.invite", { channel, user });
      input.value = "";
      app.notify(t("done_invite", { user, channel }));
    });
  } }, input, h("datalist", { id: "known-users" }, ...[...app.model.users.keys()].slice(0, 200).map((user) => h("option", { value: user }))),
  h("button", { type: "submit", class: "small primary" }, t("invite")));
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
    ask("channel.role", { role: event.target.value }, t("done_role", { user, channel, role: t(`role_${event.target.value}`) })) },
  ...ROLES.map((one) => h("option", { value: one, selected: one === role }, t(`role_${one}`))));
  return h("li", { class: "member" },
    h("span", { class: `dot is-${state}`, title: t(`state_${state}`) }),
    h("button", { type: "button", class: "member-name", onclick: () => user !== app.model.user && app.go(`@${user}`) }, ...visible(user)),
    ...nameMarks(app.model.users.get(user)),
    select || (role === "member" ? "" : h("span", { class: "role" }, t(`role_${role}`))),
    outranks && h("button", { type: "button", class: "icon-button", "aria-label": t("kick_user", { user }), title: t("kick_user", { user }),
      onclick: () => ask("channel.kick", {}, t("done_kick", { user, channel })) }, icon("close")));
}
