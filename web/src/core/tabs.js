// The tabs of a user in one browser. One tab holds the lock of the outbox: it sends the messages of tabs that
// were closed. Tabs send each other messages about drafts and settings.

/**
 * @typedef {object} Tabs
 * @property {(onLock: () => void) => void} lockOutbox calls `onLock` when this tab holds the lock
 * @property {(message: any) => void} post sends a message to the other tabs
 * @property {(onMessage: (message: any) => void) => void} listen
 * @property {() => void} close releases the lock
 */

/** The only tab, as in a program. @returns {Tabs} */
export function soloTabs() {
  return { lockOutbox: (onLock) => onLock(), post: () => {}, listen: () => {}, close: () => {} };
}

/**
 * The tabs of a browser. Without Web Locks, as on plain http, each tab holds the lock. Two tabs can safely
 * send the same message, because the server stores an id once.
 *
 * @param {string} name of the user's storage
 * @returns {Tabs}
 */
export function browserTabs(name) {
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
  const closed = new AbortController();
  return {
    lockOutbox: (onLock) => {
      const locks = globalThis.navigator?.locks;
      if (locks === undefined) {
        onLock();
        return;
      }
      const held = () => new Promise((resolve) => {
        onLock();
        closed.signal.addEventListener("abort", resolve, { once: true });
      });
      locks.request(`papo-outbox ${name}`, { signal: closed.signal }, held).catch(() => {});
    },
    post: (message) => channel?.postMessage(message),
    listen: (onMessage) => channel?.addEventListener("message", (event) => onMessage(event.data)),
    close: () => {
      closed.abort();
      channel?.close();
    },
  };
}
