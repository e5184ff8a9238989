// The settings: language, theme, notifications, keys, sessions, password, and the way out.

import { LANGUAGES, errorText, language, t } from "../i18n/index.js";
import { logOutAndDelete, setDisplayName } from "./account.js";
import { linkTo } from "./address.js";
import { setLevel } from "./channels.js";
import { fill, h, iconButton, openDialog } from "./dom.js";
import { field } from "./entrance.js";
import { conversationName } from "./names.js";
import { isCompact, setAppearance, theme } from "./theme.js";
import { copyText, visible } from "./text.js";
import { canPush, setPush } from "./push.js";
import { fullTime } from "./time.js";

/** @typedef {import("./app.js").App} App */

/** @param {App} app @param {"password" | "sessions" | "invite"} [part] the part that is open */
export function openSettings(app, part) {
  const check = (/** @type {string} */ label, /** @type {boolean} */ checked, /** @type {(isOn: boolean) => void} */ change) =>
    h("label", { class: "check" }, h("input", { type: "checkbox", checked, onchange: (/** @type {any} */ event) => change(event.target.checked) }), label);
  const select = (/** @type {string} */ label, /** @type {[string, string][]} */ options, /** @type {string} */ value, /** @type {(value: string) => void} */ change) =>
    h("label", { class: "field" }, h("span", {}, label), h("select", { onchange: (/** @type {any} */ event) => change(event.target.value) },
      ...options.map(([key, name]) => h("option", { value: key, selected: key === value }, name))));
  const administration = h("button", { type: "button", hidden: true, onclick: () => app.try(async () => (await import("./admin.js")).openAdmin(app)) }, t("administration"));
  const push = check(t("push_notifications"), app.settings.push === true, async (isOn) => {
    await app.try(() => setPush(app, isOn));
    push.querySelector("input").checked = app.settings.push === true;
  });
  const hint = h("p", { class: "hint" }, t(`level_${app.model.levelOfAll}_hint`));
  const sharing = check(t("share_reads"), false, (isOn) => app.try(() => app.client.request("read.share", { shared: isOn })));
  app.client.request("read.peer", { user: app.model.user }).then(({ shared }) => { sharing.querySelector("input").checked = shared === true; }, () => {});
  // The server knows who is an administrator.
  app.client.request("admin.stats", {}).then(() => { administration.hidden = false; }, () => {});
  openDialog(t("settings"), t("close"),
    h("p", {}, t("you_are", { user: app.model.user })),
    select(t("language"), Object.entries(LANGUAGES), language(), (value) => changeLanguage(app, value)),
    select(t("theme"), [["system", t("theme_system")], ["light", t("theme_light")], ["dark", t("theme_dark")]], theme(), (value) => setAppearance("papo-theme", value)),
    select(t("density"), [["normal", t("density_normal")], ["compact", t("density_compact")]], isCompact() ? "compact" : "normal", (value) => setAppearance("papo-density", value)),
    select(t("enter_key"), [["send", t("enter_sends")], ["line", t("enter_breaks")]], app.settings.enterSends === false ? "line" : "send", (value) => app.saveSettings({ enterSends: value === "send" })),
    check(t("browser_notifications"), app.settings.notifications === true, async (isOn) => {
      if (isOn && "Notification" in window && Notification.permission !== "granted") await Notification.requestPermission();
      app.saveSettings({ notifications: isOn });
    }),
    canPush() && push, canPush() && h("p", { class: "hint" }, t("push_hint")),
    !window.isSecureContext && h("p", { class: "hint" }, t("insecure_context")),
    select(t("level_of_everything"), levelOptions(), app.model.levelOfAll, (value) => { hint.textContent = t(`level_${value}_hint`); setLevel(app, null, value); }), hint,
    sharing,
    check(t("letter_keys"), app.settings.letterKeys !== false, (isOn) => app.saveSettings({ letterKeys: isOn })),
    check(t("remove_camera_data"), app.settings.removesCameraData === true, (isOn) => app.saveSettings({ removesCameraData: isOn })),
    nameForm(app), levelList(app), inviteLink(app, part === "invite"), passwordForm(app, part === "password"), sessionList(app, part === "sessions"),
    h("div", { class: "dialog-links" }, installButton(), h("button", { type: "button", onclick: async () => (await import("./lists.js")).openBlocks(app) }, t("blocked_users")), administration),
    h("div", { class: "dialog-buttons" },
      h("a", { class: "button", href: "/?new", target: "_blank" }, t("other_account")),
      h("button", { type: "button", onclick: () => app.openKeys() }, t("keys")),
      h("button", { type: "button", onclick: () => app.logOut() }, t("log_out")),
      h("button", { type: "button", class: "danger", onclick: () => logOutAndDelete(app) }, t("log_out_and_delete"))));
}

/** Installs the page as an application, if the browser offers that. */
function installButton() {
  const { installOffer } = /** @type {any} */ (globalThis);
  return installOffer && h("button", { type: "button", onclick: () => installOffer.prompt() }, t("install"));
}

/** @returns {[string, string][]} */
const levelOptions = () => ["all", "mentions", "none"].map((level) => [level, t(`level_${level}`)]);

/** The notification level of each conversation. @param {App} app */
function levelList(app) {
  const names = [...app.model.conversations.values()].sort((one, other) => conversationName(one.name).localeCompare(conversationName(other.name)));
  return h("details", { class: "fold" }, h("summary", {}, t("levels_of_conversations")),
    h("ul", { class: "sessions" }, ...names.map(({ name, level }) => h("li", {}, h("span", { class: "browse-text" }, ...visible(conversationName(name))),
      h("select", { class: "level", "aria-label": t("notifications_of", { conversation: conversationName(name) }), onchange: (/** @type {any} */ event) => setLevel(app, name, event.target.value) },
        ...["all", "mentions", "none"].map((one) => h("option", { value: one, selected: one === level }, t(`level_${one}`))))))));
}

/**
 * Loads the page in another language. The settings and the reading position are there again.
 * @param {App} app @param {string} language
 */
function changeLanguage(app, language) {
  localStorage.setItem("papo-language", language);
  sessionStorage.setItem("papo-settings", "open");
  // On a narrow screen, the list of conversations hides the messages.
  app.showView("chat");
  const { isFollowing, list, log } = app.timeline;
  const box = log.getBoundingClientRect();
  // A row of the address is shown at this height.
  const target = [...list.children].find((row) => row.getBoundingClientRect().bottom > box.top + box.height * 0.3);
  if (app.model.open) history.replaceState(null, "", linkTo(app.model.open, isFollowing ? undefined : Number(target?.dataset.n)));
  app.reload();
}

/** A link with a join code, which administrators of the node create. @param {App} app @param {boolean} isOpen */
function inviteLink(app, isOpen) {
  const link = h("div", { class: "inline-form" });
  const note = h("p", { class: "hint", role: "status" });
  return h("details", { class: "fold", open: isOpen }, h("summary", {}, t("invite_colleagues")),
    h("button", { type: "button", onclick: async () => {
      try {
        const { code } = await app.client.request("join_code.create", { uses: 10, days: 7 });
        const address = `${location.origin}/#join=${code}`;
        const copy = iconButton("copy", t("copy_link"), async () => {
          await copyText(address);
          copy.classList.add("is-done");
        });
        fill(link, h("code", { class: "browse-text" }, address), copy);
        note.textContent = t("invite_link_hint");
      } catch (error) {
        note.textContent = errorText(error);
      }
    } }, t("make_link")), note, link);
}

/** @param {App} app */
function nameForm(app) {
  const shown = app.model.users.get(app.model.user)?.displayName ?? "";
  const name = field("display-name", t("display_name"), { autocomplete: "name", maxlength: "64", value: shown });
  return h("form", { class: "name-form", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    setDisplayName(app, /** @type {HTMLInputElement} */ (name.querySelector("input")).value.trim());
  } }, name, h("button", { type: "submit", class: "small" }, t("save")));
}

/** @param {App} app @param {boolean} isOpen */
function passwordForm(app, isOpen) {
  const old = field("old", t("password"), { type: "password", autocomplete: "current-password", required: true });
  const fresh = field("fresh", t("new_password"), { type: "password", autocomplete: "new-password", required: true });
  const note = h("p", { role: "status" });
  return h("details", { class: "fold", open: isOpen }, h("summary", {}, t("change_password")),
    h("form", { onsubmit: async (/** @type {Event} */ event) => {
      event.preventDefault();
      const value = (/** @type {Element} */ label) => /** @type {HTMLInputElement} */ (label.querySelector("input")).value;
      try {
        const answer = await app.client.command({ kind: "changePassword", password: value(old), newPassword: value(fresh) });
        note.textContent = t("password_changed", { count: answer.kind === "sessionsEnded" ? answer.count : 0 });
      } catch (error) {
        note.textContent = errorText(error);
      }
    } }, old, fresh, h("button", { type: "submit" }, t("change_password")), note));
}

/** @param {App} app @param {boolean} isOpen */
function sessionList(app, isOpen) {
  const list = h("ul", { class: "sessions" });
  const endOthers = h("button", { type: "button", class: "small danger", hidden: true, onclick: () => app.try(async () => {
    const { ended } = await app.client.request("session.revoke", {});
    app.notify(t("other_sessions_ended", { count: ended }));
    await load();
  }) }, t("end_other_sessions"));
  const load = async () => {
    const { sessions } = await app.client.request("session.list", {});
    endOthers.hidden = sessions.length < 2;
    list.replaceChildren(...sessions.map((/** @type {any} */ one) => h("li", {},
      h("span", {}, t("session_line", { opened: fullTime(one.opened) }), one.current ? ` · ${t("this_session")}` : ""),
      one.current ? "" : h("button", { type: "button", class: "small", onclick: () => app.try(() => app.client.request("session.revoke", { session: one.session })).then(load) }, t("end_session")))));
  };
  return h("details", { class: "fold", open: isOpen, ontoggle: () => { if (!list.firstChild) app.try(load); } }, h("summary", {}, t("sessions")), list, endOthers);
}
