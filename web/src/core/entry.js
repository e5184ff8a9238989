// Events as front ends receive them.

import { attempt, parse } from "./decode.js";
import { anyEvent, isContent, readEvent } from "./events.js";
import { mentions } from "./mentions.js";
import { conversationOf, isChannel } from "./names.js";
import * as types from "./types.js";

/** @import { Entry, Message, PapoEvent } from "./api.js" */

/**
 * @param {string} conversation
 * @param {number} n
 * @param {string} line
 * @param {PapoEvent | null} event
 * @returns {Entry}
 */
function entry(conversation, n, line, event) {
  return { conversation, n, line, event, amended: null, isHidden: false, level: "all" };
}

/**
 * Decodes an event's line for the user `reader`; null if the line is not a numbered event.
 *
 * @param {string} reader
 * @param {string} line
 * @param {unknown} [value] the line as JSON
 */
export function readEntry(reader, line, value = parse(line)) {
  // The number of an event of a later version is kept, because the timeline would otherwise have a gap.
  const event = readEvent(value) ?? null;
  const any = event ?? attempt(anyEvent, value);
  return any === undefined ? null : entry(conversationOf(reader, any.from, any.to), any.n, line, event);
}

/**
 * Decodes an event in a page of history, with the members of its amendments.
 *
 * @param {string} reader
 * @param {unknown} value
 */
export function readAmended(reader, value) {
  const read = readEntry(reader, JSON.stringify(value), value);
  const found = attempt(types.amended, value);
  if (read === null || found === undefined) {
    return read;
  }
  const { edited, reactions, edits } = found;
  const amended = {
    ...(edited !== undefined && { edited }),
    ...(reactions?.length && { reactions }),
    ...(edits?.length && { edits }),
  };
  return Object.keys(amended).length === 0 ? read : { ...read, amended };
}

/**
 * The event of the user's own message, from its acknowledgement.
 *
 * @param {string} reader
 * @param {Message} message
 * @param {{ n: number, at: number, channel?: string | undefined }} sent
 */
export function ownEntry(reader, message, { n, at, channel }) {
  const { id, text, reply } = message;
  // The message may name its channel by a later name, which this session does not know yet.
  const to = channel ?? message.to;
  const event = { n, at, to, from: reader, kind: "message", id, text, ...(reply !== null && { reply }) };
  return entry(conversationOf(reader, reader, to), n, JSON.stringify(event), event);
}

/**
 * Whether the event is a message that mentions this user, by name or with `@here`.
 *
 * @param {Entry} entry
 * @param {string | null} user
 */
export function mentionsUser(entry, user) {
  const { event } = entry;
  if (event?.kind !== "message" || event.deleted) {
    return false;
  }
  return mentions(event.text ?? "").some(({ name }) => name === user || name === "here");
}

/**
 * Whether a front end must notify this user: the event mentions them, or is a direct message to them, and its
 * level permits it.
 *
 * @param {Entry} entry
 * @param {string} user
 */
export function notifies(entry, user) {
  const { event, isHidden, level, conversation } = entry;
  if (event === null || event.from === user || isHidden || level === "none") {
    return false;
  }
  const isDirect = level === "all" && !isChannel(conversation) && isContent(event);
  return isDirect || mentionsUser(entry, user);
}
