// Lists in a dialog: bans of a channel, blocked users, and the earlier texts of a message.

import { t } from "../i18n/index.js";
import { block } from "./channels.js";
import { fill, h, openDialog } from "./dom.js";
import { conversationName } from "./names.js";
import { visible } from "./text.js";
import { fullTime } from "./time.js";

/** @typedef {import("./app.js").App} App */

/**
 * Loads a list, and shows it in a dialog. Returns false if the request failed.
 * @param {App} app @param {string} title @param {string} empty the sentence for an empty list
 * @param {() => Promise<Node[]>} load
 */
async function listDialog(app, title, empty, load) {
  const list = h("ul", { class: "browse" });
  const items = await app.try(load);
  if (!items) return false;
  fill(list, ...(items.length ? items : [h("li", { class: "is-quiet" }, empty)]));
  openDialog(title, t("close"), list);
  return true;
}

/**
 * A line, and a button that removes it after the action succeeded.
 * @param {string} line @param {string} label @param {() => Promise<any>} run
 */
function removable(line, label, run) {
  const item = h("li", {}, h("div", { class: "browse-text" }, ...visible(line)),
    h("button", { type: "button", class: "small", onclick: async () => { if (await run() !== false) item.remove(); } }, label));
  return item;
}

/** @param {App} app */
export function openBlocks(app) {
  return listDialog(app, t("blocked_users"), t("nobody_blocked"), async () => {
    const blocks = await app.model.list("user.blocks", "users", ({ user }) => user);
    return blocks.map(({ user, at }) => removable(`@${user} · ${fullTime(at)}`, t("unblock"), () => block(app, user, false)));
  });
}

/** The bans of a channel, and a form that bans a user. @param {App} app @param {string} channel */
export async function openBans(app, channel) {
  const shown = conversationName(channel);
  const list = h("ul", { class: "browse" });
  const input = h("input", { type: "text", "aria-label": t("user_to_ban"), placeholder: t("user_to_ban"), autocomplete: "off", autocapitalize: "none", required: true });
  const draw = async () => {
    const bans = await app.model.list("channel.bans", "bans", ({ user }) => user, { channel });
    const items = bans.map(({ user, by, at }) => removable([`@${user}`, by && `@${by}`, at && fullTime(at)].filter(Boolean).join(" · "), t("unban"),
      () => app.try(() => app.client.request("channel.unban", { channel, user }))));
    fill(list, ...(items.length ? items : [h("li", { class: "is-quiet" }, t("no_bans", { channel: shown }))]));
  };
  const form = h("form", { class: "inline-form", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    app.try(async () => {
      const user = input.value.trim().replace(/^@/, "");
      await app.client.request("channel.ban", { channel, user });
      app.notify(t("done_ban", { user, channel: shown }));
      input.value = "";
      await draw();
    });
  } }, input, h("button", { type: "submit", class: "small danger" }, t("ban")));
  const isLoaded = await app.try(draw) !== false;
  if (isLoaded) openDialog(t("bans_of", { channel: shown }), t("close"), list, form);
  return isLoaded;
}

/**
 * The earlier texts of a message, the oldest first.
 * @param {App} app @param {string} conversation @param {number} n
 */
export function openEdits(app, conversation, n) {
  return listDialog(app, t("edits_of", { n }), t("never_edited", { n }), async () => {
    const page = await app.client.history({ conversation, around: n, limit: 1, edits: true });
    const entry = page.entries.find((/** @type {import("../core/api.js").Entry} */ one) => one.n === n);
    return (entry?.amended?.edits ?? []).map((/** @type {{at: number, text: string}} */ { at, text }) => h("li", {}, h("div", { class: "browse-text" },
      h("p", { class: "is-quiet" }, fullTime(at)), h("p", { dir: "auto" }, ...visible(text)))));
  });
}
