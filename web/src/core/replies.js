// Replies: passes each reply to the component that sent its request.

import * as accounts from "./accounts.js";
import { object, optional, parse, string, attempt as decoded } from "./decode.js";
import { endsSession, errorOf, outcomeOf, read, take } from "./errors.js";
import * as files from "./files.js";
import { acknowledge } from "./outbox/outbox.js";
import { supported } from "./sync/beginning.js";
import * as types from "./types.js";

/** @import { Answer, Outcome } from "./api.js" */
/** @import { Pending } from "./requests.js" */
/** @import { Session } from "./session.js" */

const replyLine = object({ id: optional(string), error: optional(types.error) });

/**
 * Handles a frame of reply lines.
 *
 * @param {Session} session
 * @param {string} lines
 */
export function handleReplies(session, lines) {
  for (const line of lines.split("\n")) {
    const value = line === "" ? undefined : parse(line);
    const reply = decoded(replyLine, value);
    if (reply?.id !== undefined && /^\+?[0-9]+$/.test(reply.id)) {
      const { result } = /** @type {{ result?: unknown }} */ (value);
      handle(session, Number(reply.id), reply.error === undefined ? { ok: result ?? null } : { error: reply.error });
    }
  }
}

/**
 * @param {Session} session
 * @param {number} id
 * @param {Outcome<unknown>} outcome
 */
function handle(session, id, outcome) {
  const { cx, conversations, outbox } = session;
  // The proxy may have been down together with the server.
  if (session.link.replyReceived(cx)) {
    conversations.sync.reconnect(cx);
  }
  const error = "error" in outcome ? outcome.error : null;
  if (error !== null && endsSession(error) && cx.account !== null) {
    session.sessionExpired(error);
    return;
  }
  conversations.presence.quitAcknowledged(id);
  const stored = outbox.reply(cx, id, outcome);
  if (stored !== undefined) {
    if (stored !== null) {
      const { message, entry } = stored;
      acknowledge(cx, message, entry, conversations.acknowledged(cx, entry));
    }
    outbox.endFlight(cx);
    return;
  }
  const completed = cx.completeRequest(id, error);
  const origin = completed?.origin;
  switch (origin?.kind) {
    case "info":
      return conversations.infoReceived(cx, outcome);
    case "presence":
      return conversations.heartbeatAcknowledged(cx, outcome);
    case "heads":
      return conversations.headsReceived(cx, origin.heads, origin.cursor, outcome);
    case "repair":
      return conversations.repaired(cx, origin.conversation, outcome);
    case "command": {
      const { ticket, pending } = origin;
      const answer = outcomeOf(() => answered(session, ticket, pending, completed?.attempt ?? 0, outcome));
      if ("error" in answer) {
        cx.answer(ticket, answer);
      } else if (answer.ok !== null) {
        cx.answer(ticket, { ok: answer.ok });
      }
      return;
    }
    default:
      // A failed read mark is not retried: the next read mark includes its events.
      return;
  }
}

/**
 * The answer to a command, or null if the command has sent another request. Throws the error of a command
 * that failed.
 *
 * @param {Session} session
 * @param {number} ticket
 * @param {Pending} pending
 * @param {number} attempt
 * @param {Outcome<unknown>} outcome
 * @returns {Answer | null}
 */
function answered(session, ticket, pending, attempt, outcome) {
  const { cx, conversations } = session;
  switch (pending.kind) {
    case "ping":
      supported(take(outcome));
      return { kind: "done" };
    case "register":
      return accounts.registered(outcome, attempt);
    case "login": {
      const account = read(types.loggedIn, take(outcome));
      session.beginSession(account);
      return { kind: "loggedIn", account };
    }
    case "logout":
      take(outcome);
      session.endSession(errorOf("logged_out"));
      session.outbox.discardUnlessOwnedBy(cx, null);
      return { kind: "done" };
    case "endSessions":
      return conversations.sessionsEnded(cx, read(types.revoked, take(outcome)));
    case "join":
      return conversations.joined(cx, read(types.joined, take(outcome)));
    case "leave":
      take(outcome);
      return conversations.left(cx, pending.channel);
    case "open":
      return conversations.opened(cx, pending.conversation, outcome);
    case "nextPage":
      return conversations.pageReceived(cx, pending.conversation, take(outcome));
    case "reads":
      return conversations.reads.listed(cx, ticket, pending.pager, take(outcome));
    case "blocks":
      return conversations.blocks.listed(cx, ticket, pending.pager, take(outcome));
    case "levels":
      return conversations.levels.listed(take(outcome));
    case "mark":
      return conversations.reads.marked(pending.conversation, take(outcome));
    case "chunk":
      return files.chunkReply(outcome);
    case "part": {
      const { received } = session;
      session.received = null;
      return files.partReply(take(outcome), received);
    }
    case "request":
      return { kind: "result", result: take(outcome) };
  }
}
