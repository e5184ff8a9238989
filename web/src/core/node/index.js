// The package for programs in Node: connects to the gateway of a node, and follows all conversations.

import { Client, memoryStorage, soloTabs, webSocketLink } from "../client.js";
import { fileStorage } from "./file_storage.js";
import { socketWith } from "./socket.js";

export { Client, PapoError, memoryStorage, soloTabs, webSocketLink } from "../client.js";
export { fileStorage } from "./file_storage.js";
export { Socket, socketWith } from "./socket.js";

/** @import { Entry, News, PapoEvent } from "../api.js" */

/**
 * @typedef {object} ConnectOptions
 * @property {string} url of the WebSocket, such as `ws://127.0.0.1:8080/ws`
 * @property {string} [token] of a bot or of a session
 * @property {string} [user] logs in with a password, without a token
 * @property {string} [password]
 * @property {string} [outbox] a file for messages without an acknowledgement
 * @property {(event: PapoEvent, entry: Entry) => void} [onEvent] the next event of a conversation: each
 *   once, in order, without a gap. `entry.conversation` is the channel or the other user.
 * @property {(news: News) => void} [onNews]
 */

/**
 * Connects, and returns a client when it follows all conversations. After a lost connection, the client
 * connects again and receives the events that it missed.
 *
 * @param {ConnectOptions} options
 */
export async function connect(options) {
  const { url, token, user, password, outbox } = options;
  /** @type {Record<string, string>} */
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const link = webSocketLink(url, { WebSocket: socketWith(headers) });
  const storage = outbox === undefined ? memoryStorage() : await fileStorage(outbox);
  /** @type {(user: string | undefined) => void} */
  let greeted = () => {};
  /** @type {(error: Error) => void} */
  let ended = () => {};
  /** @type {Promise<string | undefined>} */
  const hello = new Promise((resolve, reject) => ([greeted, ended] = [resolve, reject]));
  const client = new Client({
    link,
    storage,
    tabs: soloTabs(),
    onNews: (news) => report(options, news),
    onHello: (hello) => greeted(hello.user),
    onEnd: (code) => ended(new Error(`the gateway ended the connection with the code ${code}: check the token`)),
  });
  client.start();
  try {
    if (token !== undefined) {
      await client.begin((await hello) ?? (await ownName(client)));
    } else {
      await client.command({ kind: "login", user: user ?? "", password: password ?? "" });
    }
    await client.command({ kind: "setPresence", mode: "always" });
    await client.command({ kind: "follow", follow: { kind: "everything" } });
  } catch (error) {
    client.stop();
    throw error;
  }
  return client;
}

/**
 * The name of the user. The token of a bot does not contain it, but the topic of the user does.
 *
 * @param {Client} client
 */
async function ownName(client) {
  await client.begin("");
  /** @type {{ topic: string }} */
  const { topic } = await client.request("sync.heads", {});
  return topic.slice("user.".length, topic.lastIndexOf("."));
}

/**
 * @param {ConnectOptions} options
 * @param {News} news
 */
function report({ onEvent, onNews }, news) {
  if (news.kind === "entry" && news.entry.event !== null) {
    onEvent?.(news.entry.event, news.entry);
  }
  onNews?.(news);
}
