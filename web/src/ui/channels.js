// The requests about channels, their notification levels, and blocked users. They are loaded after the start.

import { t } from "../i18n/index.js";
import { conversationName } from "./names.js";

/** @typedef {import("./app.js").App} App */

/** @param {App} app @param {string} channel @param {boolean} isPrivate */
export function create(app, channel, isPrivate) {
  return app.try(async () => {
    await app.client.command({ kind: "create", channel, private: isPrivate });
    app.model.conversation(channel).role = "owner";
    await app.model.loadChannels();
    await app.go(channel);
  });
}

/** @param {App} app @param {string} channel */
export function leave(app, channel) {
  return app.try(async () => {
    await app.client.command({ kind: "leave", channel });
    app.model.forget(channel);
    app.notify(t("you_left", { channel: conversationName(channel) }));
  });
}

/** Changes the open channel. @param {App} app @param {Record<string, unknown>} change */
export function setChannel(app, change) {
  return app.try(() => app.client.request("channel.set", { channel: app.openChannel(), ...change }));
}

/** @param {App} app @param {string} name */
export function renameChannel(app, name) {
  return app.try(async () => {
    const channel = app.openChannel();
    const former = conversationName(channel);
    await app.client.request("channel.rename", { channel, new_name: name });
    app.notify(t("done_rename", { channel: former, name }));
  });
}

/** @param {App} app @param {string} channel */
export async function deleteChannel(app, channel) {
  const { confirmDialog } = await import("./dialogs.js");
  const isSure = await confirmDialog(t("delete_channel_question", { channel: conversationName(channel) }), t("delete"));
  return isSure ? app.try(() => app.client.request("channel.delete", { channel })) : undefined;
}

/** @param {App} app @param {string | null} conversation null for all @param {string} level */
export function setLevel(app, conversation, level) {
  return app.try(async () => {
    await app.client.request("notify.set", conversation ? { conversation, level } : { level });
    await app.model.loadLevels();
    const shown = t(`level_${level}`);
    app.notify(conversation ? t("level_of", { conversation: conversationName(conversation), level: shown }) : t("level_of_all", { level: shown }));
  });
}

/** @param {App} app @param {string} user @param {boolean} isBlocked */
export function block(app, user, isBlocked) {
  return app.try(async () => {
    await app.client.request(isBlocked ? "user.block" : "user.unblock", { user });
    app.model.blocked[isBlocked ? "add" : "delete"](user);
    app.notify(t(isBlocked ? "user_blocked" : "user_unblocked", { user }));
  });
}
