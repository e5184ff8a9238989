// Comfort at two widths: emoji, the keyboard help, the settings, and the export of a conversation.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setUp, texts, until, uuid7, violations, WIDTHS } from "./harness.mjs";

const { open: openChat, apis: [alice, bob] } = await setUp("alice", "bob");

const open = (width, conversation = "general") => openChat({ conversation, viewport: { width, height: 740 }, reducedMotion: "reduce", acceptDownloads: true });
const openSettings = async (page, width) => {
  if (width < 500) await page.click(".topbar .phone-only");
  await page.click(".sidebar-foot [aria-label=Settings]");
  await page.waitForSelector("dialog[open] select");
};

for (const width of WIDTHS) {
  test(`emoji by name and by the picker, also in Portuguese: ${width} px`, async () => {
    const { context, page, problems } = await open(width);
    const field = page.locator("#composer");
    await field.focus();
    await page.keyboard.type("done :tada:");
    await page.waitForFunction(() => document.querySelector("#composer").value === "done 🎉");
    await page.keyboard.type(" :thumbs");
    await page.waitForSelector(".choices li:has-text('👍')");
    await page.keyboard.press("Tab");
    assert.equal(await field.inputValue(), "done 🎉 👍 ");
    await page.click("papo-composer [aria-label=Emoji]");
    await page.fill("dialog [type=search]", "no emoji of this name");
    await page.waitForSelector("dialog :text('No emoji has this name')");
    await page.fill("dialog [type=search]", "rocket");
    assert.deepEqual(await page.locator("dialog .emoji").allTextContents(), ["🚀"]);
    assert.deepEqual(await violations(page), []);
    await page.press("dialog [type=search]", "Enter");
    await page.waitForFunction(() => document.querySelector("#composer").value === "done 🎉 👍 🚀" && document.activeElement.id === "composer");
    // A name that is no emoji stays.
    await page.keyboard.type(" 10:30:00 :nothing:");
    await page.waitForTimeout(200);
    assert.equal(await field.inputValue(), "done 🎉 👍 🚀 10:30:00 :nothing:");
    await page.fill("#composer", "");
    await page.waitForTimeout(600);
    await page.evaluate(() => localStorage.setItem("papo-language", "pt-BR"));
    await page.reload();
    await page.waitForSelector("h1:has-text('#general')");
    await page.focus("#composer");
    await page.keyboard.type(":foguete:");
    await page.waitForFunction(() => document.querySelector("#composer").value === "🚀");
    await page.fill("#composer", "");
    assert.deepEqual(problems, []);
    await context.close();
  });

  test(`the settings change the density, the Enter key and the levels: ${width} px`, async () => {
    const { context, page, problems } = await open(width);
    await openSettings(page, width);
    await page.evaluate(() => { for (const details of document.querySelectorAll("dialog details")) details.open = true; });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await violations(page), [], colorScheme);
    }
    await page.selectOption("label:has-text('Density') select", "compact");
    await page.selectOption("label:has-text('Theme') select", "dark");
    await page.selectOption("label:has-text('The Enter key') select", "line");
    await page.selectOption("label:has-text('Notifications of all conversations') select", "mentions");
    await until(async () => (await alice.call("notify.list", {})).level === "mentions", "the level of all");
    await page.selectOption("select[aria-label='Notifications of #general']", "none");
    await until(async () => (await alice.call("notify.list", {})).conversations.some(({ conversation, level }) => conversation === "#general" && level === "none"), "the level of #general");
    await page.waitForSelector(".topbar [aria-label='Notifications: none']", { state: "attached" });
    await page.keyboard.press("Escape");
    await page.reload();
    await page.waitForSelector("h1:has-text('#general')");
    assert.deepEqual(await page.evaluate(() => ({ ...document.documentElement.dataset })), { theme: "dark", density: "compact" });
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).fontSize), "14px");
    const text = `two lines ${width}`;
    await page.focus("#composer");
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
    await page.keyboard.type("second");
    assert.equal(await page.inputValue("#composer"), `${text}\nsecond`);
    await page.keyboard.press("Control+Enter");
    await page.waitForSelector(`article .text:has-text('${text}')`);
    await openSettings(page, width);
    await page.selectOption("label:has-text('The Enter key') select", "send");
    await page.selectOption("label:has-text('Notifications of all conversations') select", "all");
    await page.selectOption("label:has-text('Density') select", "normal");
    await page.keyboard.press("Escape");
    await alice.call("notify.set", { conversation: "#general", level: "all" });
    assert.deepEqual(problems, []);
    await context.close();
  });

  test(`another language keeps the settings open and the reading position: ${width} px`, async () => {
    const { context, page } = await open(width);
    for (let part = 0; part < 40; part++) await alice.send("#general", `line ${part}`);
    await page.waitForSelector("article:has-text('line 39')");
    const choose = (label, language) => page.selectOption(`label:has-text('${label}') select`, language);
    const topRow = () => page.evaluate(() => {
      const { top, height } = document.querySelector(".log").getBoundingClientRect();
      return Number([...document.querySelectorAll(".rows article")].find((row) => row.getBoundingClientRect().bottom > top + height * 0.3)?.dataset.n);
    });
    // The address has the number of an older row, and the reader is at the newest.
    await page.evaluate(() => history.replaceState(null, "", "#/general/2"));
    await openSettings(page, width);
    await choose("Language", "pt-BR");
    await page.waitForSelector("dialog[open] h2:text-is('Configurações')");
    await page.waitForFunction(() => document.querySelector("papo-timeline").isFollowing && document.querySelector(".rows article:last-child"));
    await page.keyboard.press("Escape");
    await page.evaluate(() => { document.querySelector(".log").scrollTop -= 500; });
    await page.waitForFunction(() => !document.querySelector("papo-timeline").isFollowing);
    const before = await topRow();
    if (width < 500) await page.click(".topbar .phone-only");
    await page.click(".sidebar-foot [aria-label=Configurações]");
    await choose("Idioma", "en");
    await page.waitForSelector("dialog[open] h2:text-is('Settings')");
    await until(async () => Math.abs(await topRow() - before) <= 1, "the reading position");
    // The menu of the lowest row opens above the pointer: no entry is under it.
    await page.keyboard.press("Escape");
    await page.click(".to-newest");
    await page.hover(".rows article:last-child .text");
    const more = await page.locator(".tools [aria-label='More actions']").boundingBox();
    await page.mouse.click(more.x + more.width / 2, more.y + more.height / 2);
    const menu = await page.locator(".row-menu").boundingBox();
    const log = await page.locator(".log").boundingBox();
    const now = await page.locator(".tools [aria-label='More actions']").boundingBox();
    assert.ok(menu.y >= log.y && menu.y + menu.height <= more.y, JSON.stringify({ menu, log, more }));
    assert.deepEqual(now, more, "the row did not move");
    await context.close();
  });

  test(`? lists the keys: ${width} px`, async () => {
    const { context, page } = await open(width);
    await page.waitForSelector(".rows article");
    await page.focus(".rows article:last-child");
    await page.keyboard.press("?");
    await page.waitForSelector("dialog dt:has-text('Ctrl+K')");
    assert.deepEqual(await violations(page), []);
    await context.close();
  });

  test(`a conversation is exported as HTML and as JSON lines: ${width} px`, async () => {
    const channel = `#export${width}`;
    await alice.call("channel.create", { channel });
    await bob.call("channel.join", { channel });
    const { n } = await bob.send(channel, "<script>alert(1)</script> & \"quotes\"\nsecond line");
    await alice.call("message.react", { conversation: channel, n, id: uuid7(), emoji: "👍" });
    const { n: gone } = await bob.send(channel, "a secret that is deleted");
    await bob.call("message.delete", { conversation: channel, n: gone, id: uuid7() });
    // More than a page of history.
    await alice.sendAll(channel, Array.from({ length: 540 }, (_, k) => `message ${k}`));
    const { context, page, problems } = await open(width, channel.slice(1));
    const exported = async (label) => {
      await page.click(".topbar [aria-label=Details]");
      await page.click(".details button:text-is('Export the conversation')");
      assert.deepEqual(await violations(page), []);
      const [download] = await Promise.all([page.waitForEvent("download"), page.click(`dialog button:text-is('${label}')`)]);
      await page.waitForSelector("dialog", { state: "detached" });
      await page.click(".details [aria-label=Close]");
      return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
    };
    const lines = await exported("JSON lines");
    assert.match(lines.name, new RegExp(`^papo-export${width}-\\d{4}-\\d\\d-\\d\\d\\.jsonl$`));
    const events = lines.text.trimEnd().split("\n").map((line) => JSON.parse(line));
    const { head } = await alice.call("message.history", { conversation: channel, limit: 1 });
    assert.deepEqual(events.map((event) => event.n), Array.from({ length: head }, (_, i) => i + 1));
    assert.deepEqual(events.find((event) => event.n === n).reactions, [{ emoji: "👍", users: ["alice"] }]);
    assert.ok(!lines.text.includes("a secret that is deleted"));
    const html = await exported("HTML");
    assert.match(html.name, /\.html$/);
    assert.ok(!html.text.includes("a secret that is deleted"));
    // The file runs no script and loads nothing: a browser shows the texts.
    const other = await context.newPage();
    let dialogs = 0;
    other.on("dialog", (dialog) => { dialogs += 1; dialog.dismiss(); });
    await other.setContent(html.text);
    assert.equal(await other.locator(`#n${n} p[dir=auto]`).textContent(), "<script>alert(1)</script> & \"quotes\"\nsecond line");
    assert.equal(await other.locator("script, img, link").count(), 0);
    assert.equal(dialogs, 0);
    assert.equal(await other.locator("article p[dir=auto]:has-text('message 539')").count(), 1);
    assert.deepEqual(problems, []);
    assert.ok((await texts(page)).length > 0);
    await context.close();
  });
}
