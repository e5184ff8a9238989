// Notifications of the browser for messages that ring: mentions and direct messages, by the level.

import { conversationName } from "./names.js";
import { oneLine } from "./text.js";

/** @import { Entry } from "../core/api.js" */
/** @import { Conversation } from "./model.js" */

/** @param {import("./app.js").App} app @param {Entry} entry @param {Conversation} conversation */
export function notifyUser(app, entry, conversation) {
  const { event } = entry;
  const { model } = app;
  if (!event || entry.isHidden || !app.settings.notifications) return;
  const isVisible = !document.hidden && document.hasFocus() && model.open === entry.conversation;
  const isDirect = conversation.name.startsWith("@");
  const isMention = model.isMentioned(event.text ?? "");
  const isSilent = conversation.level === "none" || model.levelOfAll === "none";
  const isQuiet = conversation.level === "mentions" || model.levelOfAll === "mentions";
  if (isVisible || isSilent || !(isMention || (isDirect && !isQuiet))) return;
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const title = isDirect ? event.from : `${event.from} · ${conversationName(conversation.name)}`;
  // Several tabs show one notification, because the tag is the same.
  const note = new Notification(title, { body: oneLine(event.text ?? event.name ?? ""), tag: `${conversation.name}/${event.n}` });
  note.addEventListener("click", () => { window.focus(); app.go(conversation.name, event.n); note.close(); });
}
