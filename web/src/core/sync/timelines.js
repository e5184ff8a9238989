// The timelines of the conversations that are followed, and the repair of their gaps.

import { Repairs } from "../history.js";
import { HEADS_INTERVAL_MS } from "../limits.js";
import { sorted } from "../order.js";
import { Timeline } from "./timeline.js";

/** @import { Entry, Outcome } from "../api.js" */
/** @import { Context } from "../context.js" */

export class Timelines {
  /** @type {Map<string, Timeline>} */
  followed = new Map();
  repairs = new Repairs();

  /**
   * The timeline of a conversation. A new timeline starts with the event `next`.
   *
   * @param {string} conversation
   * @param {number} next
   */
  getOrStart(conversation, next) {
    const timeline = this.followed.get(conversation) ?? new Timeline(next);
    this.followed.set(conversation, timeline);
    return timeline;
  }

  /**
   * Removes and returns the events to emit. Returns no events while the page that opens the conversation is
   * pending.
   *
   * @param {Context} cx
   * @param {string} conversation
   */
  takeReady(cx, conversation) {
    const timeline = this.followed.get(conversation);
    return timeline === undefined || cx.requests.isOpening(conversation) ? [] : timeline.takeReady();
  }

  /**
   * Schedules a repair at the time `due`, if the conversation has a gap.
   *
   * @param {string} conversation
   * @param {number} due
   */
  lookForGap(conversation, due) {
    if (this.gap(conversation) !== null) {
      this.repairs.plan(conversation, due);
    }
  }

  /** @param {string} conversation */
  gap(conversation) {
    return this.followed.get(conversation)?.gap() ?? null;
  }

  /**
   * Requests the pages that are due.
   *
   * @param {Context} cx
   */
  repairGaps(cx) {
    for (let due = this.repairs.takeDue(cx.now); due !== null; due = this.repairs.takeDue(cx.now)) {
      const gap = this.gap(due);
      if (gap !== null) {
        this.repairs.begin(cx, due, gap.after, gap.missing);
      }
    }
  }

  /**
   * Handles the page of a repair, or an error. Returns the events to emit.
   *
   * @param {Context} cx
   * @param {string} conversation
   * @param {Outcome<Entry[]>} page
   */
  repaired(cx, conversation, page) {
    this.repairs.end(conversation);
    const before = this.gap(conversation);
    /** @type {Entry[]} */
    let ready = [];
    if ("ok" in page) {
      const timeline = this.followed.get(conversation);
      if (timeline === undefined) {
        return ready;
      }
      for (const entry of page.ok) {
        timeline.insert(entry);
      }
      ready = this.takeReady(cx, conversation);
    }
    // A page without a new event is requested again only later: an immediate reply would be the same.
    const after = this.gap(conversation);
    const isSame = before?.after === after?.after && before?.missing === after?.missing;
    this.lookForGap(conversation, isSame ? cx.now + HEADS_INTERVAL_MS : cx.now);
    return ready;
  }

  /**
   * Stops following one conversation.
   *
   * @param {Context} cx
   * @param {string} conversation
   */
  forget(cx, conversation) {
    this.followed.delete(conversation);
    this.repairs.forget(conversation);
    cx.requests.forget((origin) => origin.kind === "repair" && origin.conversation === conversation);
  }

  /** @param {Context} cx */
  clear(cx) {
    cx.requests.forget((origin) => origin.kind === "repair");
    this.followed.clear();
    this.repairs = new Repairs();
  }

  progress() {
    return sorted(this.followed).map(([conversation, timeline]) => ({ conversation, ...timeline.progress() }));
  }

  /** The length of the longest queue of early events. */
  earlyEvents() {
    return Math.max(0, ...[...this.followed.values()].map((timeline) => timeline.early.size));
  }
}
