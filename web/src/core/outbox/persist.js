// Persistence of the outbox: each message is stored on the client before it is sent, and survives a restart.

import { DELAYED_AFTER_MS } from "../limits.js";
import { utf8Length } from "../names.js";
import { queued, reportRefusal } from "./outbox.js";

/** @import { Message, ProtocolError } from "../api.js" */
/** @import { Context } from "../context.js" */
/** @import { Outbox } from "./outbox.js" */

/**
 * Handles the outcome of a write of these messages. After an error, the outbox removes the messages and
 * reports them as refused.
 *
 * @param {Outbox} outbox
 * @param {Context} cx
 * @param {string[]} ids
 * @param {ProtocolError | null} error
 */
export function persisted(outbox, cx, ids, error) {
  const written = new Set(ids);
  for (const item of [...outbox.queue]) {
    if (item.isPersisted || !written.has(item.message.id)) {
      continue;
    }
    if (error === null) {
      item.isPersisted = true;
    } else {
      reportRefusal(cx, outbox.remove(outbox.queue.indexOf(item)), error);
    }
  }
}

/**
 * Adds the messages of an earlier run of the client before all other messages. Returns false if no message is
 * new, or no user is logged in.
 *
 * @param {Outbox} outbox
 * @param {Context} cx
 * @param {Message[]} messages
 */
export function loaded(outbox, cx, messages) {
  const known = new Set(outbox.queue.map((item) => item.message.id));
  const fresh = messages.filter((message) => !known.has(message.id));
  if (cx.user === null || fresh.length === 0) {
    return false;
  }
  outbox.setOwner(cx.now, cx.user);
  for (const message of fresh) {
    outbox.bytes += utf8Length(message.text);
  }
  outbox.queue.unshift(...fresh.map((message) => queued(message, cx.now, true)));
  outbox.reported += fresh.length;
  cx.emitNews({ kind: "outboxLoaded", messages: fresh });
  return true;
}

/**
 * The time at which `reportDelayed` must be called.
 *
 * @param {Outbox} outbox
 * @param {boolean} isLinkUp
 */
export function delayedDeadline(outbox, isLinkUp) {
  const first = outbox.queue[outbox.reported];
  if (first === undefined || !first.isPersisted) {
    return null;
  }
  return isLinkUp ? first.since + DELAYED_AFTER_MS : first.since;
}

/**
 * Reports each message that is not acknowledged after `DELAYED_AFTER_MS` as "delayed". While the server does
 * not reply, reports it at once.
 *
 * @param {Outbox} outbox
 * @param {Context} cx
 * @param {boolean} isLinkUp
 */
export function reportDelayed(outbox, cx, isLinkUp) {
  for (let due = delayedDeadline(outbox, isLinkUp); due !== null && due <= cx.now; ) {
    const item = outbox.queue[outbox.reported];
    if (item !== undefined) {
      cx.emitNews({ kind: "delayed", message: item.message });
    }
    outbox.reported += 1;
    due = delayedDeadline(outbox, isLinkUp);
  }
}
