// The small parts of the core: names, mentions, order, SHA-256 and UUIDs.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { mentions } from "../../src/core/mentions.js";
import { canonicalName, canonicalTarget, conversationOf, utf8Length } from "../../src/core/names.js";
import { compare } from "../../src/core/order.js";
import { Sha256 } from "../../src/core/sha256.js";
import { uuid7 } from "../../src/core/uuid.js";

test("different spellings of a name have one canonical form", () => {
  assert.equal(canonicalName("João"), "joão");
  assert.equal(canonicalName("joa\u0303o"), "joão");
  assert.equal(canonicalName("ＡＬＩＣＥ"), "alice");
  assert.equal(canonicalName("bob-2.x_"), "bob-2.x_");
  for (const name of ["Дмитрий", "विद्या", "สุดารัตน์", "김철수", "ガンダム", "山田太郎", "עידו", "مُحَمَّد", "νίκος"]) {
    assert.equal(canonicalName(name), name.normalize("NFC").toLowerCase(), name);
  }
});

test("an invalid name is refused", () => {
  for (const name of ["", "a b", "a\tb", "a/b", "../a", "@bob", "#x", "-a", ".a", "a\u202eb", "🙂", "ã".repeat(33)]) {
    assert.equal(canonicalName(name), null, name);
  }
  assert.equal(canonicalName("ã".repeat(32)), "ã".repeat(32));
});

test("a target is a channel, a user or everybody", () => {
  assert.equal(canonicalTarget("#Ops"), "#ops");
  assert.equal(canonicalTarget("@Bob"), "@bob");
  assert.equal(canonicalTarget("*"), "*");
  assert.equal(canonicalTarget("ops"), null);
  assert.equal(canonicalTarget("#"), null);
});

test("each user names a direct conversation by the other user", () => {
  assert.equal(conversationOf("alice", "alice", "@bob"), "@bob");
  assert.equal(conversationOf("bob", "alice", "@bob"), "@alice");
  assert.equal(conversationOf("alice", "alice", "@alice"), "@alice");
  assert.equal(conversationOf("bob", "alice", "#ops"), "#ops");
  assert.equal(conversationOf("carla", "bob", "@alice"), "@alice");
});

test("mentions are found as the server finds them", () => {
  /** @param {string} text */
  const names = (text) => mentions(text).map(({ name }) => name);
  assert.deepEqual(names("@alice, oi"), ["alice"]);
  assert.deepEqual(names("(@Carla) @here."), ["carla", "here"]);
  assert.deepEqual(names("mail bob@example.org"), []);
  assert.deepEqual(names("🙂@bob"), ["bob"]);
  assert.deepEqual(names("@joa\u0303o!"), ["joão"]);
  assert.deepEqual(names("@ @- @.x"), []);
  assert.deepEqual(names("@विद्या..."), ["विद्या"]);
  assert.deepEqual(mentions("oi @bob.")[0], { at: 3, length: 4, name: "bob" });
  assert.equal(names("@a ".repeat(60)).length, 50);
});

test("names are ordered by code points", () => {
  const names = ["@bob", "#é", "#\u{1f600}", "#\uffee", "#a", "#aa"];
  assert.deepEqual(names.sort(compare), ["#a", "#aa", "#é", "#\uffee", "#\u{1f600}", "@bob"]);
});

test("the length of a text is counted in bytes of UTF-8", () => {
  for (const text of ["", "abc", "João", "漢字", "🙂🙂", "a\u{10ffff}é\n"]) {
    assert.equal(utf8Length(text), Buffer.byteLength(text), text);
  }
});

test("the SHA-256 of bytes of any length, in any parts", () => {
  for (let length = 0; length < 260; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 255);
    const wanted = createHash("sha256").update(bytes).digest("hex");
    assert.equal(new Sha256().update(bytes).hex(), wanted, `${length} bytes`);
    const half = length >> 1;
    const inParts = new Sha256().update(bytes.subarray(0, half)).update(bytes.subarray(half));
    assert.equal(inParts.hex(), wanted, `${length} bytes in two parts`);
  }
});

test("UUIDs of version 7 are ordered, also within a millisecond", () => {
  const now = Date.now();
  const ids = Array.from({ length: 5000 }, () => uuid7(now));
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
  const valid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.ok(ids.every((id) => valid.test(id)));
  assert.equal(parseInt((ids[0] ?? "").replaceAll("-", "").slice(0, 12), 16), now);
});
