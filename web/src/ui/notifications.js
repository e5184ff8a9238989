// Notifications of the browser for messages that ring: mentions and direct messages, by the level. It is
// loaded when the first message rings.

import { conversationName } from "./names.js";
import { linkTo } from "./address.js";
import { oneLine } from "./text.js";

/** @import { Entry } from "../core/api.js" */
/** @import { Conversation } from "./model.js" */

/** @param {import("./app.js").App} app @param {Entry} entry @param {Conversation} conversation */
export function notifyUser(app, entry, conversation) {
  const { event } = entry;
  if (!event || !rings(app, entry, conversation)) return;
  const title = conversation.name.startsWith("@") ? event.from : `${event.from} · ${conversationName(conversation.name)}`;
  // Several tabs show one notification, because the tag is the same.
  const options = { body: oneLine(event.text ?? event.name ?? ""), tag: `${conversation.name}/${event.n}`, icon: "/a/icon.svg" };
  show(title, options, linkTo(conversation.name, event.n), () => app.go(conversation.name, event.n));
}

/** @param {import("./app.js").App} app @param {Entry} entry @param {Conversation} conversation */
function rings({ model, settings }, { conversation: name, event, isHidden }, { level }) {
  if (!settings.notifications || isHidden || !("Notification" in window) || Notification.permission !== "granted") return false;
  const levels = [level, model.levelOfAll];
  const isVisible = !document.hidden && document.hasFocus() && model.open === name;
  if (isVisible || levels.includes("none")) return false;
  return model.isMentioned(event?.text ?? "") || (name.startsWith("@") && !levels.includes("mentions"));
}

/**
 * @param {string} title @param {NotificationOptions} options @param {string} link of the message
 * @param {() => void} open
 */
async function show(title, options, link, open) {
  try {
    const note = new Notification(title, options);
    note.addEventListener("click", () => { window.focus(); open(); note.close(); });
  } catch {
    // Browsers of phones show notifications only through the service worker.
    const worker = await navigator.serviceWorker?.ready;
    await worker?.showNotification(title, { ...options, data: { page: location.pathname, link } });
  }
}
