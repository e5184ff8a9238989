// Carries out the effects of a session. Effects on the storage come first: a message is persisted before it
// is sent, and it is deleted before the user interface reports its acknowledgement.

/** @import { Effect, Message, ProtocolError } from "./api.js" */
/** @import { Session } from "./session.js" */

/**
 * The operations that a session needs from its front end. `persist` returns undefined while the write is
 * running: the front end calls `Session.persisted` when the write ends. `loadOutbox` returns undefined while
 * the read is running: the front end calls `Session.outboxLoaded` when the read ends.
 *
 * @typedef {object} Io
 * @property {() => number} now
 * @property {(user: string) => Message[] | undefined} loadOutbox
 * @property {(messages: Message[]) => { error: ProtocolError | null } | undefined} persist
 * @property {(ids: string[]) => void} forget
 * @property {(effect: Effect) => void} carryOut carries out all other effects
 */

/**
 * Carries out the effects of all inputs since the last call.
 *
 * @param {Session} session
 * @param {Io} io
 */
export function step(session, io) {
  let effects = session.takeEffects();
  while (effects.length > 0) {
    const others = carryOutOnStorage(session, io, effects);
    const caused = session.takeEffects();
    if (caused.length === 0) {
      others.forEach(io.carryOut);
      return;
    }
    // The outcome of a write can cause new effects, which come first.
    effects = [...caused, ...others];
  }
}

/**
 * Carries out the effects on the storage. Returns the other effects.
 *
 * @param {Session} session
 * @param {Io} io
 * @param {Effect[]} effects
 */
function carryOutOnStorage(session, io, effects) {
  /** @type {Message[]} */
  const toPersist = [];
  /** @type {string[]} */
  const toForget = [];
  /** @type {Effect[]} */
  const others = [];
  for (const effect of effects) {
    if (effect.kind === "loadOutbox") {
      const messages = io.loadOutbox(effect.user);
      if (messages !== undefined) {
        session.outboxLoaded(io.now(), messages);
      }
    } else if (effect.kind === "persist") {
      toPersist.push(effect.message);
    } else if (effect.kind === "forget") {
      toForget.push(effect.id);
    } else {
      others.push(effect);
    }
  }
  const outcome = toPersist.length > 0 ? io.persist(toPersist) : undefined;
  if (outcome !== undefined) {
    session.persisted(io.now(), toPersist.map((message) => message.id), outcome.error);
  }
  if (toForget.length > 0) {
    io.forget(toForget);
  }
  return others;
}
