// The client around the core: the connection to the gateway, the storage and the tabs.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Client, memoryStorage, soloTabs } from "../../src/core/client.js";
import { uuid7 } from "../../src/core/uuid.js";
import { FakeGateway } from "./fake_gateway.js";

/** @import { News } from "../../src/core/api.js" */

/** @param {() => unknown} condition */
async function until(condition) {
  for (let left = 400; !condition(); left--) {
    assert.ok(left > 0, `never true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The clients of the current test. @type {Client[]} */
const clients = [];
afterEach(() => clients.splice(0).forEach((client) => client.stop()));

/** Alice's client, connected and following. @param {any} [options] */
async function alice(options = {}) {
  const gateway = new FakeGateway();
  /** @type {News[]} */
  const news = [];
  const storage = options.storage ?? memoryStorage();
  const tabs = options.tabs ?? soloTabs();
  const client = new Client({ link: gateway, storage, tabs, onNews: (one) => news.push(one), ...options });
  clients.push(client);
  client.start();
  gateway.up();
  await client.login("alice");
  const shown = () => news.flatMap((one) => (one.kind === "entry" ? [one.entry.event?.text] : []));
  const sent = () => news.flatMap((one) => (one.kind === "sent" ? [one.message.text] : []));
  return { gateway, client, news, storage, shown, sent };
}

test("a login follows all conversations, without a token in the requests", async () => {
  const { gateway, client, shown } = await alice();
  gateway.store("bob", uuid7(), "oi");
  await until(() => shown().length === 1);
  assert.deepEqual([...gateway.topics].map((topic) => topic.split(".")[0]).sort(), ["channel", "presence", "user"]);
  assert.deepEqual(client.status().conversations, [{ conversation: "#ops", shown: 1, head: 1 }]);
});

test("a message is stored before it is sent, and removed after its acknowledgement", async () => {
  const { gateway, client, storage, shown, sent } = await alice();
  gateway.losesRequests = true;
  client.send({ to: "#ops", text: "oi" });
  await until(() => gateway.methods.at(-1) === "message.send");
  const [[, stored] = []] = await storage.all("outbox");
  assert.equal(stored?.message.text, "oi");
  gateway.losesRequests = false;
  gateway.down();
  gateway.up();
  await until(() => sent().length === 1 && shown().length === 1);
  assert.deepEqual(await storage.all("outbox"), []);
  assert.equal(gateway.log.length, 1);
});

test("messages that are written without a connection are sent once, in order, after it", async () => {
  const { gateway, client, news, shown } = await alice();
  gateway.down();
  assert.equal(news.at(-1)?.kind === "connectionLost" || news.some((one) => one.kind === "connectionLost"), true);
  for (const text of ["one", "two", "three"]) {
    client.send({ to: "#ops", text });
  }
  gateway.store("bob", uuid7(), "meanwhile");
  await until(() => client.status().summary.delayed === 3);
  gateway.up();
  await until(() => shown().length === 4);
  assert.deepEqual(shown(), ["meanwhile", "one", "two", "three"]);
  assert.deepEqual(gateway.log.map((event) => event.n), [1, 2, 3, 4]);
  assert.equal(client.status().summary.connectivity, "connected");
});

test("a new connection needs two round trips", async () => {
  const { gateway, shown } = await alice();
  gateway.down();
  gateway.store("bob", uuid7(), "meanwhile");
  gateway.methods.length = 0;
  gateway.up();
  await until(() => shown().length === 1);
  assert.deepEqual(gateway.methods, ["gateway.subscribe", "sync.heads", "message.history"]);
});

test("dropped events are loaded after the notice of the gateway", async () => {
  const { gateway, shown } = await alice();
  gateway.topics.clear();
  gateway.store("bob", uuid7(), "dropped");
  gateway.push({ kind: "lagged" });
  await until(() => shown().length === 1);
});

test("messages of an earlier run are sent after the login", async () => {
  const storage = memoryStorage();
  const message = { to: "#ops", id: uuid7(), text: "earlier", reply: null };
  await storage.put("outbox", message.id, { user: "alice", message });
  const other = { ...message, id: uuid7(), text: "of bob" };
  await storage.put("outbox", other.id, { user: "bob", message: other });
  const { gateway, news, sent } = await alice({ storage });
  await until(() => sent().length === 1);
  assert.ok(news.some((one) => one.kind === "outboxLoaded" && one.messages[0]?.text === "earlier"));
  assert.deepEqual(gateway.log.map((event) => event.text), ["earlier"]);
});

test("only the tab with the lock sends the messages of an earlier run", async () => {
  const storage = memoryStorage();
  const message = { to: "#ops", id: uuid7(), text: "earlier", reply: null };
  await storage.put("outbox", message.id, { user: "alice", message });
  let lock = () => {};
  const tabs = { ...soloTabs(), lockOutbox: (/** @type {() => void} */ onLock) => (lock = onLock) };
  const { gateway, client, sent } = await alice({ storage, tabs });
  client.send({ to: "#ops", text: "own" });
  await until(() => sent().length === 1);
  assert.deepEqual(gateway.log.map((event) => event.text), ["own"]);
  lock();
  await until(() => sent().length === 2);
  assert.deepEqual(gateway.log.map((event) => event.text), ["own", "earlier"]);
});

test("a message that cannot be stored is refused", async () => {
  const storage = { ...memoryStorage(), put: () => Promise.reject(new Error("the disk is full")) };
  const { gateway, client, news } = await alice({ storage });
  client.send({ to: "#ops", text: "oi" });
  await until(() => news.some((one) => one.kind === "sent"));
  const sent = news.find((one) => one.kind === "sent");
  const error = sent?.kind === "sent" && "error" in sent.outcome ? sent.outcome.error : undefined;
  assert.equal(error?.data.detail, "not_stored_locally");
  assert.deepEqual(gateway.log, []);
});

test("a refused command throws the error of the reply", async () => {
  const { gateway, client } = await alice();
  const error = { code: 4040, message: "there is no channel", data: { reason: "no_such_channel" } };
  gateway.send = (lines) => {
    const { id } = JSON.parse(lines);
    queueMicrotask(() => gateway.push({ jsonrpc: "2.0", id, error }));
  };
  await assert.rejects(client.command({ kind: "join", channel: "#no" }), { error });
});

test("the session ends when the gateway says so", async () => {
  const { gateway, news } = await alice();
  gateway.events?.onEnd(4401);
  await until(() => news.some((one) => one.kind === "sessionEnded"));
});

test("a draft is stored, and shown in the other tabs", async () => {
  const storage = memoryStorage();
  /** @type {((message: any) => void)[]} */
  const listeners = [];
  const tabs = { ...soloTabs(), post: (/** @type {any} */ message) => listeners.forEach((listen) => listen(message)), listen: (/** @type {any} */ listen) => listeners.push(listen) };
  /** @type {string[]} */
  const drafts = [];
  const { client } = await alice({ storage, tabs, onDraft: (/** @type {string} */ to, /** @type {string} */ text) => drafts.push(`${to} ${text}`) });
  await client.drafts.set("#ops", "unfinished");
  assert.equal(await client.drafts.get("#ops"), "unfinished");
  assert.deepEqual(drafts, ["#ops unfinished"]);
  await client.drafts.set("#ops", "");
  assert.deepEqual(await storage.all("drafts"), []);
});
