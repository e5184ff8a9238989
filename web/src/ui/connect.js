// Connects the page: the session of a slot, the storage of its user, and the client of the core.

import { Client, browserTabs, openStorage, webSocketLink } from "../core/client.js";

/** @import { News } from "../core/api.js" */

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 15_000;

/** Asks over HTTP whether the gateway answers. @param {number} ms */
function probe(ms) {
  return fetch("/healthz", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(ms) });
}

/** The address of the WebSocket of a slot. @param {number} slot */
function socketAddress(slot) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws?slot=${slot}`;
}

/** The user of the last session of a slot; null after its end. @param {number} slot */
export function rememberedUser(slot) {
  return localStorage.getItem(`papo-user-${slot}`);
}

/** @param {number} slot @param {string | null} user */
export function rememberUser(slot, user) {
  if (user) localStorage.setItem(`papo-user-${slot}`, user);
  else localStorage.removeItem(`papo-user-${slot}`);
}

/**
 * The user whose session the cookie of a slot holds; null without a session.
 * @param {number} slot
 * @returns {Promise<string | null>}
 */
export async function userOfSlot(slot) {
  for (let wait = RETRY_MS_MIN; ; wait = Math.min(wait * 2, RETRY_MS_MAX)) {
    const hello = await firstLine(socketAddress(slot));
    if (hello) return hello.user ?? null;
    await new Promise((resolve) => setTimeout(resolve, wait * Math.random()));
  }
}

/**
 * The hello of a new connection; null if the gateway does not answer.
 * @param {string} address
 * @returns {Promise<any>}
 */
function firstLine(address) {
  return new Promise((resolve) => {
    const socket = new WebSocket(address, "papo.v1");
    socket.onmessage = (event) => { resolve(JSON.parse(String(event.data).split("\n")[0] ?? "null")); socket.close(); };
    socket.onclose = (event) => resolve(event.code === 4401 ? {} : null);
  });
}

/**
 * @param {number} slot @param {string} user
 * @param {{onNews: (news: News) => void, onDraft: (conversation: string, text: string) => void, onPage:
 * (tag: string) => void,
 *   onOtherUser: () => void}} listeners
 */
export async function connect(slot, user, { onNews, onDraft, onPage, onOtherUser }) {
  const name = `papo-${user}`;
  const storage = await openStorage(name);
  /** @type {() => void} */
  let greeted = () => {};
  const hello = new Promise((resolve) => { greeted = () => resolve(null); });
  const client = new Client({
    link: webSocketLink(`/ws?slot=${slot}`, { probe }), storage, tabs: browserTabs(name), onNews, onDraft,
    onHello: (received) => {
      // The cookie has no session, or another tab logged in as another user.
      if (received.user !== user) return onOtherUser();
      greeted();
      if (received.page) onPage(received.page);
    },
  });
  const settings = Object.assign({}, await storage.get("settings", "page"));
  client.start();
  return { client, settings, storage, hello };
}

/**
 * Follows who is typing in a conversation. The command "open" of the core would also mark everything as read
 * that it shows, as a terminal does. The page marks a row when it was in view.
 * @param {Client} client @param {string} conversation
 */
export function watchTyping(client, conversation) {
  client.input((session) => session.conversations.typing.open(session.cx, conversation));
}
