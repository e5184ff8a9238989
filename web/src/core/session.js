// The session core: the state and the decisions of a client, without sockets, storage or clocks. It is the
// same core as the Rust crate `session`.
//
// The inputs are commands, reply lines, event lines and the time. The output is a list of effects, which
// `client.js` carries out.

/** @import { Account, Command, Effect, Message, ProtocolError, Queue, Status } from "./api.js" */

/** The ticket of a command whose answer is ignored. */
export const NO_TICKET = 0;

/** The client's side of a login. */
export class Session {
  /** @param {bigint | number} seed determines the jitter and the names of barriers */
  constructor(seed, endpoints = 1) {
    void seed;
    void endpoints;
  }

  /** @returns {Effect[]} the effects since the last call, in order */
  takeEffects() {
    return [];
  }

  /** @returns {number | null} the time at which `tick` must be called */
  deadline() {
    return null;
  }

  /** @param {number} now */
  tick(now) {
    void now;
  }

  /**
   * Carries out a command. The outcome is an effect "answer" with the same ticket, except for the commands
   * "send" and "keyTyped".
   *
   * @param {number} now
   * @param {number} ticket
   * @param {Command} command
   */
  command(now, ticket, command) {
    void [now, ticket, command];
  }
}
