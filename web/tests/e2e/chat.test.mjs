// The main road in a real browser: accounts, channels, messages, several users and tabs of one profile.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, PASSWORD, logIn, say, setUp, texts, until, users, uuid7, watch } from "./harness.mjs";

const { node, browser } = await setUp();

const open = async (options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  return { context, page, problems: watch(page) };
};

test("a user registers, creates a channel, and the first message is stored", async () => {
  const { context, page, problems } = await open();
  await page.goto(`${node.origin}/#join=abc`);
  assert.equal(await page.inputValue("[name=code]"), "abc", "the code of the link is in the form");
  await page.goto("about:blank");
  await page.goto(node.origin);
  await page.waitForSelector(".entrance-form");
  await page.fill("[name=user]", "alice");
  await page.evaluate(() => { location.hash = "#join=def"; });
  await page.waitForFunction(() => document.querySelector("[name=code]")?.value === "def");
  assert.equal(await page.inputValue("[name=user]"), "alice", "a link in the same tab keeps the name");
  assert.match(await page.textContent("label:has([name=code])"), /leave it empty/);
  await page.fill("[name=password]", "short");
  await page.click(".entrance-form .primary");
  await page.waitForFunction(() => document.querySelector(".problem")?.textContent.includes("at least 8"));
  await page.fill("[name=password]", PASSWORD);
  await page.click(".entrance-form .primary");
  await page.waitForSelector("dialog[open] [name=channel]:focus");
  assert.equal(page.url(), `${node.origin}/`, "the code is not in the address");
  await page.keyboard.type("general");
  await page.click("dialog button.primary[type=submit]");
  await page.waitForSelector("h1:has-text('#general')");
  await say(page, "olá **mundo**");
  await page.waitForSelector(".rows article .text strong");
  assert.deepEqual(await texts(page), ["olá mundo"]);
  await page.waitForSelector(".status:has-text('Complete up to #general 2')");
  const api = await new Api(node.origin).login("alice");
  const history = await api.call("message.history", { conversation: "#general" });
  assert.equal(history.events.at(-1).text, "olá **mundo**");
  await page.evaluate(() => { location.hash = "#join=def"; });
  await page.waitForSelector(".notice:has-text('You have an account here')");
  assert.match(page.url(), /#\/general$/);
  // After a reload, no number is shown that is too small.
  await page.addInitScript(() => {
    window.shown = [];
    new MutationObserver(() => { window.shown.push(document.querySelector(".status")?.textContent ?? ""); }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.reload();
  await page.waitForSelector(".status:has-text('Complete up to #general 2')");
  assert.deepEqual((await page.evaluate(() => window.shown)).filter((text) => /\d/.test(text) && !text.endsWith(" 2")), []);
  await page.evaluate(() => document.querySelector("papo-app").logOut());
  await page.waitForSelector(".entrance-form .hint[role=status]:text-is('You are logged out')");
  assert.equal(await page.textContent(".entrance-form .problem"), "");
  assert.deepEqual(problems, []);
  await context.close();
});

test("no dialog opens by itself over a new user who types", async () => {
  await new Api(node.origin).register("nora");
  const { context, page } = await open();
  // The dialogs load only after the first key.
  let isTyped = () => {};
  const typed = new Promise((resolve) => { isTyped = resolve; });
  await page.route("**/ui/dialogs*.js", async (route) => { await typed; await route.continue(); });
  const loaded = page.waitForResponse("**/ui/dialogs*.js");
  await logIn(page, node.origin, "nora");
  await page.waitForSelector(".subject:has-text('not in a channel yet')");
  await page.keyboard.press("Tab");
  isTyped();
  await loaded;
  await page.evaluate(async () => { await import("/a/ui/dialogs.js"); await new Promise((resolve) => { setTimeout(resolve); }); });
  assert.equal(await page.locator("dialog[open]").count(), 0);
  await context.close();
});

test("files are attached several times in a row, also after an edit", async () => {
  await users(node.origin, ["jana"], "#files");
  const { context, page } = await open();
  const choosers = [];
  page.on("filechooser", (chooser) => choosers.push(chooser));
  await logIn(page, node.origin, "jana", "/#/files");
  await page.waitForSelector("h1:has-text('#files')");
  await say(page, "a text");
  await page.waitForSelector("article:has-text('a text')");
  for (let use = 1; use <= 3; use++) {
    const { x, y, width, height } = await page.locator("[aria-label='Send files']").boundingBox();
    await page.mouse.click(x + width / 2, y + height / 2);
    await until(() => choosers.length === use, `the dialog opens, use ${use}`);
    await choosers[use - 1].setFiles({ name: "same.txt", mimeType: "text/plain", buffer: Buffer.from("the same file") });
    await page.waitForFunction((count) => document.querySelectorAll("article .file").length === count, use);
    assert.equal(await page.inputValue("input[type=file]"), "", "the same file can be chosen again");
    if (use !== 2) continue;
    await page.press("#composer", "ArrowUp");
    await say(page, "an edited text");
    await page.waitForSelector("article:has-text('an edited text') .edited");
  }
  await context.close();
});

test("two windows of one profile are two users, and two tabs of one user are equal", async () => {
  await users(node.origin, ["carol", "dave"], "#two");
  const { context, page: carol, problems } = await open();
  await logIn(carol, node.origin, "carol");
  await carol.waitForSelector("h1:has-text('#two')");
  const dave = await context.newPage();
  await logIn(dave, node.origin, "dave", "/?new");
  await dave.waitForURL(/\/u\/1\//);
  await dave.waitForSelector("h1:has-text('#two')");
  await say(carol, "from carol");
  await dave.waitForSelector("text=from carol");
  await say(dave, "from dave");
  await carol.waitForSelector("text=from dave");
  const tab = await context.newPage();
  await tab.goto(node.origin);
  await tab.waitForSelector("text=from dave");
  await say(tab, "from the second tab");
  await dave.waitForSelector("text=from the second tab");
  await carol.waitForSelector("text=from the second tab");
  assert.deepEqual(await texts(carol), await texts(tab));
  // Any tab can be closed.
  await carol.close();
  await say(dave, "still there?");
  await tab.waitForSelector("text=still there?");
  assert.deepEqual(problems, []);
  await context.close();
});

test("edit, react, reply, delete, and the Up key", async () => {
  const [, bob] = await users(node.origin, ["erin", "frank"], "#acts");
  const { context, page } = await open();
  await logIn(page, node.origin, "erin");
  await page.waitForSelector("h1:has-text('#acts')");
  await say(page, "first vresion");
  await page.waitForSelector("article .text:has-text('first vresion')");
  await page.press("#composer", "ArrowUp");
  assert.equal(await page.inputValue("#composer"), "first vresion", "the Up key edits the last message");
  await say(page, "first **version**");
  await page.waitForSelector("article:has-text('first version') .edited");
  await bob.call("message.react", { conversation: "#acts", n: 3, id: uuid7(), emoji: "🎉" });
  await page.click(".reaction:has-text('🎉')");
  await page.waitForSelector(".reaction.is-own:has-text('2')");
  await bob.send("#acts", "an answer", { reply: 3 });
  await page.waitForSelector(".quote:has-text('first version')");
  await page.hover("article:has-text('an answer')");
  await page.click(".tools [aria-label=Reply]");
  await say(page, "to the answer");
  await page.waitForSelector(".quote:has-text('an answer')");
  await page.press("#composer", "F6");
  await page.press("#composer", "F6");
  // A quote follows an edit of its message.
  await bob.call("message.edit", { conversation: "#acts", n: (await bob.call("message.history", { conversation: "#acts" })).events.find(({ text }) => text === "an answer").n, id: uuid7(), text: "a *better* answer" });
  await page.waitForSelector(".quote:has-text('a better answer')");
  await page.click(".quote:has-text('first version')");
  await page.waitForSelector("article.is-target:has-text('first version')");
  assert.match(page.url(), /#\/acts\/3$/, "a jump has an address");
  await page.focus("article[data-n='3']");
  await page.press("article[data-n='3']", "Delete");
  await page.waitForSelector("dialog p:text-is('first version')");
  await page.click("dialog .danger");
  await page.waitForSelector("article[data-n='3']:has-text('(deleted)')");
  await context.close();
});

test("channels, invitations, members, roles, and direct messages", async () => {
  const [, bob] = await users(node.origin, ["gina", "hugo"], "#rights");
  const { context, page } = await open();
  await logIn(page, node.origin, "gina");
  await page.waitForSelector("h1:has-text('#rights')");
  await say(page, "/create #secret private");
  await page.waitForSelector("h1:has-text('#secret')");
  await say(page, "/invite hugo");
  await page.waitForSelector("text=hugo can now join #secret");
  await bob.call("channel.join", { channel: "#secret" });
  await page.waitForSelector("article:has-text('joined #secret')");
  await page.click(".topbar [aria-label=Details]");
  await page.selectOption(".member:has-text('hugo') select", "moderator");
  await page.waitForSelector("article:has-text('made hugo a moderator')");
  await page.fill(".details [name=user]", "nobody");
  await page.click(".details button:text-is('Invite')");
  await page.waitForSelector(".notice.is-problem:has-text('an administrator creates a link')");
  await page.click(".notice.is-problem [aria-label=Close]");
  assert.equal(await page.isVisible(".details button:text-is('Invite by link')"), false);
  await page.fill(".details [name=subject]", "plans");
  await page.click(".details button:has-text('Save')");
  await page.waitForSelector(".subject:has-text('plans')");
  await bob.call("channel.create", { channel: "#hugos", private: true });
  await bob.call("channel.invite", { channel: "#hugos", user: "gina" });
  await page.click(".invitation button:has-text('Accept')");
  await page.waitForSelector("h1:has-text('#hugos')");
  await bob.send("@gina", "psst");
  await page.click("a.item[data-name='@hugo']");
  await page.waitForSelector("article .text:has-text('psst')");
  await say(page, "sim?");
  await until(async () => (await bob.call("message.history", { conversation: "@gina" })).head === 2, "the direct message");
  await say(page, "/nonsense");
  await page.waitForSelector(".notice:has-text('There is no command /nonsense')");
  assert.equal(await page.inputValue("#composer"), "/nonsense", "a wrong command stays in the field");
  await context.close();
});

test("unread counts, mentions, and read marks need a row in view in a visible tab", async () => {
  const [, bob] = await users(node.origin, ["iris", "jack"], "#reads");
  await bob.call("channel.create", { channel: "#other" });
  const { context, page } = await open();
  await logIn(page, node.origin, "iris");
  await page.waitForSelector("h1:has-text('#reads')");
  await say(page, "/join #other");
  await page.waitForSelector("h1:has-text('#other')");
  await bob.send("#reads", "one");
  await bob.send("#reads", "two @iris");
  const item = page.locator("a.item[data-name='#reads']");
  await item.locator(".badge.is-mention:has-text('@1')").waitFor();
  await item.locator(".badge:text-is('2')").waitFor();
  assert.match(await page.title(), /^\(2\)/);
  const opened = Date.now();
  await item.click();
  await page.waitForSelector(".divider:has-text('New messages')");
  await item.locator(".badge").first().waitFor({ state: "detached" });
  assert.ok(Date.now() - opened >= 1000, "a row is read only after it was in view for a second");
  const api = await new Api(node.origin).login("iris");
  await until(async () => (await api.call("read.list", {})).conversations.find((one) => one.conversation === "#reads").unread === 0, "the mark of the server");
  await context.close();
});

test("search with filters opens the history around a hit", async () => {
  const [api] = await users(node.origin, ["kate"], "#search");
  for (let i = 1; i <= 250; i++) await api.send("#search", i === 40 ? "the needle is here" : `hay ${i}`);
  const { context, page } = await open();
  await logIn(page, node.origin, "kate");
  await page.waitForSelector("text=hay 250");
  await page.keyboard.press("Control+f");
  await page.fill(".details [name=query]", "needle in:#search from:kate");
  await page.press(".details [name=query]", "Enter");
  await page.waitForSelector(".chip:has-text('in:#search')");
  await page.click(".hit:has-text('needle')");
  await page.waitForSelector("article.is-target:has-text('the needle is here')");
  const rows = await page.$$eval(".rows article", (nodes) => nodes.length);
  assert.ok(rows > 40 && rows <= 300, `${rows} rows around the hit`);
  await context.close();
});

/** The first account is the administrator of the node. */
const administrator = async () => {
  const api = new Api(node.origin);
  return api.login("alice").catch(() => api.register("alice"));
};

test("an ended session closes the page's socket, and no event arrives afterwards", async () => {
  const admin = await administrator();
  const [owner] = await users(node.origin, ["liam"], "#end");
  await new Api(node.origin).register("mona").then((mona) => mona.call("channel.join", { channel: "#end" }));
  const { context, page } = await open();
  await logIn(page, node.origin, "mona");
  await page.waitForSelector("h1:has-text('#end')");
  await admin.call("admin.disable", { user: "mona", disabled: true });
  await page.waitForSelector(".entrance-form");
  await owner.send("#end", "secret");
  assert.match(await page.textContent(".problem"), /session|account/i);
  assert.ok(!(await page.content()).includes("secret"));
  await context.close();
});

test("the commands of bots are completed, listed and sent", async () => {
  const [api] = await users(node.origin, ["greta"], "#bots");
  const { token } = await api.call("bot.create", { name: "deploy", scope: "write", conversations: ["#bots"] });
  const commands = [{ name: "deploy", description: "Deploy a service.", usage: "SERVICE" }];
  await api.call("command.register", { commands }, token);
  const { context, page, problems } = await open();
  await logIn(page, node.origin, "greta");
  await page.waitForSelector("h1:has-text('#bots')");
  await page.click("#composer");
  await page.keyboard.type("/dep");
  await page.waitForSelector(".choices li:has-text('/deploy SERVICE — Deploy a service. (@deploy)')");
  await page.keyboard.press("Tab");
  await page.keyboard.type("api");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=deploy is not present: it gets the command when it is back");
  await until(async () => (await texts(page)).at(-1) === "/deploy api", "the command is sent");
  const { events } = await api.call("message.history", { conversation: "#bots", limit: 1 });
  assert.deepEqual(events[0].command, { bot: "deploy", name: "deploy" });
  await say(page, "/deplog api");
  await page.waitForSelector("text=There is no command /deplog");
  await until(async () => await page.inputValue("#composer") === "/deplog api", "the text is back");
  await page.fill("#composer", "");
  await say(page, "/help");
  await page.waitForSelector("dialog dt:has-text('/deploy SERVICE')");
  assert.deepEqual(problems, []);
  await context.close();
});
