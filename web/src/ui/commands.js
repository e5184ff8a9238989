// The slash commands of the composer. They have the names of the commands of `papo chat`, and are loaded when
// a line begins with a slash.

import { errorText, t } from "../i18n/index.js";
import { setDisplayName } from "./account.js";
import { block, create, deleteChannel, leave, renameChannel, setChannel, setLevel } from "./channels.js";
import { fileUrl } from "../core/http.js";
import { h } from "./dom.js";
import { decline, join } from "./joining.js";
import { nextUnread } from "./keys.js";
import { amend, copyLink, loadRow, markRead } from "./messages.js";
import { statusText } from "./status.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {{name: string, run: (app: App, argument: string) => unknown}} Command
 */

const words = (/** @type {string} */ text) => text.split(/\s+/).filter(Boolean);
const channelName = (/** @type {string} */ text) => text.startsWith("#") ? text : `#${text}`;
const userName = (/** @type {string} */ text) => text.replace(/^@/, "");

/** The first number of an argument and the rest. @param {string} argument */
function numbered(argument) {
  const match = /^(\d+)\s*([\s\S]*)$/.exec(argument);
  if (!match) throw new Error(t("usage_number"));
  return { n: Number(match[1]), rest: match[2] ?? "" };
}

/** A request about a channel: `USER [#CHANNEL]`. @param {string} method @param {string} done */
const aboutMember = (method, done) => async (/** @type {App} */ app, /** @type {string} */ argument) => {
  const [user = "", channel] = words(argument);
  const params = { channel: channel ? channelName(channel) : app.openChannel(), user: userName(user) };
  await app.client.request(method, params);
  app.notify(t(done, params));
};

/**
 * The channel of an argument; without an argument, the channel of the only invitation.
 * @param {App} app @param {string} argument
 */
function invitation(app, argument) {
  const [first, ...others] = app.model.invitations;
  if (argument) return channelName(argument);
  if (!first || others.length) throw new Error(t("which_invitation"));
  return first.channel;
}

/** @param {App} app @param {number} n the number of a file */
async function download(app, n) {
  const conversation = app.here();
  const name = (app.timeline.rows?.byNumber.get(n) ?? await loadRow(app, conversation, n))?.event?.name;
  if (!name) throw new Error(t("no_file", { n }));
  h("a", { href: fileUrl(conversation, n, name, app.sessionSlot), download: name }).click();
}

/** @type {Command[]} */
export const COMMANDS = [
  { name: "join", run: (app, argument) => join(app, channelName(argument)) },
  { name: "create", run: (app, argument) => create(app, channelName(words(argument)[0] ?? ""), words(argument)[1] === "private") },
  { name: "channels", run: (app) => app.openBrowser() },
  { name: "leave", run: (app, argument) => leave(app, argument ? channelName(argument) : app.openChannel()) },
  { name: "open", run: (app, argument) => app.openName(argument) },
  { name: "msg", run: (app, argument) => {
    const [to = "", ...rest] = argument.split(" ");
    app.model.send(to, rest.join(" "), null);
  } },
  { name: "broadcast", run: (app, argument) => { app.model.send("*", argument, null); } },
  { name: "accept", run: (app, argument) => join(app, invitation(app, argument)) },
  { name: "decline", run: (app, argument) => decline(app, invitation(app, argument)) },
  { name: "invite", run: aboutMember("channel.invite", "done_invite") },
  { name: "members", run: (app) => app.openDetails() },
  { name: "kick", run: aboutMember("channel.kick", "done_kick") },
  { name: "ban", run: aboutMember("channel.ban", "done_ban") },
  { name: "unban", run: aboutMember("channel.unban", "done_unban") },
  { name: "bans", run: async (app, argument) => {
    const channel = argument ? channelName(argument) : app.openChannel();
    return (await import("./lists.js")).openBans(app, channel);
  } },
  { name: "role", run: async (app, argument) => {
    const [user = "", role = "", channel] = words(argument);
    const params = { user: userName(user), role, channel: channel ? channelName(channel) : app.openChannel() };
    await app.client.request("channel.role", params);
    app.notify(t("done_role", { ...params, role: t(`role_${role}`) }));
  } },
  { name: "topic", run: (app, argument) => setChannel(app, { subject: argument === "-" ? "" : argument }) },
  { name: "rename", run: (app, argument) => renameChannel(app, channelName(argument)) },
  { name: "private", run: (app, argument) => setChannel(app, { private: argument !== "off" }) },
  { name: "archive", run: async (app, argument) => {
    await app.client.request("channel.archive", { channel: app.openChannel(), archived: argument !== "off" });
  } },
  { name: "delete-channel", run: (app, argument) => deleteChannel(app, channelName(argument)) },
  { name: "reply", run: (app, argument) => { const { n, rest } = numbered(argument); app.model.send(app.here(), rest, n); } },
  { name: "edit", run: (app, argument) => { const { n, rest } = numbered(argument); return amend(app, "message.edit", n, { text: rest }); } },
  { name: "delete", run: (app, argument) => amend(app, "message.delete", numbered(argument).n) },
  { name: "react", run: (app, argument) => { const { n, rest } = numbered(argument); return amend(app, "message.react", n, { emoji: rest }); } },
  { name: "unreact", run: (app, argument) => { const { n, rest } = numbered(argument); return amend(app, "message.react", n, { emoji: rest, remove: true }); } },
  { name: "edits", run: async (app, argument) => {
    const { n } = numbered(argument);
    return (await import("./lists.js")).openEdits(app, app.here(), n);
  } },
  { name: "send", run: (app) => app.composer.picker.click() },
  { name: "get", run: (app, argument) => download(app, numbered(argument).n) },
  { name: "share", run: async (app, argument) => (await import("./file_link.js")).copyFileLink(app, numbered(argument).n) },
  { name: "history", run: (app, argument) => app.go(app.here(), numbered(argument).n) },
  { name: "search", run: (app, argument) => app.openSearch(argument) },
  { name: "mentions", run: (app) => app.openSearch("", true) },
  { name: "unread", run: (app) => app.openSwitcher() },
  { name: "next", run: (app) => nextUnread(app) },
  { name: "read", run: (app, argument) => {
    const conversation = app.model.conversation(argument || app.here());
    Object.assign(conversation, { unread: 0, mentions: 0 });
    markRead(app, conversation.name, conversation.head, conversation.head);
    app.model.emit("conversations");
  } },
  { name: "status", run: (app) => app.notify(statusText(app)) },
  { name: "notify", run: (app, argument) => {
    const [level = "all", conversation] = words(argument);
    return setLevel(app, conversation ?? app.here(), level);
  } },
  { name: "mute", run: (app, argument) => setLevel(app, argument || app.here(), "none") },
  { name: "dnd", run: (app, argument) => setLevel(app, null, argument === "off" ? "all" : "none") },
  { name: "away", run: (app) => app.client.command({ kind: "setPresence", mode: "away" }).then(() => app.notify(t("you_are_away"))) },
  { name: "back", run: (app) => app.client.command({ kind: "setPresence", mode: "atKeyboard" }).then(() => app.notify(t("you_are_online"))) },
  { name: "users", run: (app) => app.openPeople() },
  { name: "name", run: (app, argument) => setDisplayName(app, argument === "-" ? "" : argument) },
  { name: "block", run: (app, argument) => block(app, userName(argument), true) },
  { name: "unblock", run: (app, argument) => block(app, userName(argument), false) },
  { name: "blocks", run: async (app) => (await import("./lists.js")).openBlocks(app) },
  { name: "link", run: (app, argument) => copyLink(app, { n: numbered(argument).n }) },
  { name: "help", run: (app) => app.openKeys() },
  { name: "password", run: (app) => app.openSettings("password") },
  { name: "sessions", run: (app) => app.openSettings("sessions") },
  { name: "admin", run: async (app, argument) => (await import("./admin.js")).openAdmin(app, argument) },
  { name: "logout", run: (app) => app.logOut() },
];

/**
 * @typedef {{name: string, description: string, usage?: string, bot: string, online?: boolean}} BotCommand
 */

/** Completion asks for the commands of bots at most once in this time. */
const COMMANDS_MS = 10_000;
/** Help and completion wait for the commands of bots for this time. */
const COMMANDS_WAIT_MS = 1_000;
/** @type {{conversation: string | null, at: number, commands: Promise<BotCommand[]>}} */
let listed = { conversation: null, at: 0, commands: Promise.resolve([]) };

/** The commands of bots in the open conversation. @param {App} app @returns {Promise<BotCommand[]>} */
export function botCommands(app) {
  const conversation = app.model.open;
  if (conversation && (listed.conversation !== conversation || Date.now() - listed.at > COMMANDS_MS)) {
    const commands = app.client.request("command.list", { conversation }).then((/** @type {any} */ result) => result.commands, () => []);
    listed = { conversation, at: Date.now(), commands };
  }
  if (!conversation) return Promise.resolve([]);
  return Promise.race([listed.commands, new Promise((resolve) => { setTimeout(() => resolve([]), COMMANDS_WAIT_MS); })]);
}

/** The line whose `command.list` has no reply yet. */
let lineInRequest = "";

/**
 * Sends the command of a bot, which is a message.
 * @param {App} app
 * @param {string} line
 * @param {string} name
 */
async function runBotCommand(app, line, name) {
  const conversation = app.here();
  if (lineInRequest === line) return;
  lineInRequest = line;
  try {
    const { commands } = await app.client.request("command.list", { conversation });
    const command = commands.find((/** @type {BotCommand} */ known) => known.name === name);
    if (!command) return app.notify(t("no_such_command", { name }), true);
    app.model.send(conversation, line, null);
    app.composer.sent(line);
    if (!command.online) app.notify(t("bot_is_offline", { bot: command.bot }));
  } finally {
    lineInRequest = "";
  }
}

/**
 * Carries out a line that begins with a slash. Returns false if the command failed, or if the line stays in
 * the field meanwhile.
 * @param {App} app @param {string} line
 */
export async function runCommand(app, line) {
  const [, name = "", argument = ""] = /^\/(\S*)\s*([\s\S]*)$/.exec(line.trim()) ?? [];
  const command = COMMANDS.find((known) => known.name === name);
  const failed = (/** @type {any} */ error) => app.notify(errorText(error), true);
  if (!command) {
    // The text stays in the field until the message is in the outbox.
    runBotCommand(app, line.trim(), name).catch(failed);
    return false;
  }
  try {
    return await command.run(app, argument.trim()) !== false;
  } catch (error) {
    failed(error);
    return false;
  }
}
