// Frequent complaints about other chats that no other file tests. docs/design.md lists all complaints with
// their tests.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hurry, logIn, say, setUp, texts, until } from "./harness.mjs";

const { node, browser, open: openChat, apis: [alice, bob] } = await setUp("alice", "bob");
/** The time in which a user can undo Shift+Esc, in milliseconds: UNDO_MS of read_all.js. */
const UNDO_MS = 6_000;

const open = async (context, isLoggedIn) => {
  const page = await context.newPage();
  if (isLoggedIn) await page.goto(`${node.origin}/#/general`);
  else await logIn(page, node.origin, "alice", "/#/general");
  await page.waitForSelector("h1:has-text('#general')");
  return page;
};

test("four tabs of one user in two browsers are live, and any of them can be closed", async () => {
  const contexts = [await browser.newContext(), await browser.newContext()];
  const tabs = [];
  for (const context of contexts) tabs.push(await open(context, false), await open(context, true));
  const expected = [];
  const shows = (tab) => until(async () => JSON.stringify(await texts(tab)) === JSON.stringify(expected), "the messages of all tabs");
  while (tabs.length > 0) {
    for (const [i, tab] of tabs.entries()) {
      expected.push(`tab ${i} of ${tabs.length}`);
      await say(tab, expected.at(-1));
      for (const other of tabs) await shows(other);
    }
    await tabs.splice(tabs.length > 1 ? 1 : 0, 1)[0].close();
  }
  for (const context of contexts) await context.close();
});

test("a draft survives the crash of a tab", async () => {
  const context = await browser.newContext();
  const page = await open(context, false);
  await page.focus("#composer");
  await page.keyboard.type("half a sentence");
  await page.waitForTimeout(600);
  const crashed = page.waitForEvent("crash");
  page.goto("chrome://crash").catch(() => {});
  await crashed;
  const fresh = await open(context, true);
  await fresh.waitForFunction(() => document.querySelector("#composer").value === "half a sentence");
  await context.close();
});

test("text that is typed or pasted while no field has the focus is in the message field", async () => {
  const context = await browser.newContext();
  const page = await open(context, false);
  for (const clicked of ["h1", "a.item[aria-current]"]) {
    await page.fill("#composer", "");
    await page.click(clicked);
    await page.keyboard.type("at once");
    assert.equal(await page.inputValue("#composer"), "at once", clicked);
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+x");
    await page.click(clicked);
    await page.keyboard.press("Control+v");
    assert.equal(await page.inputValue("#composer"), "at once", `pasted after a click on ${clicked}`);
  }
  // A letter key of a message, and a button that the space bar presses.
  await page.fill("#composer", "");
  await page.focus("[role=log]");
  await page.keyboard.press("n");
  await page.focus("papo-composer [aria-label=Emoji]");
  await page.keyboard.press("Space");
  await page.fill("dialog [type=search]", "rocket");
  await page.keyboard.press("Escape");
  assert.equal(await page.inputValue("#composer"), "");
  await context.close();
});

test("Shift+Esc marks everything as read, and can be undone", async () => {
  await bob.call("channel.create", { channel: "#other" });
  await alice.call("channel.join", { channel: "#other" });
  const { context, page } = await openChat({ prepare: (fresh) => hurry(fresh, UNDO_MS) });
  const unread = async () => (await alice.call("read.list", {})).conversations.find((one) => one.conversation === "#other")?.unread;
  for (const text of ["one", "two"]) await bob.send("#other", text);
  const badge = page.locator("a.item[data-name='#other'] .badge");
  await badge.waitFor();
  await page.keyboard.press("Shift+Escape");
  await badge.waitFor({ state: "detached" });
  await page.click(".notice button:has-text('Undo')");
  await badge.waitFor();
  // A later timer of the same length has ended, and the server has answered a later request of the page.
  await page.evaluate((ms) => new Promise((resolve) => { setTimeout(resolve, ms); }), UNDO_MS);
  await page.evaluate(() => document.querySelector("papo-app").client.request("read.list", {}));
  assert.equal(await unread(), 2, "undone");
  await page.keyboard.press("Shift+Escape");
  await badge.waitFor({ state: "detached" });
  await until(async () => await unread() === 0, "the marks of the server");
  await context.close();
});
