// The queues of a session, for tests that check their bounds.

import * as limits from "./limits.js";

/** @import { Queue } from "./api.js" */
/** @import { Outbox } from "./outbox/outbox.js" */
/** @import { Requests } from "./requests.js" */
/** @import { Timelines } from "./sync/timelines.js" */

/** The maximum number of pending requests of sync, and of pending read marks. */
const SYNC_REQUESTS_MAX = 4;
const MARKS_MAX = 1;

/**
 * @param {Outbox} outbox
 * @param {Requests} requests
 * @param {Timelines} timelines
 * @returns {Queue[]}
 */
export function allQueues(outbox, requests, timelines) {
  const requestsMax = limits.COMMANDS_PENDING_MAX + limits.REPAIRS_MAX + SYNC_REQUESTS_MAX + MARKS_MAX;
  return [
    { name: "outbox", length: outbox.queue.length, lengthMax: limits.OUTBOX_MESSAGES_MAX },
    { name: "flight", length: outbox.inFlight, lengthMax: limits.FLIGHT_MESSAGES_MAX },
    { name: "requests", length: requests.outstanding.size, lengthMax: requestsMax },
    { name: "repairs", length: timelines.repairs.running.size, lengthMax: limits.REPAIRS_MAX },
    { name: "early events", length: timelines.earlyEvents(), lengthMax: limits.EARLY_EVENTS_MAX },
  ];
}
