// Measures the page: the first load, and a conversation of 10,000 messages with the processor slowed down 4
// times.
// Exits with 1 if a budget is exceeded: `make bench-page`. The times need an idle machine: the slowed processor
// multiplies each wait for a core. On a busy machine, `chrt -r 1 make bench-page` gives the browser the cores.

import { launch, logIn, startNode, users } from "./harness.mjs";

const MESSAGES = Number(process.env.PAPO_BENCH_MESSAGES ?? 10_000);
const rows = [];
const report = (name, value, unit, most) => {
  rows.push({ name, value, most });
  console.log(`${value <= most ? "ok  " : "MISS"} ${name}: ${Math.round(value * 10) / 10} ${unit} (at most ${most})`);
};

/** An idle machine shows a key in a page with one field within this time: two frames. */
const BUSY_MS = 33;
/** Two of the words complete a name and an emoji. */
const TEXT = "The build is green again: thank you @bob and @alice, well done :tada :rocket next is the release. ".repeat(2);
const WORDS = "release notes of the last build from bob ".repeat(3);

/**
 * Presses keys in the focused field of a page. Returns the time from each key event to the end of the frame
 * that shows its letter, in milliseconds.
 */
async function timesOfKeys(page, text) {
  await page.evaluate(() => {
    window.keyTimes = [];
    window.noteKey = (event) => requestAnimationFrame(() => {
      // A message is handled after the frame: style, layout and paint are done then.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.keyTimes.push(performance.now() - event.timeStamp);
      port2.postMessage(0);
    });
    window.addEventListener("keydown", window.noteKey, true);
  });
  for (const [i, letter] of [...text].entries()) {
    await page.keyboard.press(letter);
    await page.waitForFunction((count) => window.keyTimes.length === count, i + 1);
    await page.waitForTimeout(20);
  }
  const { times, value } = await page.evaluate(() => {
    window.removeEventListener("keydown", window.noteKey, true);
    return { times: window.keyTimes, value: document.activeElement.value };
  });
  if (!value?.endsWith(text)) throw new Error(`the keys did not reach the field: ${value}`);
  return times;
}

/** Slows down the processor of a page 4 times. */
async function slowDown(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
}

const p95 = (times) => times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.95)];

const node = await startNode();
const browser = await launch();
try {
  const [alice, bob] = await users(node.origin, ["alice", "bob"]);
  await bob.sendAll("#general", Array.from({ length: MESSAGES }, (_, i) => `message ${i} with **some** text and https://example.org/${i}`));
  await alice.send("#general", "my own message");
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  let bytes = 0;
  // Without the headers, as in the test of the budget.
  devtools.on("Network.responseReceived", (event) => { bytes -= event.response.encodedDataLength; });
  devtools.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; });
  const start = Date.now();
  await page.goto(node.origin);
  await page.waitForSelector(".entrance-form");
  report("interactive, cold", Date.now() - start, "ms", 1000);
  await page.waitForTimeout(300);
  report("first load", bytes / 1000, "KB", 100);
  await logIn(page, node.origin, "alice");
  await page.waitForSelector(".rows article");
  await slowDown(page);

  const other = await context.newPage();
  await other.setContent("<textarea autofocus></textarea>");
  await slowDown(other);
  const floor = p95(await timesOfKeys(other, TEXT));
  await other.close();
  console.log(`     key to paint in a page with one field and nothing else, p95: ${Math.round(floor * 10) / 10} ms`);
  if (floor > BUSY_MS) console.log("     The machine is busy: the times below say little about the page.");
  await page.bringToFront();
  await page.focus("#composer");
  // As many rows as the page ever has, and the pointer on one of them.
  await page.click(".to-newest");
  for (let rows = 0; rows < Math.min(MESSAGES, 300);) {
    rows = await page.evaluate(() => new Promise((resolve) => {
      document.querySelector(".log").scrollTop = 0;
      setTimeout(() => resolve(document.querySelectorAll(".rows article").length), 200);
    }));
  }
  await page.hover(".log");
  report("key to paint, p95", p95(await timesOfKeys(page, TEXT)), "ms", 50);
  await page.fill("#composer", "");
  await page.press("#composer", "ArrowUp");
  report("key to paint while editing, p95", p95(await timesOfKeys(page, TEXT)), "ms", 50);
  await page.press("#composer", "Escape");
  await page.press("#composer", "Control+f");
  await page.waitForSelector(".details [name=query]:focus");
  report("key to paint in the search, p95", p95(await timesOfKeys(page, WORDS)), "ms", 50);
  await page.click(".details [aria-label=Close]");
  await page.press("#composer", "Control+k");
  await page.waitForSelector("dialog[open] .pick-input:focus");
  report("key to paint in the switcher, p95", p95(await timesOfKeys(page, WORDS)), "ms", 50);
  await page.keyboard.press("Escape");

  const jumps = [];
  for (const n of [MESSAGES / 2, 10, MESSAGES - 10, MESSAGES / 4, 3]) {
    jumps.push(await page.evaluate(async (target) => {
      const before = performance.now();
      await document.querySelector("papo-app").go("#general", target);
      await new Promise((resolve) => requestAnimationFrame(resolve));
      if (!document.querySelector(`article[data-n="${target}"]`)) throw new Error(`no row ${target}`);
      return performance.now() - before;
    }, n));
  }
  report("jump to a number, worst of 5", Math.max(...jumps), "ms", 300);

  await page.evaluate(async (count) => {
    const app = document.querySelector("papo-app");
    await app.timeline.toNewest();
    for (let i = 0; i < count / 100; i++) await app.model.loadOlder(app.timeline.rows);
    if (app.timeline.rows.list.length < count) throw new Error(`only ${app.timeline.rows.list.length} rows`);
  }, MESSAGES);
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  report(`heap with ${MESSAGES} messages`, usedSize / 1e6, "MB", 40);
  report("rows in the DOM", await page.$$eval(".rows article", (nodes) => nodes.length), "rows", 300);
} finally {
  await browser.close();
  await node.stop();
}
process.exitCode = rows.some(({ value, most }) => value > most) ? 1 : 0;
