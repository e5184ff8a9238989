// What a user does with messages: send, edit, delete, react, reply, copy a link, and mark as read.

import { uuid7 } from "../core/uuid.js";
import { loadMore, t } from "../i18n/index.js";
import { linkTo } from "./address.js";
import { rowOf } from "./rows.js";
import { copyText } from "./text.js";

/** @import { Message } from "../core/api.js" */
/** @import { Row } from "./rows.js" */
/** @typedef {import("./app.js").App} App */

/** Whether a line is a command. Two slashes begin a message. @param {string} text */
export const isCommand = (text) => /^\/(?!\/)/.test(text) && !text.includes("\n");

/**
 * Sends a text to the open conversation. Returns whether the outbox has it.
 * @param {App} app @param {string} text @param {number | null} reply
 */
export function submit(app, text, reply) {
  if (!app.model.open) return false;
  app.model.send(app.model.open, text.replace(/^\/\//, "/"), reply);
  if (!app.timeline.isFollowing) app.timeline.toNewest();
  return true;
}

/** The commands with their sentences, which are loaded once. */
export async function loadCommands() {
  const [commands] = await Promise.all([import("./commands.js"), loadMore("commands")]);
  return commands;
}

/**
 * One row of a conversation that is not loaded.
 * @param {App} app @param {string} conversation @param {number} n @returns {Promise<Row | null>}
 */
export async function loadRow(app, conversation, n) {
  const page = await app.client.history({ conversation, around: n, limit: 1 });
  const entry = page.entries.find((/** @type {any} */ one) => one.n === n);
  return entry ? rowOf(entry) : null;
}

/** @param {App} app @param {string} method @param {number} n @param {Record<string, unknown>} [params] */
export function amend(app, method, n, params = {}, conversation = app.here()) {
  return app.try(() => app.client.request(method, { conversation, n, id: uuid7(Date.now()), ...params }));
}

/** @param {App} app @param {Row} row @param {string} text */
export function edit(app, row, text) {
  if (text !== row.text) amend(app, "message.edit", row.n, { text });
  return true;
}

/** @param {App} app */
export function editLast(app) {
  const row = app.timeline.lastOwn();
  if (row) startEdit(app, row);
}

/** @param {App} app @param {Row} row */
export function startEdit(app, row) {
  if (row.kind === "message" && row.from === app.model.user && !row.isDeleted) app.composer.edit(row);
}

/** @param {App} app @param {Row} row */
export function startReply(app, row) {
  if (row.kind === "message" || row.kind === "file") app.composer.reply(row);
}

/**
 * Adds or removes the reaction of the user.
 * @param {App} app @param {string} conversation @param {Row} row @param {string} emoji
 */
export function react(app, conversation, row, emoji) {
  const isOwn = row.reactions.some((reaction) => reaction.emoji === emoji && reaction.users.includes(app.model.user));
  return amend(app, "message.react", row.n, isOwn ? { emoji, remove: true } : { emoji }, conversation);
}

/** @param {App} app @param {Row} row */
export function mayDelete(app, row) {
  const role = app.model.conversations.get(app.here())?.role;
  return !row.isDeleted && (row.from === app.model.user || role === "owner" || role === "moderator");
}

/** @param {App} app @param {Row} row */
export async function deleteMessage(app, row) {
  if (!mayDelete(app, row)) return;
  const { confirmDelete } = await import("./dialogs.js");
  if (await confirmDelete(row)) amend(app, "message.delete", row.n);
}

/** @param {App} app @param {{n: number}} row */
export async function copyLink(app, row) {
  await copyText(`${location.origin}/${linkTo(app.here(), row.n)}`);
  app.notify(t("link_copied"));
}

/** Puts a refused message back into the field. @param {App} app @param {Message} message */
export function takeBack(app, message) {
  app.model.discard(message.id);
  app.composer.putBack(message.text);
}

/** @param {App} app @param {string} conversation @param {number} seen @param {number} n */
export function markRead(app, conversation, seen, n) {
  const known = app.model.conversations.get(conversation);
  if (known) known.mark = Math.max(known.mark, seen);
  app.client.command({ kind: "markRead", conversation, n: Math.max(seen, n) }).catch(() => {});
}
