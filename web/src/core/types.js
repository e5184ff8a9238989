// Decoders of the types of the protocol that the core reads.

import { bool, checked, list, object, oneOf, optional, refuse, string, u64 } from "./decode.js";
import { EMOJI_BYTES_MAX, FILE_NAME_BYTES_MAX } from "./limits.js";
import { canonicalChannel, canonicalName, canonicalTarget, utf8Length } from "./names.js";

/** @import { Amended, Level, ProtocolError, State } from "./api.js" */
/** @import { Decoder } from "./decode.js" */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const uuid = checked("a UUID", (text) => {
  const lowered = text.toLowerCase();
  return UUID.test(lowered) ? lowered : null;
});
export const userName = checked("the name of a user", canonicalName);
export const channelName = checked("the name of a channel", canonicalChannel);
export const target = checked("#channel or @user", canonicalTarget);

export const emoji = checked("an emoji", (text) => {
  const isAllowed = text !== "" && utf8Length(text) <= EMOJI_BYTES_MAX;
  return isAllowed && !/[\p{White_Space}\p{Cc}]/u.test(text) ? text : null;
});
export const fileName = checked("the name of a file", (text) => {
  const isAllowed = utf8Length(text) <= FILE_NAME_BYTES_MAX && !/[\p{Cc}/\\]/u.test(text);
  return isAllowed && /[^.\p{White_Space}]/u.test(text) ? text : null;
});
export const hash = checked("a SHA-256", (text) => (/^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : null));

/** @type {Decoder<Level>} */
export const level = oneOf(["none", "mentions", "all"]);
/** @type {Decoder<State>} */
export const state = oneOf(["offline", "away", "online"]);
export const role = oneOf(["member", "moderator", "owner"]);

export const change = object({ user: userName, state });
export const reading = object({ conversation: target, n: u64, head: u64, unread: u64, mentions: u64 });
export const sent = object({ n: u64, at: u64, channel: optional(channelName) });
const laterNames = { name: optional(channelName), former_names: optional(list(channelName)) };
export const joined = object({ channel: channelName, ...laterNames, topic: string, n: u64 });
export const loggedIn = object({ user: userName, token: string, topic: string, expires: u64 });
export const registered = object({ user: userName, administrator: optional(bool) });
export const revoked = object({ ended: u64, topic: string });
export const marked = object({ unread: u64 });
export const have = object({ have: u64 });
export const part = object({ bytes: u64, offset: u64, length: u64 });
export const presenceReply = object({ topic: string, heartbeat_ms: u64 });
export const levels = object({ level, conversations: list(object({ conversation: target, level })) });
/** The command of a bot that a message runs. */
export const command = object({ bot: userName, name: string });
/** The hook that posted a message, and the name that the sender of the post gave itself. */
export const via = object({ hook: userName, username: optional(string) });
export const info = object({
  version: string,
  protocol: object({ min: u64, max: u64 }),
  events: string,
});
const head = object({ conversation: target, ...laterNames, n: u64, topic: optional(string) });
export const heads = object({ cursor: u64, restored: optional(u64), topic: string, heads: list(head) });
export const page = object({ head: u64, events: list((event) => event) });

/** @type {Decoder<Amended>} */
export const amended = object({
  edited: optional(u64),
  reactions: optional(list(object({ emoji, users: list(userName) }))),
  edits: optional(list(object({ at: u64, text: string }))),
});

/** @type {Decoder<ProtocolError>} */
export const error = object({
  code: (value) => (typeof value === "number" && Number.isInteger(value) ? value : refuse("a code")),
  message: string,
  data: object({
    reason: string,
    detail: optional(string),
    args: optional((args) => /** @type {Record<string, unknown>} */ (args)),
    wait_ms: optional(u64),
    have: optional(u64),
  }),
});
