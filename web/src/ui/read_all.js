// Shift+Esc: marks all conversations as read, which the user can undo for a while.

import { t } from "../i18n/index.js";

/** @typedef {import("./app.js").App} App */

const UNDO_MS = 6000;

/**
 * Read marks only move forward, so they move after the time for "undo", to the numbers of this moment.
 * @param {App} app
 */
export function markAllRead(app) {
  const { client, model } = app;
  const unread = [...model.conversations.values()].filter((one) => one.unread > 0);
  const before = unread.map((one) => ({ one, head: one.head, unread: one.unread, mentions: one.mentions }));
  const mark = () => { for (const { one, head } of before) client.command({ kind: "markRead", conversation: one.name, n: head }).catch(() => {}); };
  const timer = setTimeout(mark, UNDO_MS);
  for (const one of unread) Object.assign(one, { unread: 0, mentions: 0 });
  model.emit("conversations");
  const undo = () => {
    clearTimeout(timer);
    for (const { one, unread, mentions } of before) {
      one.unread += unread;
      one.mentions += mentions;
    }
    model.emit("conversations");
  };
  app.notify(t("marked_read", { count: unread.length }), false, { label: t("undo"), run: undo });
}
