// The program of docs/PROTOCOL.md that reads server-sent events in a page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { REPOSITORY, logIn, setUp, until, users } from "./harness.mjs";

const { node, browser } = await setUp();

test("the EventSource of the document receives every event, also after its connection broke", async () => {
  const protocol = readFileSync(path.join(REPOSITORY, "docs/PROTOCOL.md"), "utf8");
  const [, program] = protocol.match(/<!-- program: event-source -->\n```js\n(.*?)\n```/s);
  const [, bob] = await users(`http://${node.ready.web}`, ["alice", "bob"], "#ops");
  const page = await (await browser.newContext()).newPage();
  await logIn(page, node.origin, "alice");
  const shown = [];
  page.on("console", (message) => { if (message.text().startsWith("#ops:")) shown.push(message.text()); });
  await page.evaluate(program);
  await bob.send("#ops", "one");
  await until(() => shown.length === 1, "the first event");
  node.wire.breakAll();
  await bob.send("#ops", "two");
  await until(() => shown.length === 2, "the event after the connection broke");
  assert.deepEqual(shown, ["#ops:3 one", "#ops:4 two"]);
});
