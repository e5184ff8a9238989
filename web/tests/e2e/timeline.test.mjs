// The timeline: it never jumps, its DOM is bounded, and typed text is never lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { logIn, say, setUp, until, uuid7 } from "./harness.mjs";

const { node, browser, apis: [alice, bob] } = await setUp("alice", "bob");
await bob.sendAll("#general", Array.from({ length: 600 }, (_, i) => `line ${i + 1}${(i + 1) % 7 ? "" : "\nwith a second line"}`));

const open = async () => {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
  const page = await context.newPage();
  await logIn(page, node.origin, "alice");
  await page.waitForSelector(".rows article .text");
  return { context, page };
};

/** The number and the position of the first visible row. */
const position = (page) => page.evaluate(() => {
  const log = document.querySelector(".log");
  const top = log.getBoundingClientRect().top;
  const row = [...document.querySelectorAll(".rows article")].find((node) => node.getBoundingClientRect().bottom > top + 1);
  return { n: Number(row.dataset.n), top: row.getBoundingClientRect().top - top };
});
const rowsInDom = (page) => page.$$eval(".rows article", (nodes) => nodes.length);
const frames = (page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

test("the reading position moves 0 px while messages, edits, reactions, images and older pages arrive", async () => {
  const { context, page } = await open();
  await page.evaluate(() => document.querySelector("papo-app").go("#general", 300));
  await page.waitForSelector("article[data-n='300']");
  await page.waitForTimeout(300);
  const start = await position(page);
  const same = async (what) => {
    await frames(page);
    assert.deepEqual(await position(page), start, what);
  };
  for (let i = 0; i < 5; i++) await bob.send("#general", `new ${i}`);
  await page.waitForFunction(() => document.querySelector("papo-app").model.windows.get("#general").head >= 607);
  await same("new messages arrived");
  await bob.call("message.react", { conversation: "#general", n: start.n - 3, id: uuid7(), emoji: "👍" });
  await page.waitForSelector(`article[data-n='${start.n - 3}'] .reaction`, { state: "attached" });
  await same("a row above got a reaction");
  await bob.call("message.edit", { conversation: "#general", n: start.n - 2, id: uuid7(), text: "much\nlonger\ntext\nthan\nbefore" });
  await page.waitForSelector(`article[data-n='${start.n - 2}'] .edited`, { state: "attached" });
  await same("a row above grew by an edit");
  // An image in a row above.
  const file = await upload(bob, "#general", "photo.png", png());
  await page.evaluate((n) => document.querySelector("papo-app").go("#general", n), file.n);
  await page.waitForSelector(`article[data-n='${file.n}'] img`);
  const before = await position(page);
  await page.waitForFunction((n) => document.querySelector(`article[data-n='${n}'] img`).complete, file.n);
  await frames(page);
  assert.deepEqual(await position(page), before, "the image loaded");
  await context.close();
});

test("an older page loads without moving the first visible row, and the DOM has at most 300 rows", async () => {
  const { context, page } = await open();
  await page.click(".to-newest").catch(() => {});
  await page.waitForTimeout(300);
  let last = 1e9;
  let most = 0;
  for (let i = 0; i < 200 && last > 1; i++) {
    await page.evaluate(() => { document.querySelector(".log").scrollTop -= 500; });
    const moved = await position(page);
    await page.waitForTimeout(30);
    await frames(page);
    const settled = await position(page);
    assert.equal(settled.n, moved.n, "the first visible row stays while rows are added above");
    assert.ok(Math.abs(settled.top - moved.top) < 0.01, `moved by ${settled.top - moved.top} px`);
    most = Math.max(most, await rowsInDom(page));
    last = settled.n;
  }
  assert.equal(last, 1, "the beginning of the conversation was reached");
  assert.ok(most <= 300 && most > 100, `${most} rows`);
  await context.close();
});

test("unread messages above the view stay unread, and a hidden tab reads nothing", async () => {
  const { context, page } = await open();
  const unread = async () => (await alice.call("read.list", {})).conversations.find((one) => one.conversation === "#general");
  await alice.call("read.mark", { conversation: "#general", n: (await unread()).head });
  await page.evaluate(() => document.querySelector("papo-app").go("#general", 100));
  await page.waitForSelector("article.is-target");
  for (let i = 0; i < 3; i++) await bob.send("#general", `unseen ${i}`);
  await page.waitForTimeout(1800);
  assert.equal((await unread()).unread, 3, "the reader was elsewhere in the history");
  await page.click(".to-newest");
  await until(async () => (await unread()).unread === 0, "the rows were in view for a second");
  // Another tab is in front: the page is hidden for the browser.
  await page.evaluate(() => Object.defineProperty(document, "hidden", { get: () => true }));
  await bob.send("#general", "while hidden");
  await page.waitForSelector("text=while hidden");
  await page.waitForTimeout(1500);
  assert.equal((await unread()).unread, 1, "a hidden tab reads nothing");
  await context.close();
});

test("a draft survives a reload, a change of the conversation and a logout, and reaches the other tab", async () => {
  const { context, page } = await open();
  await page.click("#composer");
  await page.keyboard.type("half a sentence");
  await page.waitForTimeout(500);
  await page.reload();
  await page.waitForFunction(() => document.querySelector("#composer")?.value === "half a sentence");
  await page.evaluate(() => document.querySelector("papo-app").go("@bob"));
  await page.waitForFunction(() => document.querySelector("h1").textContent === "@bob" && document.querySelector("#composer").value === "");
  await page.evaluate(() => document.querySelector("papo-app").go("#general"));
  await page.waitForFunction(() => document.querySelector("#composer").value === "half a sentence");
  const tab = await context.newPage();
  await tab.goto(`${node.origin}/#/general`);
  await tab.waitForFunction(() => document.querySelector("#composer")?.value === "half a sentence");
  await page.bringToFront();
  await page.focus("#composer");
  await page.keyboard.type(" and more");
  await tab.waitForFunction(() => document.querySelector("#composer").value === "half a sentence and more");
  await page.evaluate(() => document.querySelector("papo-app").logOut());
  await page.waitForSelector(".entrance-form");
  await logIn(page, node.origin, "alice", "/#/general");
  await page.waitForFunction(() => document.querySelector("#composer")?.value === "half a sentence and more");
  await say(page, "sent");
  await page.waitForTimeout(500);
  await page.reload();
  await page.waitForSelector("article .text:has-text('sent')");
  assert.equal(await page.inputValue("#composer"), "", "a sent text is no draft");
  await context.close();
});

test("the field sends nothing while an input method composes, and Shift+Enter starts a line", async () => {
  const { context, page } = await open();
  const sent = () => page.evaluate(() => document.querySelector("papo-app").model.pending.size);
  await page.focus("#composer");
  await page.keyboard.type("nihon");
  await page.evaluate(() => document.querySelector("#composer").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true })));
  assert.equal(await page.inputValue("#composer"), "nihon");
  assert.equal(await sent(), 0);
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("go");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => [...document.querySelectorAll(".rows .text")].at(-1)?.textContent === "nihongo");
  assert.equal(await page.$$eval(".rows .text", (nodes) => nodes.at(-1).children.length), 2, "two lines");
  await context.close();
});

/** A PNG of 1 pixel. */
function png() {
  return Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
}

async function upload(api, to, name, bytes) {
  const { createHash } = await import("node:crypto");
  const query = new URLSearchParams({ to, name, sha256: createHash("sha256").update(bytes).digest("hex") });
  const reply = await fetch(`${api.origin}/files/${uuid7()}?${query}`, { method: "PUT", body: bytes, headers: { Authorization: `Bearer ${api.token}` } });
  return reply.json();
}
