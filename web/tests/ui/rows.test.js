// The loaded part of a conversation: a range without a gap, whatever the order of pages and events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Rows } from "../../src/ui/rows.js";

const entry = (n, event = {}) => ({
  conversation: "#a", n, isHidden: false, amended: null,
  event: { n, at: n * 1000, to: "#a", from: "bob", kind: "message", text: `text ${n}`, ...event },
});
const page = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => entry(from + i));
const numbers = (rows) => rows.list.map((row) => row.n);

test("events that arrive while a page loads are added once, in order", () => {
  const rows = new Rows("#a");
  rows.live(entry(12));
  rows.live(entry(11));
  rows.reset(page(1, 10), 10);
  assert.deepEqual(numbers(rows), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert.equal(rows.live(entry(12)), null);
  assert.equal(rows.live(entry(13)).added.n, 13);
  assert.equal(numbers(rows).length, 13);
  assert.ok(rows.hasNewest && rows.hasOldest);
});

test("stored rows are shown until a page replaces them, and events after them wait for it", () => {
  const rows = new Rows("#a");
  rows.reset(page(1, 600), 600);
  const stored = structuredClone(rows.newest(500));
  assert.deepEqual([stored.first, stored.last, stored.list.length], [101, 600, 500]);
  const later = new Rows("#a");
  later.restore(stored);
  assert.ok(later.isStale && later.isLoaded && !later.hasOldest);
  assert.equal(later.byNumber.get(600).text, "text 600");
  assert.equal(later.live(entry(603)), null);
  assert.equal(later.hasNewest, false, "601 and 602 are missing");
  later.reset(page(503, 602), 602);
  assert.deepEqual([later.isStale, later.list.at(-1).n, later.hasNewest], [false, 603, true]);
});

test("a window in the middle does not take events of the end, but their changes of its rows", () => {
  const rows = new Rows("#a");
  rows.reset(page(40, 60), 100);
  assert.equal(rows.live(entry(101)), null);
  assert.deepEqual([rows.last, rows.head, rows.hasNewest], [60, 101, false]);
  const changed = rows.live(entry(102, { kind: "message.edited", of: 50, text: "new" })).changed;
  assert.deepEqual([changed.n, changed.text], [50, "new"]);
  assert.equal(rows.live(entry(103, { kind: "message.edited", of: 30, text: "other" })), null);
  rows.append(page(61, 100), 103);
  assert.equal(rows.last, 103, "the events that waited follow the page");
  assert.equal(rows.byNumber.get(101).text, "text 101");
  assert.equal(rows.byNumber.get(50).text, "new");
});

test("older pages join without a gap, and an empty page is the beginning", () => {
  const rows = new Rows("#a");
  rows.reset(page(50, 60), 60);
  assert.equal(rows.prepend(page(30, 55)).length, 20, "rows that are loaded already are left out");
  assert.deepEqual([rows.first, numbers(rows)[0], numbers(rows).length], [30, 30, 31]);
  assert.equal(rows.hasOldest, false);
  rows.prepend([]);
  assert.equal(rows.hasOldest, true);
});

test("reactions, edits and deletions change a row, and applying them twice changes nothing", () => {
  const rows = new Rows("#a");
  rows.reset(page(1, 3), 3);
  const react = (n, kind, from) => rows.live(entry(n, { kind, of: 2, emoji: "👍", from }));
  react(4, "message.reacted", "alice");
  react(5, "message.reacted", "bob");
  react(6, "message.reacted", "alice");
  assert.deepEqual(rows.byNumber.get(2).reactions, [{ emoji: "👍", users: ["bob", "alice"] }]);
  react(7, "message.unreacted", "alice");
  react(8, "message.unreacted", "bob");
  assert.deepEqual(rows.byNumber.get(2).reactions, []);
  rows.live(entry(9, { kind: "message.deleted", of: 2 }));
  rows.live(entry(10, { kind: "message.edited", of: 2, text: "too late" }));
  assert.deepEqual([rows.byNumber.get(2).isDeleted, rows.byNumber.get(2).text], [true, ""]);
});

test("an edited or deleted message keeps no earlier text, which would be stored in the browser", () => {
  const rows = new Rows("#a");
  rows.reset([entry(1, { reply: 7 }), entry(2), entry(3, { kind: "file", name: "secret.pdf", bytes: 5 })], 3);
  rows.live(entry(4, { kind: "message.edited", of: 1, text: "new" }));
  for (const [n, of] of [[5, 2], [6, 3]]) rows.live(entry(n, { kind: "message.deleted", of, text: undefined }));
  assert.deepEqual([rows.byNumber.get(1).event.text, rows.byNumber.get(1).event.reply], ["new", 7]);
  assert.deepEqual(rows.byNumber.get(2).event, { n: 2, at: 2000, to: "#a", from: "bob", kind: "message", deleted: true });
  assert.ok(!/text [12]|secret/.test(JSON.stringify(rows.newest(500))));
});
