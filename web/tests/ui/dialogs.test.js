// What a search for a person finds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFound } from "../../src/ui/dialogs.js";

test("a person is found by a part of the name, or by the beginning of a word of the display name", () => {
  const info = { state: "online", displayName: "Bob da Silva" };
  const found = (text) => isFound("robert", info, text);
  assert.deepEqual(["rob", "bert", "bob", "silv", ""].map(found), [true, true, true, true, true]);
  assert.deepEqual(["ilva", "alice"].map(found), [false, false]);
  assert.deepEqual([isFound("walt", undefined, "alt"), isFound("walt", undefined, "bob")], [true, false]);
});
