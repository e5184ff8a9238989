// The commands that create, join and leave channels.

/** @import { Context } from "./context.js" */

/**
 * @param {Context} cx
 * @param {number} ticket
 * @param {string} channel
 * @param {boolean} isPrivate
 */
export function create(cx, ticket, channel, isPrivate) {
  const params = { channel, ...(isPrivate && { private: true }) };
  cx.requestFor(ticket, { kind: "join", channel }, "channel.create", params);
}

/**
 * @param {Context} cx
 * @param {number} ticket
 * @param {string} channel
 */
export function join(cx, ticket, channel) {
  cx.requestFor(ticket, { kind: "join", channel }, "channel.join", { channel });
}

/**
 * @param {Context} cx
 * @param {number} ticket
 * @param {string} channel
 */
export function leave(cx, ticket, channel) {
  cx.requestFor(ticket, { kind: "leave", channel }, "channel.leave", { channel });
}
