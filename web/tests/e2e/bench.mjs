// Measures the page: the first load, and a conversation of 10,000 messages with the processor slowed down 4
// times.
// Exits with 1 if a budget is exceeded: `make bench-page`.

import { launch, logIn, startNode, users } from "./harness.mjs";

const MESSAGES = Number(process.env.PAPO_BENCH_MESSAGES ?? 10_000);
const rows = [];
const report = (name, value, unit, most) => {
  rows.push({ name, value, most });
  console.log(`${value <= most ? "ok  " : "MISS"} ${name}: ${Math.round(value * 10) / 10} ${unit} (at most ${most})`);
};

const node = await startNode();
const browser = await launch();
try {
  const [, bob] = await users(node.origin, ["alice", "bob"]);
  for (let i = 0; i < MESSAGES; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, k) => bob.send("#general", `message ${i + k} with **some** text and https://example.org/${i}`)));
  }
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
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });

  const keys = await page.evaluate(async () => {
    const field = document.querySelector("#composer");
    const painted = () => new Promise((resolve) => requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = resolve; port2.postMessage(0); }));
    const times = [];
    for (let i = 0; i < 60; i++) {
      const before = performance.now();
      field.setRangeText("a", field.value.length, field.value.length, "end");
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      await painted();
      times.push(performance.now() - before);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return times.sort((one, other) => one - other);
  });
  report("key to paint, p95", keys[Math.floor(keys.length * 0.95)], "ms", 50);

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
