// Combines the components of conversations: `Sync` orders events, `Reads` counts unread events, `Presence`
// and `Typing` report on other users. This file passes the outcome of a component to the other components.

import { Blocks } from "./blocks.js";
import { parse } from "./decode.js";
import { readEntry } from "./entry.js";
import { PapoError, errorOf, outcomeOf, take } from "./errors.js";
import { readNotice } from "./events.js";
import * as history from "./history.js";
import { Levels, list as listLevels } from "./levels.js";
import { conversationOf, isChannel } from "./names.js";
import { earliest } from "./order.js";
import { Presence } from "./presence.js";
import { Reads, list as listReads } from "./reads.js";
import * as events from "./sync/events.js";
import { left, noteMembership } from "./sync/memberships.js";
import { Sync } from "./sync/sync.js";
import { Typing } from "./typing.js";

/** @import { Answer, Entry, Follow, LaterNames, Outcome, ProtocolError } from "./api.js" */
/** @import { Context } from "./context.js" */
/** @import { Notice } from "./events.js" */
/** @import { HeadsKind } from "./requests.js" */

/** The ticket of the core's own commands, whose answers are ignored. */
const NO_TICKET = 0;

export class Conversations {
  sync = new Sync();
  reads = new Reads();
  presence = new Presence();
  typing = new Typing();
  blocks = new Blocks();
  levels = new Levels();

  unreadElsewhere() {
    return this.reads.unreadElsewhere(this.levels);
  }

  /** @param {Context} cx */
  deadline(cx) {
    const reads = cx.account === null ? null : this.reads.deadline();
    return earliest([this.sync.deadline(), this.presence.deadline(), this.typing.deadline(), reads]);
  }

  /** @param {Context} cx */
  tick(cx) {
    this.sync.tick(cx);
    this.presence.tick(cx);
    this.typing.tick(cx);
    this.reads.tick(cx);
  }

  /**
   * Replaces the conversations that are followed.
   *
   * @param {Context} cx
   * @param {number} ticket
   * @param {Follow} follow
   */
  follow(cx, ticket, follow) {
    if (cx.account === null) {
      cx.answer(ticket, { error: errorOf("not_logged_in") });
      return;
    }
    this.stopFollowing(cx, errorOf("follow_replaced"));
    // `stopFollowing` unsubscribed from the topic of presence. The reply to a heartbeat contains this topic.
    this.presence.reportNow(cx);
    this.sync.follow(cx, ticket, follow);
  }

  /**
   * @param {Context} cx
   * @param {ProtocolError} error
   */
  stopFollowing(cx, error) {
    this.sync.stop(cx, error);
    this.reads = new Reads();
  }

  /**
   * @param {Context} cx
   * @param {ProtocolError} error
   */
  endSession(cx, error) {
    this.presence.end();
    this.typing.end();
    this.blocks = new Blocks();
    this.levels = new Levels();
    this.stopFollowing(cx, error);
  }

  /**
   * Handles the event lines and notices of a topic. Ignores notices of later versions.
   *
   * @param {Context} cx
   * @param {string} lines
   */
  published(cx, lines) {
    const me = cx.user;
    if (me === null) {
      return;
    }
    for (const line of lines.split("\n")) {
      const value = line === "" ? undefined : parse(line);
      const entry = readEntry(me, line, value);
      if (entry !== null) {
        this.eventPublished(cx, me, entry);
      } else {
        this.noticePublished(cx, me, readNotice(value));
      }
    }
  }

  /**
   * @param {Context} cx
   * @param {string} me
   * @param {Entry} entry
   */
  eventPublished(cx, me, entry) {
    const membership = noteMembership(this.sync, cx, me, entry);
    if (membership.kind === "event") {
      this.typing.messageArrived(cx, entry);
      this.emit(cx, events.published(this.sync, cx, entry));
    } else if (membership.kind === "ended") {
      this.reads.forget(membership.conversation);
    }
  }

  /**
   * @param {Context} cx
   * @param {string} me
   * @param {Notice | undefined} notice
   */
  noticePublished(cx, me, notice) {
    switch (notice?.kind) {
      case "topic.moved":
        this.sync.topicMoved(cx, notice.to, notice.topic);
        break;
      case "read": {
        // The notice can arrive after the end of a membership.
        const { conversation } = notice;
        const isReadable = !isChannel(conversation) || this.sync.timelines.followed.has(conversation);
        this.reads.notice(cx, notice, isReadable);
        break;
      }
      case "user.blocked":
        this.blocks.notice(notice.user, notice.blocked);
        break;
      case "notify":
        listLevels(cx, NO_TICKET);
        break;
      case "presence":
        this.presence.changed(cx, notice.users);
        break;
      case "typing":
        if (!this.blocks.users.has(notice.from)) {
          const conversation = conversationOf(me, notice.from, notice.to);
          this.typing.notice(cx, conversation, notice.from, notice.typing);
        }
        break;
      default:
        // After "sessions.ended", the reply to the next request for heads shows whether the session ended.
        break;
    }
  }

  /**
   * @param {Context} cx
   * @param {Entry[]} ready
   */
  emit(cx, ready) {
    for (const entry of ready) {
      if (entry.event?.kind === "channel.renamed") {
        cx.rename(entry.conversation, entry.event.new_name ?? entry.conversation);
      }
      this.reads.count(cx.user, entry);
      const level = this.levels.of(entry.conversation);
      cx.emitNews({ kind: "entry", entry: this.blocks.mark({ ...entry, level }) });
    }
  }

  /**
   * Handles the acknowledgement of a message. Returns whether the message is emitted as an event.
   *
   * @param {Context} cx
   * @param {Entry} entry
   */
  acknowledged(cx, entry) {
    const ready = events.acknowledged(this.sync, cx, entry);
    this.emit(cx, ready ?? []);
    return ready !== null;
  }

  /**
   * @param {Context} cx
   * @param {{ channel: string, topic: string, n: number } & LaterNames} joined
   * @returns {Answer}
   */
  joined(cx, joined) {
    cx.setNames(joined.channel, joined);
    events.joined(this.sync, cx, joined);
    return { kind: "joined", ...joined };
  }

  /**
   * @param {Context} cx
   * @param {string} channel
   * @returns {Answer}
   */
  left(cx, channel) {
    left(this.sync, cx, channel);
    this.reads.forget(channel);
    return { kind: "done" };
  }

  /**
   * Handles the reply to a command that ended other sessions. The server has moved the user's own topic.
   *
   * @param {Context} cx
   * @param {{ ended: number, topic: string }} revoked
   * @returns {Answer}
   */
  sessionsEnded(cx, { ended, topic }) {
    this.sync.ownTopicMoved(cx, topic);
    return { kind: "sessionsEnded", count: ended };
  }

  /**
   * Requests the page that opens a conversation.
   *
   * @param {Context} cx
   * @param {number} ticket
   * @param {string} conversation
   */
  open(cx, ticket, conversation) {
    this.presence.watch(conversation);
    this.typing.open(cx, conversation);
    history.open(cx, ticket, conversation, this.reads);
  }

  /**
   * Handles the page that opens a conversation, or an error. Events that waited for the page are emitted
   * after it.
   *
   * @param {Context} cx
   * @param {string} conversation
   * @param {Outcome<unknown>} outcome
   * @returns {Answer}
   */
  opened(cx, conversation, outcome) {
    const page = outcomeOf(() => cx.entries(take(outcome)));
    if ("ok" in page) {
      const { head, entries } = page.ok;
      // The user requests the events between the page and the head with the command "nextPage".
      events.continueAfter(this.sync, conversation, Math.max(entries.at(-1)?.n ?? head, head));
      this.show(cx, conversation, head, entries);
    }
    this.emit(cx, events.opened(this.sync, cx, conversation));
    take(page);
    return { kind: "done" };
  }

  /**
   * Requests the page after the events that the open conversation shows.
   *
   * @param {Context} cx
   * @param {number} ticket
   * @param {string} conversation
   */
  requestNextPage(cx, ticket, conversation) {
    history.requestNextPage(cx, ticket, conversation, this.reads);
  }

  /**
   * @param {Context} cx
   * @param {string} conversation
   * @param {unknown} result
   * @returns {Answer}
   */
  pageReceived(cx, conversation, result) {
    const { head, entries } = cx.entries(result);
    const last = entries.at(-1)?.n;
    this.show(cx, conversation, head, entries);
    const shown = last !== undefined && last >= head ? last : null;
    this.emit(cx, events.nextPage(this.sync, cx, conversation, shown));
    return { kind: "done" };
  }

  /**
   * @param {Context} cx
   * @param {string} conversation
   * @param {number} head
   * @param {Entry[]} page
   */
  show(cx, conversation, head, page) {
    const shown = page.at(-1)?.n ?? head;
    const unread = this.reads.unread(conversation)?.unread ?? 0;
    this.reads.open(conversation, shown);
    const entries = page.map((entry) => this.blocks.mark(entry));
    cx.emitNews({ kind: "opened", conversation, entries, unread, more: Math.max(head - shown, 0) });
  }

  /**
   * @param {Context} cx
   * @param {Outcome<unknown>} outcome
   */
  infoReceived(cx, outcome) {
    this.stopAfterError(cx, () => this.sync.infoReceived(cx, outcome));
  }

  /**
   * @param {Context} cx
   * @param {HeadsKind} kind
   * @param {number | null} cursor
   * @param {Outcome<unknown>} outcome
   */
  headsReceived(cx, kind, cursor, outcome) {
    const heads = this.stopAfterError(cx, () => this.sync.headsReceived(cx, kind, cursor, outcome));
    if (heads?.kind === "channels") {
      this.reads.forgetOtherChannels(heads.channels);
    } else if (heads?.kind === "rolledBack") {
      this.rollBack(cx);
    }
  }

  /**
   * Runs a step of sync. After an error, the core stops following.
   *
   * @template T
   * @param {Context} cx
   * @param {() => T} step
   */
  stopAfterError(cx, step) {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof PapoError)) {
        throw error;
      }
      this.stopFollowing(cx, error.error);
      return undefined;
    }
  }

  /**
   * Starts again from the state of a server that has returned to an earlier state.
   *
   * @param {Context} cx
   */
  rollBack(cx) {
    const { reads } = this;
    this.reads = new Reads();
    this.sync.rollBack(cx);
    if (reads.isListed) {
      listReads(cx, NO_TICKET);
    }
    if (reads.opened !== null) {
      this.open(cx, NO_TICKET, reads.opened.conversation);
    }
  }

  /**
   * Handles a page that fills a gap, or an error.
   *
   * @param {Context} cx
   * @param {string} conversation
   * @param {Outcome<unknown>} outcome
   */
  repaired(cx, conversation, outcome) {
    const ready = events.repaired(this.sync, cx, conversation, outcome);
    if (ready === null) {
      this.reads.forget(conversation);
    } else {
      this.emit(cx, ready);
    }
  }

  /**
   * @param {Context} cx
   * @param {Outcome<unknown>} outcome
   */
  heartbeatAcknowledged(cx, outcome) {
    const topic = this.presence.reported(cx, outcome);
    if (topic !== null) {
      this.sync.topics.subscribePresence(cx, topic);
    }
  }

  /**
   * @param {Context} cx
   * @param {string | null} to
   */
  keyTyped(cx, to) {
    this.presence.keyTyped(cx);
    this.typing.keyTyped(cx, to);
  }
}
