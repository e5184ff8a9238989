// The outbox in the storage. Each tab sends its own messages. The tab that holds the lock also sends the
// messages of earlier runs and of closed tabs. Two tabs can safely send the same message, because the server
// stores an id once.

import { errorOf } from "./errors.js";

/** @import { Message, ProtocolError } from "./api.js" */
/** @import { Storage } from "./storage.js" */

/** @typedef {{ user: string, message: Message }} StoredMessage */

export class StoredOutbox {
  /** Whether this tab holds the lock. */
  isHeld = false;

  /** @param {Storage} storage */
  constructor(storage) {
    this.storage = storage;
  }

  /**
   * Stores messages. Returns the error if that fails.
   *
   * @param {string} user
   * @param {Message[]} messages
   * @returns {Promise<ProtocolError | null>}
   */
  async persist(user, messages) {
    try {
      await Promise.all(messages.map((message) => this.storage.put("outbox", message.id, { user, message })));
      return null;
    } catch (problem) {
      return errorOf("not_stored_locally", { error: String(problem) });
    }
  }

  /** @param {string[]} ids of messages that the server has stored or refused */
  forget(ids) {
    // A message that stays in the storage is sent again with the same id, which changes nothing.
    this.storage.delete("outbox", ids).catch(() => {});
  }

  /**
   * The messages of a user in the order of sending, if this tab holds the lock.
   *
   * @param {string} user
   * @param {number} age the minimum age of the messages in milliseconds
   * @returns {Promise<Message[]>}
   */
  async load(user, age) {
    if (!this.isHeld) {
      return [];
    }
    const entries = await this.storage.all("outbox").catch(() => []);
    const before = uuidOfTime(Date.now() - age);
    const stored = entries.map(([, value]) => /** @type {StoredMessage} */ (value));
    const found = stored.filter((of) => of.user === user && (age === 0 || of.message.id < before));
    return found.map((of) => of.message);
  }
}

/**
 * The start of the ids of this time: the first 48 bits of an id are the Unix time in milliseconds.
 *
 * @param {number} time
 */
function uuidOfTime(time) {
  const digits = time.toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
