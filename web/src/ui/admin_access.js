// Three tabs of the administration: join codes, webhooks, and tokens of bots.

import { t } from "../i18n/index.js";
import { action, folded, line, mark, quiet, secret } from "./admin_parts.js";
import { h } from "./dom.js";
import { field } from "./entrance.js";
import { conversationName } from "./names.js";
import { visible } from "./text.js";
import { fullTime } from "./time.js";

/** @typedef {import("./app.js").App} App */
/** @import { Tab } from "./admin.js" */

/** @param {App} app @returns {Tab[]} */
export function accessTabs(app) {
  return [
    { name: "codes", label: t("tab_codes"), draw: () => codes(app) },
    { name: "hooks", label: t("tab_hooks"), draw: () => hooks(app) },
    { name: "bots", label: t("tab_bots"), draw: () => bots(app) },
  ];
}

/**
 * The values of a form by the names of its fields.
 * @param {HTMLFormElement} form
 * @returns {Record<string, string>}
 */
const valuesOf = (form) => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));

/**
 * A form above a list. After each creation, the result is shown and the list is loaded again.
 * @param {App} app @param {string} title @param {Node[]} fields
 * @param {(values: Record<string, string>) => Promise<(Node | false | undefined)[]>} create
 * @param {() => Promise<Node[]>} load
 */
async function createAndList(app, title, fields, create, load) {
  const result = h("div", { class: "choices-column" });
  const list = h("ul", { class: "records" });
  const draw = async () => {
    const items = await load();
    list.replaceChildren(...items);
    list.hidden = !items.length;
    empty.hidden = items.length > 0;
  };
  const empty = h("p", { class: "is-quiet" }, t("nothing_here"));
  const form = h("form", { class: "form-grid", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    app.try(async () => {
      result.replaceChildren(...(await create(valuesOf(form))).filter((node) => !!node));
      form.reset();
      await draw();
    });
  } }, ...fields, h("button", { type: "submit", class: "primary" }, t("create")));
  await draw();
  return [h("h3", {}, title), form, result, list, empty];
}

/**
 * A button that removes its line after the request succeeded.
 * @param {App} app
 * @param {string} method
 * @param {string} id
 */
function revoke(app, method, id) {
  const button = action(t("revoke"), () => app.try(async () => {
    await app.client.request(method, { id });
    button.closest("li")?.remove();
  }), "small danger");
  return button;
}

/** @param {App} app */
function codes(app) {
  const number = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ value, /** @type {string} */ max) =>
    field(name, label, { type: "number", min: "1", max, value, required: true });
  return createAndList(app, t("new_code"), [number("uses", t("code_uses"), "1", "1000"), number("days", t("code_days"), "7", "365"), field("note", t("code_note"), { type: "text", maxlength: "64" })],
    async ({ uses, days, note = "" }) => {
      const { code, expires } = await app.client.request("join_code.create", { uses: Number(uses), days: Number(days), note });
      return [secret(t("code_link", { until: fullTime(expires) }), `${location.origin}/#join=${code}`)];
    },
    async () => (await app.client.request("join_code.list", {})).codes.map((/** @type {any} */ code) => line([
      h("b", {}, ...visible(code.note || t("no_note"))),
      quiet(t("code_line", { count: code.uses, by: code.by, until: fullTime(code.expires) })),
    ], revoke(app, "join_code.revoke", code.id))));
}

/** The channels whose webhooks the user may manage. @param {App} app */
function managed(app) {
  return [...app.model.conversations.values()].filter(({ role }) => role === "owner" || role === "moderator").map(({ name }) => name).sort();
}

/** @param {App} app */
async function hooks(app) {
  const channels = managed(app);
  const hint = h("p", { class: "hint" }, t("hooks_hint"));
  if (!channels.length) return [hint];
  const select = h("label", { class: "field" }, h("span", {}, t("channel")), h("select", { name: "channel" }, ...channels.map((name) => h("option", { value: name }, conversationName(name)))));
  const signed = h("label", { class: "check" }, h("input", { type: "checkbox", name: "signed", value: "yes" }), t("hook_signed"));
  const fields = [select, field("name", t("bot_name"), { type: "text", required: true, maxlength: "32", autocapitalize: "none" }),
    field("url", t("hook_url"), { type: "url", placeholder: "https://" }), signed];
  const nodes = await createAndList(app, t("new_hook"), fields, async ({ channel, name, url, signed: isSigned }) => {
    const created = await app.client.request("hook.create", { channel, name, ...(url ? { url } : {}), ...(isSigned ? { signed: true } : {}) });
    return [created.hook && secret(t("hook_address"), `${location.origin}/hooks/${created.hook}`), created.secret && secret(t("hook_secret"), created.secret)];
  }, async () => {
    const lists = await Promise.all(channels.map(async (channel) => ({ channel, ...await app.client.request("hook.list", { channel }) })));
    return lists.flatMap(({ channel, hooks: all }) => all.map((/** @type {any} */ hook) => hookLine(app, channel, hook)));
  });
  return [hint, ...nodes];
}

/** @param {App} app @param {string} channel @param {any} hook */
function hookLine(app, channel, hook) {
  const { delivery } = hook;
  const isStopped = delivery && delivery.state !== "active";
  const resume = () => app.try(async () => {
    await app.client.request("hook.resume", { id: hook.id });
    app.notify(t("hook_resumed", { name: hook.name }));
  });
  const text = [h("b", {}, ...visible(hook.name)), quiet(t("hook_line", { channel: conversationName(channel), by: hook.by }))];
  const marks = [hook.signed === true && mark(t("signed")), delivery && mark(t("outgoing")), isStopped && mark(t(`delivery_${delivery.state}`), "is-danger")];
  if (!delivery) return line(text, ...marks, revoke(app, "hook.revoke", hook.id));
  return folded(text, marks, [[t("hook_url"), String(delivery.url)], [t("delivered_up_to"), `${delivery.n} / ${delivery.head}`], ...(delivery.error ? [/** @type {[string, string]} */ ([t("last_error"), String(delivery.error)])] : [])],
    [isStopped && action(t("resume"), resume), revoke(app, "hook.revoke", hook.id)]);
}

/** @param {App} app */
function bots(app) {
  const scopes = h("label", { class: "field" }, h("span", {}, t("scope")), h("select", { name: "scope" }, ...["read", "write", "admin"].map((scope) => h("option", { value: scope }, t(`scope_${scope}`)))));
  const fields = [field("name", t("bot_name"), { type: "text", required: true, maxlength: "32", autocapitalize: "none" }), scopes,
    field("conversations", t("bot_channels"), { type: "text", required: true, placeholder: "#ops #general", list: "bot-channels" })];
  return createAndList(app, t("new_bot"), fields, async ({ name, scope, conversations = "" }) => {
    const { token } = await app.client.request("bot.create", { name, scope, conversations: conversations.split(/[\s,]+/).filter(Boolean) });
    return [secret(t("bot_token", { name: name ?? "" }), token)];
  }, async () => (await app.model.list("bot.list", "bots", ({ id }) => id)).map((bot) => folded(
    [h("b", {}, ...visible(bot.name)), quiet(t("by", { user: bot.by }))], [mark(t(`scope_${bot.scope}`))],
    [[t("bot_channels"), bot.conversations.map(conversationName).join(" ")], [t("created_at"), fullTime(bot.created)], [t("last_used"), bot.used ? fullTime(bot.used) : t("never")]],
    [revoke(app, "bot.revoke", bot.id)])));
}
