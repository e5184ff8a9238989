// Shift+Esc: marks all conversations as read, which the user can undo for a while.

import { t } from "../i18n/index.js";

/** @typedef {import("./app.js").App} App */

const UNDO_MS = 6000;

/** Read marks only move forward, so they move after the time for "undo". @param {App} app */
export function markAllRead(app) {
  const { client, model } = app;
  const unread = [...model.conversations.values()].filter((one) => one.unread > 0);
  const before = unread.map((one) => ({ one, unread: one.unread, mentions: one.mentions }));
  const mark = () => { for (const { name, head } of unread) client.command({ kind: "markRead", conversation: name, n: head }).catch(() => {}); };
  const timer = setTimeout(mark, UNDO_MS);
  for (const one of unread) Object.assign(one, { unread: 0, mentions: 0 });
  model.emit("conversations");
  const undo = () => {
    clearTimeout(timer);
    for (const { one, ...counts } of before) Object.assign(one, counts);
    model.emit("conversations");
  };
  app.notify(t("marked_read", { count: unread.length }), false, { label: t("undo"), run: undo });
}
