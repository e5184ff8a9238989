// The names of conversations and users. The page shows the display name and the mark of a bot next to the
// name of a user. A display name never replaces the name, because two users can have the same one.

import { t } from "../i18n/index.js";
import { h } from "./dom.js";
import { currentNames } from "./model.js";
import { visible } from "./text.js";

/** @import { Conversation } from "./model.js" */

/**
 * @typedef {object} UserInfo
 * @property {string} state
 * @property {number} [seen]
 * @property {string} [displayName]
 * @property {boolean} [isBot]
 */

/** @param {UserInfo | undefined} info @returns {(Node | false)[]} */
export function nameMarks(info) {
  return [
    !!info?.displayName && h("span", { class: "display-name", dir: "auto" }, ...visible(info.displayName)),
    info?.isBot === true && h("span", { class: "bot-mark" }, t("bot")),
  ];
}

/**
 * Whether the name of a user, or a word of the display name, begins with a text in small letters.
 * @param {string} user @param {UserInfo | undefined} info @param {string} text
 */
export function isNamed(user, info, text) {
  const words = (info?.displayName ?? "").toLowerCase().split(/\s+/);
  return user.startsWith(text) || words.some((word) => word.startsWith(text));
}

/**
 * The notification level of a conversation. The level of all conversations limits it.
 * @param {Conversation} conversation
 * @param {"all" | "mentions" | "none"} most
 */
export function shownLevel({ level, name }, most) {
  if (level === "none" || most === "none") return "none";
  return (level === "mentions" || most === "mentions") && !name.startsWith("@") ? "mentions" : "all";
}

/**
 * The unread messages that the level of a conversation counts.
 * @param {Conversation} conversation
 * @param {"all" | "mentions" | "none"} most
 */
export function shownUnread(conversation, most) {
  const level = shownLevel(conversation, most);
  return level === "none" ? 0 : level === "mentions" ? conversation.mentions : conversation.unread;
}

/** The name that the page shows for a conversation. @param {string} name */
export function conversationName(name) {
  return name === "*" ? t("everybody") : currentNames.get(name) ?? name;
}
