// The golden lines of docs/conformance: each event and notice has exactly the members of its line.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { parse } from "../../src/core/decode.js";
import { readEvent, readNotice } from "../../src/core/events.js";

/** @param {string} name */
function linesOf(name) {
  const text = readFileSync(new URL(`../../../docs/conformance/${name}.jsonl`, import.meta.url), "utf8");
  return text.split("\n").filter((line) => line !== "");
}

test("each event has the members of its line", () => {
  const lines = linesOf("events");
  assert.ok(lines.length > 20);
  for (const line of lines) {
    assert.deepEqual(readEvent(parse(line)), JSON.parse(line));
  }
});

test("each notice has the members of its line, and is no event", () => {
  for (const line of linesOf("notices")) {
    assert.deepEqual(readNotice(parse(line)), JSON.parse(line));
    assert.equal(readEvent(parse(line)), undefined);
  }
});

test("a line that is cut is invalid", () => {
  for (const line of linesOf("events")) {
    for (let end = 0; end < line.length; end++) {
      assert.equal(readEvent(parse(line.slice(0, end))), undefined);
    }
  }
});
