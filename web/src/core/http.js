// Requests over HTTP: the sessions of a browser, and files. See docs/PROTOCOL.md, "HTTP".

import { PapoError } from "./errors.js";

/**
 * @typedef {object} UploadOptions
 * @property {string} id a UUID of version 7
 * @property {string} to
 * @property {string} name
 * @property {Blob} file
 * @property {string} sha256
 * @property {number} [slot]
 * @property {(sent: number) => void} [onProgress] receives the number of sent bytes
 * @property {AbortSignal} [signal]
 */

/** @param {string} text @returns {any} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The body of a reply. Throws the error of a request that failed.
 *
 * @param {number} status
 * @param {string} body
 */
function answerOf(status, body) {
  const value = parsed(body);
  if (value?.error !== undefined) {
    throw new PapoError(value.error);
  }
  if (status >= 400) {
    throw new PapoError({ code: -32603, message: `HTTP ${status}`, data: { reason: "internal" } });
  }
  return value;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
async function ask(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
  const reply = await fetch(path, { ...init, credentials: "same-origin" });
  return answerOf(reply.status, await reply.text());
}

/**
 * Logs in. The token is then in the cookie of the slot. Without a slot, the gateway chooses a free slot.
 *
 * @param {string} user
 * @param {string} password
 * @param {number} [slot]
 * @returns {Promise<{ user: string, topic: string, expires: number, slot: number }>}
 */
export function login(user, password, slot) {
  return ask("POST", "/session", { user, password, ...(slot !== undefined && { slot }) });
}

/** Ends the session of a slot. @param {number} slot */
export function logout(slot) {
  return ask("DELETE", `/session?slot=${slot}`);
}

/**
 * Sends one request, such as `auth.register`, which needs no session. Other methods use the session of the
 * slot.
 *
 * @param {string} method
 * @param {object} params
 * @param {number} [slot]
 */
export async function rpc(method, params, slot) {
  const query = slot === undefined ? "" : `?slot=${slot}`;
  return (await ask("POST", `/rpc${query}`, { jsonrpc: "2.0", id: "1", method, params })).result;
}

/**
 * The address of a file.
 *
 * @param {string} conversation
 * @param {number} n
 * @param {string} name
 * @param {number} [slot]
 */
export function fileUrl(conversation, n, name, slot = 0) {
  return `/files/${encodeURIComponent(conversation)}/${n}/${encodeURIComponent(name)}?slot=${slot}`;
}

/**
 * Sends a file, or continues an earlier attempt with the same id. Returns its event's number.
 *
 * @param {UploadOptions} options
 * @returns {Promise<{ n: number, at: number }>}
 */
export async function upload(options) {
  const { id, to, name, file, sha256, slot = 0, signal } = options;
  const query = new URLSearchParams({ to, name, sha256, slot: String(slot) });
  const path = `/files/${id}?${query}`;
  const offset = await uploadOffset(path, file.size, signal);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", path);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    if (offset > 0) {
      request.setRequestHeader("Upload-Offset", String(offset));
      request.setRequestHeader("Upload-Length", String(file.size));
    }
    request.upload.onprogress = (event) => options.onProgress?.(offset + event.loaded);
    request.onload = () => settle(() => answerOf(request.status, request.responseText), resolve, reject);
    request.onerror = () => reject(new TypeError("the connection was lost"));
    request.onabort = () => reject(signal?.reason ?? new TypeError("the connection was lost"));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file.slice(offset));
  });
}

/**
 * @param {() => any} step
 * @param {(value: any) => void} resolve
 * @param {(error: unknown) => void} reject
 */
function settle(step, resolve, reject) {
  try {
    resolve(step());
  } catch (error) {
    reject(error);
  }
}

/**
 * The number of bytes of an upload that the server has; 0 for a new upload.
 *
 * @param {string} path
 * @param {number} size
 * @param {AbortSignal} [signal]
 */
async function uploadOffset(path, size, signal) {
  const init = { method: "HEAD", headers: { "Upload-Length": String(size) }, ...(signal && { signal }) };
  const reply = await fetch(path, init);
  const offset = Number(reply.headers.get("Upload-Offset") ?? 0);
  return reply.ok && Number.isInteger(offset) ? offset : 0;
}
