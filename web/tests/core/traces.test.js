// The JavaScript core has the same effects as the Rust core: in the tests of the crate `session`
// (traces/unit), and in 200 runs of the simulator with faults (traces/sim). `make traces` records the traces
// again.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Session } from "../../src/core/session.js";
import { replay } from "./replay.js";
import { readTrace, traceNames } from "./trace_files.js";

const COUNTS_MIN = { unit: 90, sim: 200 };

for (const [folder, countMin] of Object.entries(COUNTS_MIN)) {
  test(`all traces in ${folder} are replayed with equal effects`, () => {
    const names = traceNames(folder);
    assert.ok(names.length >= countMin, `${names.length} traces`);
    for (const name of names) {
      try {
        assert.ok(replay(readTrace(name), Session) > 0, "no effects");
      } catch (error) {
        throw new Error(`${name}: ${error instanceof Error ? error.message : error}`);
      }
    }
  });
}
