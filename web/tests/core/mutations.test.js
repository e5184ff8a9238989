// The traces catch mistakes: each listed mutation of the core makes a trace fail.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { MUTATIONS } from "./mutations.js";
import { replay } from "./replay.js";
import { readTrace } from "./trace_files.js";

const core = fileURLToPath(new URL("../../src/core/", import.meta.url));
const MUTATIONS_MIN = 15;

/** @type {string} */
let folder;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), "papo-mutations-"));
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
});
after(() => rmSync(folder, { recursive: true, force: true }));

/**
 * The session of a copy of the core with a mutation.
 *
 * @param {string} name
 * @param {(copy: string) => void} mutate
 */
async function mutated(name, mutate) {
  const copy = path.join(folder, name);
  cpSync(core, copy, { recursive: true });
  mutate(copy);
  return (await import(pathToFileURL(path.join(copy, "session.js")).href)).Session;
}

for (const [number, { file, from, to, trace }] of MUTATIONS.entries()) {
  test(`${file}: ${from} -> ${to}`, async () => {
    const Original = await mutated(`${number}-original`, () => {});
    const Mutated = await mutated(`${number}`, (copy) => {
      const source = readFileSync(path.join(copy, file), "utf8");
      assert.equal(source.split(from).length, 2, "the text occurs once");
      writeFileSync(path.join(copy, file), source.replace(from, () => to));
    });
    replay(readTrace(trace), Original);
    assert.throws(() => replay(readTrace(trace), Mutated), `${trace} does not catch it`);
  });
}

test("there are enough mutations", () => {
  assert.ok(MUTATIONS.length >= MUTATIONS_MIN);
});
