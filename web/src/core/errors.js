// Errors of replies, and errors that only clients create, as in common/src/errors/table.rs.

/** @import { Outcome, ProtocolError } from "./api.js" */

/** The code, the reason and the sentence of each error that the core creates. */
const DETAILS = /** @type {const} */ ({
  bad_answer: [
    -32603,
    "internal",
    "the client cannot decode the server's answer ({error}): check that server and client have the same version",
  ],
  answer_without_bytes: [
    -32603,
    "internal",
    "the server sent an answer without its bytes: check that server and client have the same version",
  ],
  not_stored_locally: [-32603, "internal", "cannot save the unsent message on this machine: {error}"],
  not_logged_in: [4010, "unauthenticated", "you are not logged in: log in first"],
  logged_out: [4010, "unauthenticated", "you logged out before the answer arrived"],
  other_session: [
    4010,
    "unauthenticated",
    "you opened another session before the answer arrived: send the request again",
  ],
  unsent_at_end: [4010, "unauthenticated", "the session ended before this message was sent: send it again"],
  not_member: [4030, "not_member", "you are not a member of {channel}: join it first"],
  join_code_used_on_retry: [
    4030,
    "invalid_join_code",
    "this join code is used up. If your registration succeeded and only its answer was lost, try to log in",
  ],
  name_taken_on_retry: [
    4090,
    "name_taken",
    "the name {user} is taken. If your registration succeeded and only its answer was lost, it is your account: try to log in",
  ],
  outbox_full: [
    4290,
    "rate_limited",
    "too many messages are waiting to be sent: wait until the server has received some of them",
  ],
  too_many_requests: [4290, "rate_limited", "too many requests are pending: try again in a moment"],
  other_version: [
    5030,
    "unavailable",
    "the server (papo {version}) supports the protocol versions {from} to {to}, and this client supports {own_from} to {own_to}: update the older program",
  ],
  follow_replaced: [5030, "unavailable", "this request was replaced by a later one"],
});

/**
 * Creates an error.
 *
 * @param {keyof typeof DETAILS} detail
 * @param {Record<string, unknown>} [args]
 * @returns {ProtocolError}
 */
export function errorOf(detail, args) {
  const [code, reason, sentence] = DETAILS[detail];
  const message = sentence.replace(/\{(\w+)\}/g, (_, name) => String(args?.[name]));
  return { code, message, data: { reason, detail, ...(args && { args }) } };
}

/** An error with the error of a reply. */
export class PapoError extends Error {
  /** @param {ProtocolError} error */
  constructor(error) {
    super(error.message);
    this.name = "PapoError";
    this.error = error;
  }
}

/**
 * The result of a request. Throws the error of a request that failed.
 *
 * @template T
 * @param {Outcome<T>} outcome
 * @returns {T}
 */
export function take(outcome) {
  if ("error" in outcome) {
    throw new PapoError(outcome.error);
  }
  return outcome.ok;
}

/**
 * Decodes the result of a request. Throws "bad_answer" for an invalid result.
 *
 * @template T
 * @param {(value: unknown) => T} decoder
 * @param {unknown} result
 * @returns {T}
 */
export function read(decoder, result) {
  try {
    return decoder(result);
  } catch (error) {
    throw new PapoError(errorOf("bad_answer", { error: error instanceof Error ? error.message : "" }));
  }
}

/**
 * The outcome of a step that throws a `PapoError`.
 *
 * @template T
 * @param {() => T} step
 * @returns {Outcome<T>}
 */
export function outcomeOf(step) {
  try {
    return { ok: step() };
  } catch (error) {
    if (error instanceof PapoError) {
      return { error: error.error };
    }
    throw error;
  }
}

/**
 * Whether the same request can succeed later.
 *
 * @param {ProtocolError} error
 */
export function isTemporary(error) {
  return error.data.reason === "rate_limited" || error.data.reason === "unavailable";
}

/**
 * Whether the token no longer opens a session.
 *
 * @param {ProtocolError} error
 */
export function endsSession(error) {
  return error.data.reason === "unauthenticated" || error.data.reason === "session_disabled";
}
