// Up to which message the other user of a direct conversation has read, at two widths: only if both share it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hurry, say, setUp, until, users, WIDTHS } from "./harness.mjs";

const { node, open } = await setUp("alice");
/** The page asks for the mark of the other user after this time, in milliseconds: EVERY_MS of seen.js. */
const EVERY_MS = 5_000;

for (const width of WIDTHS) {
  test(`the line below the field says what the other user has read, if both share it: ${width} px`, async () => {
    const names = [`ana${width}`, `bob${width}`];
    const [ana, bob] = await users(node.origin, names, `#seen${width}`);
    const prepare = (fresh) => hurry(fresh, EVERY_MS);
    const { context, page, problems } = await open({ user: names[0], conversation: `@${names[1]}`, prepare, viewport: { width, height: 740 } });
    await page.waitForFunction(() => document.querySelector("papo-app").model.isConnected);
    await say(page, "have you seen this?");
    await page.waitForSelector("article .text:has-text('have you seen this?')");
    await bob.call("read.share", { shared: true });
    const { head } = await bob.call("message.history", { conversation: `@${names[0]}`, limit: 1 });
    await bob.call("read.mark", { conversation: `@${names[0]}`, n: head });
    if (width < 500) await page.click(".topbar .phone-only");
    await page.click(".sidebar-foot [aria-label=Settings]");
    const box = page.locator("label:has-text('up to which message I have read') input");
    assert.equal(await box.isChecked(), false, "off by default");
    await box.check();
    await until(async () => (await ana.call("read.peer", { user: names[1] })).n === head, "both share");
    await page.keyboard.press("Escape");
    if (width < 500) await page.click(`a.item[data-name='@${names[1]}']`);
    await page.waitForSelector(`.typing:text-is('${names[1]} has read your messages')`);
    await say(page, "and this?");
    await page.waitForSelector(`.typing:text-is('${names[1]} has read up to ${head}')`);
    await bob.call("read.share", { shared: false });
    await page.waitForSelector(".typing:text-is('')", { state: "attached" });
    await page.reload();
    await page.waitForSelector("article .text:has-text('and this?')");
    if (width < 500) await page.click(".topbar .phone-only");
    await page.click(".sidebar-foot [aria-label=Settings]");
    await page.waitForFunction(() => [...document.querySelectorAll("dialog label")].find((label) => label.textContent.includes("I have read"))?.querySelector("input").checked);
    assert.deepEqual(problems, []);
    await context.close();
  });
}
