// What the cache of messages writes to the storage of the browser, and when.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStorage } from "../../src/core/storage.js";

const listeners = [];
globalThis.window = Object.assign(globalThis, { addEventListener: (type, listener) => listeners.push({ type, listener }) });
const { Cache } = await import("../../src/ui/cache.js");
const { Model } = await import("../../src/ui/model.js");

const entries = (last) => Array.from({ length: last }, (_, i) => ({
  conversation: "#a", n: i + 1, isHidden: false, amended: null,
  event: { n: i + 1, at: i, to: "#a", from: "bob", kind: "message", text: `text ${i + 1}` },
}));

/** A cache, and the calls of its storage that read or write rows. */
function startCache() {
  const storage = memoryStorage();
  const calls = [];
  const record = (method, of) => async (store, ...rest) => {
    if (store === "events") calls.push(method === "put" ? `put ${rest[0]}` : method);
    return of(store, ...rest);
  };
  const recorded = { ...storage, put: record("put", storage.put), all: record("all", storage.all) };
  const model = new Model({}, "alice");
  const cache = new Cache(recorded, model);
  const store = (name, last) => {
    model.conversation(name);
    model.rows(name).reset(entries(last), last);
    cache.noteRows(name);
  };
  return { storage, calls, model, cache, store };
}
/** Stores what has changed, as when the page is closed. */
const flush = async () => {
  for (const { type, listener } of listeners) if (type === "pagehide") listener();
  await new Promise((resolve) => { setTimeout(resolve, 5); });
};

test("rows are written when they have changed, and stored rows are not read for that", async () => {
  const { calls, cache, store, model } = startCache();
  store("#a", 3);
  await flush();
  cache.noteRows("#a");
  await flush();
  assert.deepEqual(calls, ["put #a"]);
  model.rows("#a").live(entries(4)[3]);
  cache.noteRows("#a");
  await flush();
  assert.deepEqual(calls, ["put #a", "put #a"]);
  await cache.stop();
});

test("the rows of a channel that the user left are deleted, and those of the oldest conversations", async () => {
  const { storage, cache, store, model } = startCache();
  store("#left", 3);
  await flush();
  model.forget("#left");
  await flush();
  assert.deepEqual(await storage.all("events"), []);
  for (let i = 0; i < 50; i++) await storage.put("events", `@user${i}`, { list: [], at: 1000 + i });
  store("#a", 3);
  await flush();
  const names = (await storage.all("events")).map(([name]) => name);
  assert.deepEqual([names.length, names.includes("@user0"), names.includes("@user1"), names.includes("#a")], [50, false, true, true]);
  await cache.stop();
});

test("a cache that has stopped writes nothing, and stops only when the running write is stored", async () => {
  const { storage, cache, store } = startCache();
  store("#a", 3);
  const flushing = flush();
  await cache.stop();
  assert.equal((await storage.all("events")).length, 1, "the write that ran is stored");
  await Promise.all([storage.clear("events"), storage.delete("settings", ["conversations"])]);
  store("#b", 3);
  await flush();
  await flushing;
  assert.deepEqual([await storage.all("events"), await storage.all("settings")], [[], []]);
});
