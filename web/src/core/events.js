// Events and notices: decodes their lines. Each event is one flat object, see docs/PROTOCOL.md, "Events".

import { attempt, bool, list, object, optional, refuse, string, u64 } from "./decode.js";
import { SUBJECT_BYTES_MAX, TEXT_BYTES_MAX } from "./limits.js";
import { utf8Length } from "./names.js";
import * as types from "./types.js";

/** @import { PapoEvent } from "./api.js" */

const fields = object({
  n: u64,
  at: u64,
  to: types.target,
  from: types.userName,
  kind: string,
  id: optional(types.uuid),
  of: optional(u64),
  text: optional(string),
  reply: optional(u64),
  via: optional(types.via),
  command: optional(types.command),
  emoji: optional(types.emoji),
  deleted: (value) => (value === undefined ? false : bool(value)),
  user: optional(types.userName),
  role: optional(types.role),
  subject: optional(subject),
  private: optional(bool),
  archived: optional(bool),
  new_name: optional(types.channelName),
  name: optional(types.fileName),
  bytes: optional(u64),
  sha256: optional(types.hash),
});

/** The members of each kind. A name with `?` is optional. */
const KINDS = /** @type {Record<string, string[]>} */ ({
  message: ["id", "text", "reply?", "via?", "command?"],
  "message.edited": ["id", "of", "text"],
  "message.deleted": ["id", "of"],
  "message.reacted": ["id", "of", "emoji"],
  "message.unreacted": ["id", "of", "emoji"],
  file: ["id", "name", "bytes", "sha256"],
  "channel.created": ["private?"],
  "channel.joined": [],
  "channel.left": [],
  "channel.invited": ["user"],
  "channel.declined": [],
  "channel.kicked": ["user"],
  "channel.banned": ["user"],
  "channel.unbanned": ["user"],
  "channel.role": ["user", "role"],
  "channel.set": ["subject?", "private?", "archived?"],
  "channel.renamed": ["new_name"],
  "channel.deleted": [],
});

/** @param {unknown} value */
function subject(value) {
  const text = string(value).replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
  return utf8Length(text) <= SUBJECT_BYTES_MAX ? text : refuse("a subject");
}

/**
 * Whether a message may have this text.
 *
 * @param {string} text
 */
export function isText(text) {
  return utf8Length(text) <= TEXT_BYTES_MAX && !/^\p{White_Space}*$/u.test(text);
}

/**
 * @param {unknown} value
 * @returns {PapoEvent}
 */
function eventOf(value) {
  const line = fields(value);
  const { n, at, to, from } = line;
  const members = Object.hasOwn(KINDS, line.kind) ? KINDS[line.kind] : undefined;
  /** @type {Record<string, unknown>} */
  const event = { n, at, to, from, kind: members === undefined ? "unknown" : line.kind };
  const isRedacted = line.deleted && (line.kind === "message" || line.kind === "message.edited");
  for (const member of members ?? []) {
    const name = member.replace("?", "");
    const value = line[/** @type {keyof typeof line} */ (name)];
    if (isRedacted && (name === "text" || name === "reply" || name === "via" || name === "command")) {
      continue;
    }
    if (value !== undefined) {
      event[name] = value;
    } else if (name === member) {
      return refuse(`a member "${name}"`);
    }
  }
  if (isRedacted) {
    return /** @type {any} */ ({ ...event, text: "", deleted: true });
  }
  if (typeof event["text"] === "string" && !isText(event["text"])) {
    return refuse("a text");
  }
  if (line.kind === "channel.created" && !line.private) {
    delete event["private"];
  }
  return /** @type {any} */ (event);
}

/**
 * Decodes an event; undefined if it is invalid.
 *
 * @param {unknown} value
 */
export function readEvent(value) {
  return attempt(eventOf, value);
}

/** The fields of every kind of event. */
export const anyEvent = object({ n: u64, to: types.target, from: types.userName });

/** @param {PapoEvent | null} event */
export function isContent(event) {
  return event !== null && (event.kind === "message" || event.kind === "file");
}

const at = u64;

/** The decoders of the notices. */
const NOTICES = {
  "topic.moved": object({ to: types.channelName, topic: string }),
  "sessions.ended": object({}),
  presence: object({ at, users: list(types.change) }),
  typing: object({ at, to: types.target, from: types.userName, typing: bool }),
  "user.blocked": object({ user: types.userName, blocked: bool }),
  notify: object({}),
  read: object({ conversation: types.target, n: u64, unread: u64, mentions: u64 }),
};

/**
 * @typedef {{ [kind in keyof typeof NOTICES]: { kind: kind } & ReturnType<(typeof NOTICES)[kind]>
 *   }[keyof typeof NOTICES]} Notice
 */

/**
 * Decodes a notice, a line without a number; undefined if it is invalid or unknown.
 *
 * @param {unknown} value
 * @returns {Notice | undefined}
 */
export function readNotice(value) {
  const kind = attempt(object({ kind: string }), value)?.kind ?? "";
  if (!Object.hasOwn(NOTICES, kind)) {
    return undefined;
  }
  const decoder = NOTICES[/** @type {keyof typeof NOTICES} */ (kind)];
  const notice = attempt(/** @type {any} */ (decoder), value);
  return notice === undefined ? undefined : /** @type {any} */ ({ kind, .../** @type {object} */ (notice) });
}
