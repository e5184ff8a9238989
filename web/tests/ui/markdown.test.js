// The Markdown of the page: the test vectors of all front ends, and the time of hostile texts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "../../src/ui/markdown.js";

const vectors = JSON.parse(readFileSync(new URL("../../../docs/conformance/markdown.json", import.meta.url), "utf8"));

test("the page parses all test vectors as the other front ends do", () => {
  assert.ok(vectors.length >= 29);
  for (const { text, blocks } of vectors) {
    // The page also keeps the language of a code block.
    const parsed = parse(text).map((block) => block.line ? { line: block.line } : { code: block.code });
    assert.deepEqual(parsed, blocks, text);
  }
});

test("a code block keeps its language", () => {
  assert.deepEqual(parse("```rust\nfn x() {}\n```"), [{ code: "fn x() {}", language: "rust" }]);
});

test("a hostile text of the maximum length takes less than a second", () => {
  for (const piece of ["*a", "**a ", "[", "`a", "``", "](", "h", "\\", "https://", "(", "***"]) {
    const text = piece.repeat(Math.floor(16384 / piece.length));
    const start = performance.now();
    parse(text);
    assert.ok(performance.now() - start < 1000, `${piece}: ${performance.now() - start} ms`);
  }
});
