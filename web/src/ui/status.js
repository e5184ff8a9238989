// The sentence below the field: the connection, and up to which number the open conversation is complete.

import { t } from "../i18n/index.js";
import { conversationName } from "./names.js";

/** @param {import("./app.js").App} app */
export function statusText(app) {
  const { summary, open, pending, windows } = app.model;
  if (summary.connectivity !== "connected") {
    const connection = t(`connection_${summary.connectivity}`);
    return pending.size ? `${connection} · ${t("messages_waiting", { count: pending.size })}` : connection;
  }
  if (!open) return t("connection_connected");
  const known = app.client.status().conversations.find((/** @type {any} */ one) => one.conversation === open);
  const rows = windows.get(open);
  // Rows of the storage show before the server answers: their number says nothing about the newest one.
  if (!rows?.isLoaded || rows.isStale) return t("checking");
  const shown = Math.max(known?.shown ?? 0, rows.last);
  const head = Math.max(known?.head ?? 0, rows.head);
  return shown < head ? t("shown_up_to", { n: shown, head }) : t("complete_up_to", { conversation: conversationName(open), n: head });
}
