// Up to which message the other user of a direct conversation has read, at two widths: only if both share it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, logIn, say, startNode, until, users, watch, WIDTHS } from "./harness.mjs";

let node;
let browser;
before(async () => {
  node = await startNode();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await node?.stop();
});

for (const width of WIDTHS) {
  test(`the line below the field says what the other user has read, if both share it: ${width} px`, async () => {
    const names = [`ana${width}`, `bob${width}`];
    const [ana, bob] = await users(node.origin, names, `#seen${width}`);
    const context = await browser.newContext({ viewport: { width, height: 740 } });
    const page = await context.newPage();
    const problems = watch(page);
    await logIn(page, node.origin, names[0], `/#/@${names[1]}`);
    await page.waitForSelector(`h1:has-text('${names[1]}')`);
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
