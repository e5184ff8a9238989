// Three tabs of the administration: users with their quotas, channels, and sessions.

import { language, t } from "../i18n/index.js";
import { action, filteredItems, folded, line, mark, quiet, secret } from "./admin_parts.js";
import { confirmDialog } from "./dialogs.js";
import { h } from "./dom.js";
import { join } from "./joining.js";
import { visible } from "./text.js";
import { fullTime, sizeText } from "./time.js";

/** @typedef {import("./app.js").App} App */
/** @import { Tab } from "./admin.js" */

/** @param {App} app @returns {Tab[]} */
export function peopleTabs(app) {
  return [
    { name: "users", label: t("tab_users"), draw: (filter) => users(app, filter) },
    { name: "channels", label: t("channels"), draw: (filter) => channels(app, filter) },
    { name: "sessions", label: t("sessions"), draw: (filter) => sessions(app, filter) },
  ];
}

/** @param {App} app @param {string} filter */
async function users(app, filter) {
  const all = [];
  let page;
  do {
    page = await app.client.request("admin.users", { files: true, ...(page ? { after: all.at(-1).user } : {}) });
    all.push(...page.users);
  } while (page.more && page.users.length);
  const quota = Number(page.quota_bytes) || 0;
  return filteredItems(all, ({ user }) => `${user} ${app.model.users.get(user)?.displayName ?? ""}`, (user) => userLine(app, user, quota), filter);
}

/**
 * A user with the actions. The line is drawn again after each of them.
 * @param {App} app @param {any} account @param {number} quota
 */
function userLine(app, account, quota) {
  const { user } = account;
  const info = app.model.users.get(user);
  const isBot = info?.isBot === true;
  const result = h("div", {});
  const change = (/** @type {() => Promise<string>} */ run) => app.try(async () => {
    app.notify(await run());
    const fresh = userLine(app, account, quota);
    node.replaceWith(fresh);
    fresh.querySelector("details").open = true;
    fresh.querySelector("summary").focus();
  });
  const disable = () => change(async () => {
    const disabled = !account.disabled;
    const { ended } = await app.client.request("admin.disable", { user, disabled });
    Object.assign(account, { disabled, sessions: disabled ? 0 : account.sessions });
    return disabled ? t("done_disable", { user, count: ended }) : t("done_enable", { user });
  });
  const endSessions = () => change(async () => {
    const { ended } = await app.client.request("session.revoke", { user });
    Object.assign(account, { sessions: 0 });
    return t("done_end_sessions", { user, count: ended });
  });
  const promote = () => change(async () => {
    const administrator = !account.administrator;
    await app.client.request("admin.promote", { user, administrator });
    Object.assign(account, { administrator });
    return t(administrator ? "done_promote" : "done_demote", { user });
  });
  const reset = () => app.try(async () => {
    const { code, expires } = await app.client.request("admin.reset_password", { user });
    result.replaceChildren(secret(t("reset_code_of", { user, until: fullTime(expires) }), code));
  });
  const remove = async () => {
    const erase = h("input", { type: "checkbox", name: "erase" });
    if (!await confirmDialog(t("delete_account_question", { user }), t("delete"), h("label", { class: "check" }, erase, t("erase_too")))) return;
    app.try(async () => {
      await app.client.request("account.delete", { user, ...(erase.checked ? { erase: true } : {}) });
      app.notify(t("done_delete_account", { user }));
      node.remove();
    });
  };
  const used = Number(account.file_bytes) || 0;
  const space = h("span", {}, t("space_of", { used: sizeText(used), quota: sizeText(quota) }), " ",
    h("meter", { class: "meter", min: "0", max: String(Math.max(quota, 1)), value: String(used), high: String(quota * 0.9), "aria-label": t("quota") }));
  const node = folded([h("b", {}, ...visible(user)), !!info?.displayName && quiet(info.displayName)],
    [account.administrator && mark(t("administrator"), "is-good"), account.disabled && mark(t("disabled"), "is-danger"), isBot && mark(t("bot"))],
    [[t("registered"), fullTime(account.since)], [t("sessions"), String(account.sessions)], [t("quota"), space]],
    [action(t(account.disabled ? "enable" : "disable"), disable), action(t(account.administrator ? "demote" : "promote"), promote),
      account.sessions > 0 && user !== app.model.user && action(t("end_all_sessions"), endSessions),
      !isBot && action(t("new_reset_code"), reset), action(t("delete_account"), remove, "small danger")]);
  node.querySelector(".record-body").append(result);
  return node;
}

/** @param {App} app @param {string} filter */
async function channels(app, filter) {
  const all = await app.model.list("admin.channels", "channels", ({ channel }) => channel);
  const count = (/** @type {number} */ n) => n.toLocaleString(language());
  const open = (/** @type {any} */ channel) => {
    /** @type {HTMLDialogElement | null} */ (document.querySelector("dialog.admin"))?.close();
    const isMember = app.model.conversations.get(channel.channel)?.role;
    return isMember ? app.go(channel.channel) : join(app, channel.channel);
  };
  return filteredItems(all, ({ channel, name = "" }) => `${channel} ${name}`, (channel) => {
    const isMember = Boolean(app.model.conversations.get(channel.channel)?.role);
    return folded([h("b", {}, ...visible(channel.name ?? channel.channel)), !!channel.name && quiet(channel.channel)],
      [channel.private === true && mark(t("private"))],
      [[t("created_at"), fullTime(channel.since)], [t("owner"), channel.owner ?? t("no_owner")], [t("members"), count(channel.members)], [t("events"), count(channel.n)]],
      [action(t(isMember ? "open" : "join"), () => open(channel))]);
  }, filter);
}

/** @param {App} app @param {string} filter */
async function sessions(app, filter) {
  // A page begins after the last user of the page before it.
  const all = await app.model.list("admin.sessions", "sessions", ({ user }) => user);
  all.sort((one, other) => one.user.localeCompare(other.user) || other.opened - one.opened);
  return [h("p", { class: "hint" }, t("sessions_hint")), ...filteredItems(all, ({ user }) => user, ({ user, session, opened, expires }) => {
    const end = action(t("end_session"), () => app.try(async () => {
      const { ended } = await app.client.request("session.revoke", { user, session });
      app.notify(t("done_end_sessions", { user, count: ended }));
      end.closest("li")?.remove();
    }), "small danger");
    end.setAttribute("aria-label", t("end_session_of", { user, opened: fullTime(opened) }));
    // The settings of the page end the sessions of its own user.
    const isOwn = user === app.model.user;
    return line([h("b", {}, ...visible(user)), quiet(t("session_times", { opened: fullTime(opened), expires: fullTime(expires) }))], !isOwn && end);
  }, filter)];
}
