// Accessibility: axe on eight screens, the texts of the live regions, and a session with the keyboard only.
// With PAPO_E2E_FULL, axe runs in 2 themes x 2 languages x 2 widths, and the pictures of docs/images are
// written.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { PASSWORD, REPOSITORY, launch, logIn, startNode, users, until, uuid7 } from "./harness.mjs";
import { prepare, screens } from "./screens.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const IS_FULL = Boolean(process.env.PAPO_E2E_FULL);
const PICTURES = process.env.PAPO_E2E_PICTURES ? path.join(REPOSITORY, "docs/images") : null;

let node;
let browser;
let apis;
before(async () => {
  node = await startNode();
  browser = await launch();
  apis = await prepare(node.origin);
});
after(async () => {
  await browser?.close();
  await node?.stop();
});

async function violations(page) {
  // The policy of the page forbids scripts of others, so axe comes in through the debugger.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() => window.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  return found.flatMap(({ id, nodes }) => nodes.map((one) => `${id}: ${one.html.slice(0, 160)} ${one.failureSummary?.split("\n")[1] ?? ""}`));
}

/** Writes a picture, with 256 colours if the program pngquant is installed: a third of the bytes. */
async function picture(page, file) {
  await page.screenshot({ path: file });
  spawnSync("pngquant", ["--force", "--strip", "--ext", ".png", "--speed", "1", file]);
}

const variants = IS_FULL || PICTURES
  ? ["light", "dark"].flatMap((theme) => ["en", "pt-BR"].flatMap((language) => [1200, 320].map((width) => ({ theme, language, width }))))
  : [{ theme: "light", language: "en", width: 1200 }];

for (const { theme, language, width } of variants) {
  test(`axe finds nothing on eight screens: ${theme}, ${language}, ${width} px`, async () => {
    const context = await browser.newContext({ viewport: { width, height: 720 }, colorScheme: theme, locale: language, reducedMotion: "reduce", hasTouch: width < 500 });
    const page = await context.newPage();
    for (const { name, show } of screens) {
      await show(page, { origin: node.origin, apis, width, language });
      await page.waitForTimeout(150);
      assert.deepEqual(await violations(page), [], name);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0, `${name} is wider than ${width} px`);
      const isPicture = PICTURES && language === "en" && width === (name === "phone" ? 320 : 1200);
      if (isPicture) await picture(page, path.join(PICTURES, `page-${name}-${theme}.png`));
    }
    await context.close();
  });
}

test("the live regions announce messages of others once, and no history", async () => {
  const [, bob] = apis;
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.spoken = [];
    new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        const live = target.closest?.("[data-live]");
        for (const added of addedNodes) if (live) window.spoken.push(`${live.dataset.live}: ${added.textContent}`);
      }
    }).observe(document, { childList: true, subtree: true });
  });
  await logIn(page, node.origin, "alice", "/#/general");
  await page.waitForSelector(".rows article");
  await page.waitForTimeout(1200);
  const spoken = () => page.evaluate(() => window.spoken.splice(0));
  assert.deepEqual(await spoken(), [], "the history is not announced");
  await bob.send("#general", "oi");
  await page.waitForFunction(() => window.spoken.length === 1);
  assert.deepEqual(await spoken(), ["polite: bob: oi"]);
  for (let i = 0; i < 5; i++) await bob.send("#general", `quick ${i}`);
  await page.waitForFunction(() => window.spoken.length >= 1);
  await page.waitForTimeout(1200);
  const joined = (await spoken()).map((line) => Number(/^polite: (\d+) new messages in #general$/.exec(line)?.[1] ?? 1));
  assert.ok(joined.length <= 2 && joined.reduce((sum, one) => sum + one, 0) === 5, JSON.stringify(joined));
  await page.fill("#composer", "my own");
  await page.press("#composer", "Enter");
  await page.waitForFunction(() => window.spoken.length === 1);
  assert.match((await spoken())[0], /^polite: sent, \d+$/);
  node.wire.cut();
  await page.fill("#composer", "offline");
  await page.press("#composer", "Enter");
  await page.waitForFunction(() => window.spoken.some((line) => line.startsWith("status: The server does not answer")));
  node.wire.heal();
  await page.waitForFunction(() => window.spoken.some((line) => line === "status: Connected"), null, { timeout: 15_000 });
  await context.close();
});

test("a session with the keyboard only", async () => {
  const [, bob] = apis;
  const context = await browser.newContext({ viewport: { width: 1200, height: 720 } });
  const page = await context.newPage();
  const focused = () => page.evaluate(() => {
    const node = document.activeElement;
    return node?.id || node?.dataset.name || node?.getAttribute("aria-label") || node?.dataset.n || node?.localName;
  });
  const keys = async (...list) => { for (const key of list) await page.keyboard.press(key); };
  await page.goto(`${node.origin}/#/general`);
  await page.waitForSelector(".entrance-form");
  await page.keyboard.type("alice");
  await keys("Tab");
  await page.keyboard.type(PASSWORD);
  await keys("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "composer");
  await page.keyboard.type("from the keyboard");
  await keys("Enter");
  await page.waitForSelector(".rows .text p:text-is('from the keyboard')");
  await keys("Shift+F6");
  const own = await focused();
  assert.match(own, /^\d+$/, "F6 reaches the newest message");
  await keys("+");
  await page.waitForSelector("dialog[open] .emoji");
  await page.keyboard.type("rocket");
  await keys("Enter");
  await page.waitForSelector(`article[data-n="${own}"] .reaction:has-text("🚀")`);
  assert.equal(await focused(), own, "the focus is on the message again");
  await keys("Enter");
  await page.waitForSelector(".row-menu");
  await keys("ArrowDown", "ArrowUp", "Escape");
  assert.equal(await focused(), own, "Escape closes the menu");
  await keys("e");
  await keys("End");
  await page.keyboard.type(", edited");
  await keys("Enter");
  await page.waitForSelector(".rows .text p:text-is('from the keyboard, edited')");
  await keys("Control+k");
  await page.waitForSelector("dialog[open] .pick-input");
  await page.keyboard.type("bob");
  await keys("Enter");
  await page.waitForSelector("h1:has-text('@bob')");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.keyboard.type("oi bob");
  await keys("Enter");
  await until(async () => (await bob.call("message.history", { conversation: "@alice" })).events.at(-1)?.text === "oi bob", "the direct message");
  await keys("Alt+ArrowUp");
  await page.waitForFunction(() => document.querySelector("h1").textContent !== "@bob");
  await keys("Control+/");
  await page.waitForSelector("dialog[open] .keys");
  await keys("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.keyboard.type("@bo");
  await page.waitForSelector(".choices [aria-selected=true]");
  await keys("Tab");
  assert.equal(await page.inputValue("#composer"), "@bob ");
  await keys("Control+a", "Delete", "Control+f");
  await page.waitForFunction(() => document.activeElement?.getAttribute("name") === "query");
  await page.keyboard.type("keyboard");
  await keys("Enter");
  await page.waitForSelector(".hit");
  await keys("Escape");
  await context.close();
});

test("letters type text while the field has the focus, and can be switched off in the list", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await logIn(page, node.origin, "alice", "/#/general");
  await page.waitForFunction(() => document.activeElement?.id === "composer");
  await page.keyboard.type("rent?+");
  assert.equal(await page.inputValue("#composer"), "rent?+");
  await page.fill("#composer", "");
  await page.click(".sidebar-foot [aria-label=Settings]");
  await page.uncheck("text=Single letters are keys");
  await page.keyboard.press("Escape");
  await page.focus(".rows article:last-child");
  await page.keyboard.press("r");
  await page.waitForTimeout(100);
  assert.equal(await page.isVisible(".composer-context"), false);
  await context.close();
});
