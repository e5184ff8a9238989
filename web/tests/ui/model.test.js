// The window of a conversation, when requests fail or overtake each other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Model } from "../../src/ui/model.js";

const entry = (n) => ({
  conversation: "#a", n, isHidden: false, amended: null,
  event: { n, at: n * 1000, to: "#a", from: "bob", kind: "message", text: `text ${n}` },
});
const page = (from, to, head) => ({ head, entries: Array.from({ length: to - from + 1 }, (_, i) => entry(from + i)) });

/** A connected model. `history` answers its requests. */
function connected(history) {
  const model = new Model({ history }, "alice");
  model.summary.connectivity = "connected";
  return model;
}

test("a window whose request failed is loaded again", async () => {
  let isBroken = true;
  const model = connected(async () => {
    if (isBroken) throw new Error("lost");
    return page(1, 3, 3);
  });
  await assert.rejects(model.loadWindow("#a", null), /lost/);
  assert.ok(model.windows.get("#a").isStale, "the page loads a stale window at the next change of the connection");
  isBroken = false;
  const rows = await model.loadWindow("#a", null);
  assert.deepEqual([rows.list.length, rows.isStale], [3, false]);
});

test("a newer page does not change rows that a jump replaced meanwhile", async () => {
  let answer;
  const model = connected(() => new Promise((resolve) => { answer = resolve; }));
  const rows = model.rows("#a");
  rows.reset(page(90, 95, 100).entries, 100);
  const loading = model.loadNewer(rows);
  rows.reset(page(10, 20, 100).entries, 100);
  // The user may read none of the events 96 to 100.
  answer({ head: 100, entries: [] });
  assert.deepEqual(await loading, []);
  assert.deepEqual([rows.first, rows.last, rows.hasNewest], [10, 20, false]);
});
