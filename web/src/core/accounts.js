// The commands about accounts: register, log in, log out, change the password, and end other sessions.

import { PapoError, errorOf, read, take } from "./errors.js";
import * as types from "./types.js";

/** @import { Answer, Outcome } from "./api.js" */
/** @import { Context } from "./context.js" */
/** @import { Pending } from "./requests.js" */

/**
 * Sends a request that needs no login: `auth.register`, `auth.reset` or `auth.login`.
 *
 * @param {Context} cx
 * @param {number} ticket
 * @param {Pending["kind"] & ("register" | "login" | "request")} kind
 * @param {string} method
 * @param {object} params
 */
export function withoutLogin(cx, ticket, kind, method, params) {
  cx.requestWithoutToken({ kind: "command", ticket, pending: { kind } }, method, params);
}

/**
 * The answer to a registration. A retry after a lost reply finds the join code used up, or the name taken.
 *
 * @param {Outcome<unknown>} outcome
 * @param {number} attempt
 * @returns {Answer}
 */
export function registered(outcome, attempt) {
  if ("error" in outcome && attempt > 0) {
    const { detail, args } = outcome.error.data;
    if (detail === "name_taken") {
      throw new PapoError(errorOf("name_taken_on_retry", { user: args?.["user"] }));
    }
    if (detail === "invalid_join_code") {
      throw new PapoError(errorOf("join_code_used_on_retry"));
    }
  }
  const { user, administrator } = read(types.registered, take(outcome));
  return { kind: "registered", user, administrator: administrator ?? false };
}
