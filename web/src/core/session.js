// The session core: the state and the decisions of a client, without sockets, storage or clocks. It is a port
// of the Rust crate `session`, with the same files; recorded sessions of that crate test it.
//
// The inputs are commands, reply lines, event lines and the time. The output is a list of effects, which
// `driver.js` carries out.

import * as accounts from "./accounts.js";
import * as blocks from "./blocks.js";
import { ChannelNames } from "./channel_names.js";
import * as channels from "./channels.js";
import { Context } from "./context.js";
import { Conversations } from "./conversations.js";
import { errorOf } from "./errors.js";
import * as files from "./files.js";
import * as levels from "./levels.js";
import { Link, ping } from "./link.js";
import { earliest } from "./order.js";
import { Outbox } from "./outbox/outbox.js";
import { delayedDeadline, loaded, persisted, reportDelayed } from "./outbox/persist.js";
import { allQueues } from "./queues.js";
import * as reads from "./reads.js";
import { handleReplies } from "./replies.js";
import { StatusSummaryNews, statusOf } from "./status.js";

/** @import { Account, Command, Message, ProtocolError } from "./api.js" */

/** The ticket of a command whose answer is ignored. */
export const NO_TICKET = 0;

/** The commands that send no request at once. */
const WITHOUT_REQUEST = new Set(["send", "status", "keyTyped"]);

/** The client's side of a login. */
export class Session {
  outbox = new Outbox();
  conversations = new Conversations();
  summary = new StatusSummaryNews();
  /** The bytes after the reply line that is being handled. @type {Uint8Array | null} */
  received = null;

  /**
   * Creates a session without a login.
   *
   * @param {bigint | number} seed determines the jitter and the names of barriers
   * @param {number} endpoints the number of endpoints of the node
   */
  constructor(seed, endpoints = 1) {
    this.cx = new Context(seed);
    this.link = new Link(endpoints);
  }

  /** The effects since the last call, in order. */
  takeEffects() {
    return this.cx.takeEffects();
  }

  /** The time at which `tick` must be called; null if nothing is due. */
  deadline() {
    return earliest([
      this.cx.requests.deadline(),
      this.cx.account === null ? null : this.outbox.deadline(),
      delayedDeadline(this.outbox, this.link.isUp()),
      this.conversations.deadline(this.cx),
    ]);
  }

  /**
   * Sends the retries, heartbeats, requests for pages and read marks that are due.
   *
   * @param {number} now
   */
  tick(now) {
    this.cx.now = now;
    if (this.cx.repeatRequests()) {
      this.replyMissing();
    }
    this.sendDue();
    reportDelayed(this.outbox, this.cx, this.link.isUp());
    this.conversations.tick(this.cx);
    this.summary.tick(this.cx, this.link, this.outbox, this.conversations);
  }

  /**
   * Carries out a command. Its outcome is an effect "answer" with the same ticket, except for the commands
   * "send" and "keyTyped".
   *
   * @param {number} now
   * @param {number} ticket
   * @param {Command} command
   */
  command(now, ticket, command) {
    this.cx.now = now;
    if (this.cx.requests.isFull() && !WITHOUT_REQUEST.has(command.kind)) {
      this.cx.answer(ticket, { error: errorOf("too_many_requests") });
    } else {
      this.carryOut(ticket, this.cx.names.inCommand(command));
    }
  }

  /**
   * @param {number} ticket
   * @param {Command} command
   */
  carryOut(ticket, command) {
    const { cx, conversations } = this;
    switch (command.kind) {
      case "register": {
        const { user, password, code } = command;
        const params = { user, password, ...(code && { code }) };
        return accounts.withoutLogin(cx, ticket, "register", "auth.register", params);
      }
      case "reset": {
        const { user, code, newPassword } = command;
        const params = { user, code, new_password: newPassword };
        return accounts.withoutLogin(cx, ticket, "request", "auth.reset", params);
      }
      case "login": {
        const { user, password } = command;
        return accounts.withoutLogin(cx, ticket, "login", "auth.login", { user, password });
      }
      case "restore":
        this.beginSession(command.account);
        return cx.answer(ticket, { ok: { kind: "done" } });
      case "logout":
        return cx.requestFor(ticket, { kind: "logout" }, "auth.logout", {});
      case "changePassword": {
        const { password, newPassword } = command;
        const params = { password, new_password: newPassword };
        return cx.requestFor(ticket, { kind: "endSessions" }, "auth.password", params);
      }
      case "revoke": {
        const params = command.session === null ? {} : { session: command.session };
        return cx.requestFor(ticket, { kind: "endSessions" }, "session.revoke", params);
      }
      case "ping":
        return ping(cx, ticket);
      case "status":
        return cx.answer(ticket, { ok: { kind: "status", status: this.status(cx.now) } });
      case "follow":
        return conversations.follow(cx, ticket, command.follow);
      case "create":
        return channels.create(cx, ticket, command.channel, command.private);
      case "join":
        return channels.join(cx, ticket, command.channel);
      case "leave":
        return channels.leave(cx, ticket, command.channel);
      case "open":
        return conversations.open(cx, ticket, command.conversation);
      case "nextPage":
        return conversations.requestNextPage(cx, ticket, command.conversation);
      case "listBlocks":
        return blocks.list(cx, ticket);
      case "listLevels":
        return levels.list(cx, ticket);
      case "listReads":
        return reads.list(cx, ticket);
      case "markRead":
        return reads.mark(cx, ticket, command.conversation, command.n);
      case "setPresence":
        conversations.presence.setMode(cx, command.mode);
        return cx.answer(ticket, { ok: { kind: "done" } });
      case "keyTyped":
        return conversations.keyTyped(cx, command.to);
      case "send":
        if (this.outbox.send(cx, command.message)) {
          conversations.typing.messageSent(command.message.to);
        }
        return;
      case "transfer":
        return files.transfer(cx, ticket, command.transfer);
      case "request":
        return cx.transmit(ticket, { kind: "request" }, command);
    }
  }

  /**
   * Handles a frame of reply lines. Replies to unknown requests are ignored.
   *
   * @param {number} now
   * @param {string} lines
   */
  replies(now, lines) {
    this.cx.now = now;
    handleReplies(this, lines);
    this.conversations.sync.timelines.repairGaps(this.cx);
  }

  /**
   * Handles a reply line that is followed by a frame of bytes.
   *
   * @param {number} now
   * @param {string} lines
   * @param {Uint8Array} bytes
   */
  repliesWithBytes(now, lines, bytes) {
    this.received = bytes;
    this.replies(now, lines);
    this.received = null;
  }

  /**
   * Handles the lines that the proxy published on a topic. A barrier has no lines.
   *
   * @param {number} now
   * @param {string} topic
   * @param {string} lines
   */
  events(now, topic, lines) {
    this.cx.now = now;
    if (lines === "") {
      this.conversations.sync.barrierArrived(this.cx, topic);
    } else {
      this.conversations.published(this.cx, lines);
    }
  }

  /**
   * Handles the outcome of the effect "persist" for these messages. After an error the session refuses them.
   *
   * @param {number} now
   * @param {string[]} ids
   * @param {ProtocolError | null} error
   */
  persisted(now, ids, error) {
    this.cx.now = now;
    persisted(this.outbox, this.cx, ids, error);
    if (error === null) {
      this.sendDue();
      reportDelayed(this.outbox, this.cx, this.link.isUp());
    }
  }

  /**
   * Handles the outcome of the effect "loadOutbox": the unacknowledged messages of an earlier run, in the
   * order of sending. The session sends them before newer messages.
   *
   * @param {number} now
   * @param {Message[]} messages
   */
  outboxLoaded(now, messages) {
    this.cx.now = now;
    if (loaded(this.outbox, this.cx, messages)) {
      this.sendDue();
    }
  }

  /**
   * Handles the loss of a connection that carries both requests and events, such as a WebSocket.
   *
   * @param {number} now
   */
  linkDown(now) {
    this.cx.now = now;
    this.link.lost(this.cx);
    reportDelayed(this.outbox, this.cx, this.link.isUp());
  }

  /**
   * Handles a new connection that carries both requests and events. It has no subscriptions. The session
   * sends all pending requests again, and requests the events that it missed.
   *
   * @param {number} now
   */
  linkUp(now) {
    this.cx.now = now;
    this.link.replyReceived(this.cx);
    this.cx.resendRequests();
    this.conversations.sync.resubscribe(this.cx);
    this.outbox.resendFlight(this.cx, 0);
  }

  /**
   * Handles the notice that events were dropped, although the connection works.
   *
   * @param {number} now
   */
  eventsLost(now) {
    this.cx.now = now;
    this.conversations.sync.findLostEvents(this.cx);
  }

  /**
   * Reports to the server that the user is offline. Returns false if nothing is sent: the server does not
   * reply, or the session never reported another state.
   */
  quit() {
    return this.link.isUp() && this.conversations.presence.quit(this.cx);
  }

  /** Whether the server has replied to the report of `quit`. */
  hasQuit() {
    return this.conversations.presence.quitRequest === null;
  }

  /**
   * The status of the session at the time `now`.
   *
   * @param {number} now
   */
  status(now) {
    return statusOf(this.link, this.outbox, this.conversations, now);
  }

  /** The lengths and limits of all queues. */
  queues() {
    return allQueues(this.outbox, this.cx.requests, this.conversations.sync.timelines);
  }

  /** The number of messages that the server has not acknowledged. */
  messagesWaiting() {
    return this.outbox.queue.length;
  }

  /** @param {Account} account */
  beginSession(account) {
    if (this.cx.account !== null) {
      this.endSession(errorOf("other_session"));
    }
    this.outbox.discardUnlessOwnedBy(this.cx, account.user);
    this.cx.emit({ kind: "loadOutbox", user: account.user });
    this.cx.account = { ...account };
    this.conversations.presence.reportNow(this.cx);
    this.sendDue();
  }

  /**
   * Ends the session because its token is invalid. The outbox keeps the messages for the next login.
   *
   * @param {ProtocolError} error
   */
  sessionExpired(error) {
    this.endSession(error);
    this.cx.emitNews({ kind: "sessionEnded", error });
  }

  /** @param {ProtocolError} error */
  endSession(error) {
    this.cx.account = null;
    this.cx.names = new ChannelNames();
    this.outbox.forgetRequestIds();
    this.conversations.endSession(this.cx, error);
    for (const ticket of this.cx.requests.clear()) {
      this.cx.answer(ticket, { error });
    }
  }

  sendDue() {
    if (this.outbox.sendDue(this.cx)) {
      this.replyMissing();
    }
  }

  /** Switches to the next endpoint, if there is one, because a reply is missing. */
  replyMissing() {
    const attempt = this.link.replyMissing(this.cx);
    if (attempt !== null) {
      this.outbox.resendFlight(this.cx, attempt);
    }
  }
}
