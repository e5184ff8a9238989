// Up to which message the other user of a direct conversation has read, if both users share that. The line
// below the field shows it, so that no message moves. It is loaded when a direct conversation opens.

import { loadMore, t } from "../i18n/index.js";

/** @typedef {import("./app.js").App} App */

const EVERY_MS = 5_000;
let timer = 0;

/**
 * Follows the read mark of the other user while the conversation is open.
 * @param {App} app
 * @param {string} conversation
 */
export async function watchSeen(app, conversation) {
  window.clearInterval(timer);
  const { model } = app;
  const user = conversation.slice(1);
  await loadMore("commands");
  const load = async () => {
    if (model.open !== conversation) return window.clearInterval(timer);
    if (document.hidden || !model.isConnected) return undefined;
    const peer = await app.client.request("read.peer", { user }).catch(() => ({}));
    if (model.open !== conversation) return undefined;
    // The events after the last message, such as reactions, have numbers, too.
    const last = app.timeline.lastOwn()?.n ?? 0;
    const seen = peer.n === undefined ? "" : last && peer.n >= last ? t("read_everything", { user }) : peer.n ? t("read_up_to", { user, n: peer.n }) : "";
    if (seen !== model.seen) {
      model.seen = seen;
      model.emit("typing");
    }
    return undefined;
  };
  timer = window.setInterval(load, EVERY_MS);
  await load();
}
