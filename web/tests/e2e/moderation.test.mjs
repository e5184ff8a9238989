// Moderation on the page, at two widths: roles, removing, banning, archiving, blocking, and why an action is
// refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, setUp, until, users, violations, WIDTHS } from "./harness.mjs";

const { node, open } = await setUp("alice");

for (const width of WIDTHS) {
  test(`an owner moderates a channel: ${width} px`, async () => {
    const channel = `#team${width}`;
    const named = ["owner", "carol", "dora", "eric"].map((name) => `${name}${width}`);
    const [, carol, dora, eric] = await users(node.origin, named, channel);
    const options = { viewport: { width, height: 740 }, hasTouch: width < 500, reducedMotion: "reduce" };
    const { context, page, problems } = await open({ user: named[0], conversation: channel.slice(1), ...options });
    await page.click(".topbar [aria-label=Details]");
    const member = (name) => page.locator(`.members > li:has-text('${name}')`);
    const act = async (name, label) => {
      await member(name).locator("[aria-expanded=false]").click();
      await member(name).locator(`button:text-is('${label}')`).click();
    };
    const owner = await new Api(node.origin).login(named[0]);
    const roles = async () => Object.fromEntries((await owner.call("channel.members", { channel })).members.map(({ user, role }) => [user, role]));

    await member(named[1]).locator("select").selectOption("moderator");
    await until(async () => (await roles())[named[1]] === "moderator", "carol is a moderator");
    await act(named[2], "Remove");
    await member(named[2]).waitFor({ state: "detached" });
    assert.equal((await roles())[named[2]], undefined);
    await dora.call("channel.join", { channel });
    await member(named[2]).waitFor();
    await act(named[2], "Ban");
    await member(named[2]).waitFor({ state: "detached" });
    await assert.rejects(dora.call("channel.join", { channel }), /banned/);
    await act(named[3], "Block");
    await member(named[3]).locator("text=blocked").waitFor();
    await assert.rejects(eric.send(`@${named[0]}`, "hello"), /block/);

    await page.click(".panel-buttons button:text-is('Bans')");
    await page.waitForSelector(`dialog li:has-text('@${named[2]}')`);
    assert.deepEqual(await violations(page), []);
    // The server says why it refuses, in front of the dialog.
    await page.fill("dialog form input", "nobody-of-this-name");
    await page.press("dialog form input", "Enter");
    await page.waitForSelector("dialog .notice.is-problem:has-text('nobody-of-this-name')");
    await page.fill("dialog form input", named[3]);
    await page.press("dialog form input", "Enter");
    await page.waitForSelector(`dialog li:has-text('@${named[3]}')`);
    await page.locator(`dialog li:has-text('@${named[2]}') button`).click();
    await page.locator(`dialog li:has-text('@${named[2]}')`).waitFor({ state: "detached" });
    assert.deepEqual((await owner.call("channel.bans", { channel })).bans.map(({ user }) => user), [named[3]]);
    await page.keyboard.press("Escape");

    await page.click(".panel-buttons button:text-is('Archive')");
    await page.waitForSelector(".panel-buttons button:text-is('Restore')");
    await assert.rejects(carol.send(channel, "too late"), /archived/);
    await page.click(".panel-buttons button:text-is('Restore')");
    await page.waitForSelector(".panel-buttons button:text-is('Archive')");
    await carol.send(channel, "again");
    await page.waitForFunction(() => document.querySelectorAll(".notice").length === 0 || [...document.querySelectorAll(".notice")].forEach((notice) => notice.remove()) === undefined);
    assert.deepEqual(await violations(page), []);

    // Blocked users are listed in the settings.
    if (width < 500) await page.click(".panel-head [aria-label=Close]");
    if (width < 500) await page.click(".topbar .phone-only");
    await page.click(".sidebar-foot [aria-label=Settings]");
    await page.click("dialog button:text-is('Blocked users')");
    await page.locator(`dialog li:has-text('@${named[3]}') button`).click();
    await until(async () => (await owner.call("user.blocks", {})).users.length === 0, "unblocked");
    assert.deepEqual(problems, []);
    await context.close();
  });
}

test("a member sees only what a member may do, and a refused action says why", async () => {
  const [, member] = await users(node.origin, ["head", "mia"], "#plain");
  const { context, page } = await open({ user: member.user, conversation: "plain" });
  await page.click(".topbar [aria-label=Details]");
  await page.locator(".members > li:has-text('head') [aria-expanded]").click();
  assert.deepEqual(await page.locator(".members > li:has-text('head') .member-actions button").allTextContents(), ["New direct message", "Block"]);
  assert.deepEqual(await page.locator(".panel-buttons button").allTextContents(), ["Export the conversation", "Leave #plain"]);
  for (const line of ["/kick head", "/ban head", "/role mia owner", "/archive on", "/bans", "/rename #other", "/delete-channel #plain"]) {
    await page.fill("#composer", line);
    await page.press("#composer", "Enter");
    if (line.startsWith("/delete")) await page.click("dialog .danger");
    await page.waitForSelector(".notice.is-problem");
    // The line is in the field again.
    await page.waitForFunction((text) => document.querySelector("#composer").value === text, line);
    await page.evaluate(() => { for (const notice of document.querySelectorAll(".notice")) notice.remove(); });
  }
  await context.close();
});
