// Display names and bots, commands about channels, photos without the data of the camera, and what a logout
// leaves in the browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, logIn, say, setUp, until, users } from "./harness.mjs";

const { node, open, apis: [alice, bob] } = await setUp("alice", "bob");

test("display names are shown next to names, and bots have a mark", async () => {
  await bob.call("user.set", { display_name: "Bob da Silva" });
  await bob.send("#general", "from a person");
  const { hook } = await alice.call("hook.create", { channel: "#general", name: "alerts" });
  const post = await fetch(`${node.origin}/hooks/${hook}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text: "disk full", username: "Grafana" }),
  });
  assert.equal(await post.text(), "ok");
  const { context, page, problems } = await open();
  const head = async (text) => (await page.locator(`article:has-text('${text}') .row-head`).locator("span").allTextContents()).filter(Boolean);
  await page.waitForSelector("article:has-text('from a person') .display-name");
  assert.deepEqual(await head("from a person"), ["bob", "Bob da Silva"]);
  assert.deepEqual(await head("disk full"), ["alerts", "(Grafana)", "bot"]);
  await page.click(".topbar [aria-label=Details]");
  await page.waitForSelector(".member:has-text('bob') .display-name:text-is('Bob da Silva')");
  await page.keyboard.press("Escape");
  // A word of the display name finds the person.
  await page.focus("#composer");
  await page.keyboard.type("@silv");
  await page.waitForSelector(".choices li:text-is('@bob — Bob da Silva')");
  await page.keyboard.press("Tab");
  assert.equal(await page.inputValue("#composer"), "@bob ");
  // Their own name: others see it, and the rows that are shown change.
  await say(page, "mine");
  await page.waitForSelector("article .text p:text-is('mine')");
  await say(page, "/name Alice Liddell");
  await page.waitForSelector(".notice:has-text('Others now see Alice Liddell')");
  await page.waitForSelector("article.is-own:has-text('mine') .display-name:text-is('Alice Liddell')");
  const known = async () => (await bob.call("user.list", {})).users.find(({ user }) => user === "alice").display_name;
  assert.equal(await known(), "Alice Liddell");
  await say(page, "/name -");
  await page.waitForSelector(".notice:has-text('was removed')");
  assert.equal(await known(), undefined);
  await page.waitForFunction(() => document.querySelectorAll("article.is-own .display-name").length === 0);
  assert.deepEqual(problems, []);
  await context.close();
});

test("a channel is renamed, its old address still works, and it is deleted", async () => {
  const { context, page } = await open();
  await say(page, "/create #plans");
  await page.waitForSelector("h1:has-text('#plans')");
  await say(page, "/rename #projects");
  await page.waitForSelector("h1:text-is('#projects')");
  await page.waitForSelector("a.item:has-text('projects')");
  await page.goto(`${node.origin}/#/general`);
  await page.waitForSelector("h1:has-text('#general')");
  await page.goto(`${node.origin}/#/plans`);
  await page.waitForSelector("h1:text-is('#projects')");
  await say(page, "/delete-channel #projects");
  await page.click("dialog .danger");
  await page.waitForSelector("h1:has-text('#general')");
  await until(async () => !(await alice.call("channel.list", {})).channels.some(({ channel }) => channel === "#plans"), "the channel is deleted");
  await context.close();
});

test("earlier texts, bans, blocks and read marks by commands", async () => {
  const [, walt] = await users(node.origin, ["vera", "walt"], "#lists");
  const vera = await new Api(node.origin).login("vera");
  const { context, page } = await open({ user: "vera", conversation: "lists" });
  await say(page, "first text");
  await page.waitForSelector("article[data-n='3']");
  await say(page, "/edit 3 second text");
  await page.waitForSelector("article[data-n='3'] .edited");
  await say(page, "/edits 3");
  await page.waitForSelector("dialog li:has-text('first text')");
  await page.keyboard.press("Escape");
  await say(page, "/ban walt");
  await page.waitForSelector(".notice:has-text('walt is banned')");
  await say(page, "/bans");
  await page.click("dialog li:has-text('@walt') button");
  await page.waitForSelector("dialog li", { state: "detached" });
  assert.deepEqual((await vera.call("channel.bans", { channel: "#lists" })).bans, []);
  await page.keyboard.press("Escape");
  await walt.send("@vera", "one");
  await page.waitForSelector("a.item[data-name='@walt'] .badge");
  await say(page, "/read @walt");
  await page.waitForSelector("a.item[data-name='@walt'] .badge", { state: "detached" });
  await until(async () => (await vera.call("read.list", {})).conversations.find((one) => one.conversation === "@walt").unread === 0, "read");
  await say(page, "/block walt");
  await until(async () => (await vera.call("user.blocks", {})).users.length === 1, "blocked");
  await say(page, "/blocks");
  await page.click("dialog li:has-text('@walt') button");
  await until(async () => (await vera.call("user.blocks", {})).users.length === 0, "unblocked");
  await context.close();
});

test("a command that fails comes back into the field, and a refused removal leaves the line", async () => {
  const { context, page } = await open();
  await say(page, "/edit 9999 some text");
  await page.waitForSelector(".notice.is-problem");
  await page.waitForFunction(() => document.querySelector("#composer").value === "/edit 9999 some text");
  await page.fill("#composer", "");
  await alice.call("user.block", { user: "bob" });
  await page.evaluate(() => {
    const { client } = document.querySelector("papo-app");
    const request = client.request.bind(client);
    client.request = (method, params) => method === "user.unblock" || (method === "user.blocks" && window.isBroken)
      ? Promise.reject({ message: "the server is busy" }) : request(method, params);
  });
  await say(page, "/blocks");
  await page.click("dialog li:has-text('@bob') button");
  await page.waitForSelector(".notice:has-text('The server is busy')");
  assert.equal(await page.locator("dialog li:has-text('@bob')").count(), 1);
  await page.keyboard.press("Escape");
  await page.evaluate(() => { window.isBroken = true; });
  await say(page, "/blocks");
  await page.waitForFunction(() => document.querySelectorAll(".notice.is-problem").length >= 2);
  assert.equal(await page.locator("dialog").count(), 0, "no list says that nobody is blocked");
  await alice.call("user.unblock", { user: "bob" });
  await context.close();
});

/** A JPEG with EXIF: the camera was turned, and the place is known. */
async function photo(page) {
  const plain = Buffer.from(await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [40, 20];
    canvas.getContext("2d").fillRect(0, 0, 20, 20);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg"));
    return [...new Uint8Array(await blob.arrayBuffer())];
  }));
  // TIFF of one entry: orientation (0x0112) is 6, a quarter turn. A text replaces the place.
  const tiff = Buffer.from("4d4d002a00000008000101120003000000010006000000000000", "hex");
  const body = Buffer.concat([Buffer.from("Exif\0\0"), tiff, Buffer.from("GPS 52.5 N 13.4 E")]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([plain.subarray(0, 2), head, body, plain.subarray(2)]);
}

test("the data of a camera stays by default, and is removed if the user wants it", async () => {
  const { context, page, problems } = await open();
  const buffer = await photo(page);
  const send = async (name) => {
    await page.setInputFiles("input[type=file]", { name, mimeType: "image/jpeg", buffer });
    await page.waitForSelector(`article .file-name:text-is('${name}')`);
    const address = await page.getAttribute(`article:has-text('${name}') .file-link`, "href");
    const reply = await fetch(new URL(address, node.origin), { headers: { Authorization: `Bearer ${alice.token}` } });
    return Buffer.from(await reply.arrayBuffer());
  };
  assert.deepEqual(await send("as-it-is.jpg"), buffer, "off by default");
  await page.waitForSelector(".notice:has-text('as-it-is.jpg is sent with the data of the camera')");
  await page.click(".notice button:has-text('Remove it in future')");
  const sent = await send("without.jpg");
  assert.deepEqual([...sent.subarray(0, 2)], [0xff, 0xd8]);
  assert.ok(!sent.includes("Exif") && !sent.includes("GPS"), "nothing of the camera is left");
  const size = await page.evaluate(async (bytes) => {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/jpeg" }));
    return [bitmap.width, bitmap.height];
  }, [...sent]);
  assert.deepEqual(size, [20, 40], "the picture is turned as the camera was");
  await page.click(".sidebar-foot [aria-label=Settings]");
  assert.ok(await page.isChecked("label:has-text('Remove the data of the camera') input"));
  assert.deepEqual(problems, []);
  await context.close();
});

test("a web link to a file is copied, and works without a session", async () => {
  const { context, page, problems } = await open({ permissions: ["clipboard-read", "clipboard-write"] });
  await page.setInputFiles("input[type=file]", { name: "plano.txt", mimeType: "text/plain", buffer: Buffer.from("tudo") });
  const row = "article:has(.file-name:text-is('plano.txt'))";
  await page.focus(row);
  await page.keyboard.press("Enter");
  await page.click(".row-menu button:has-text('Copy a web link to the file')");
  await page.waitForSelector(".notice:has-text('for everybody who has it')");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(link.startsWith(`${node.origin}/f/`), link);
  assert.equal(await (await fetch(link)).text(), "tudo");
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await page.fill("#composer", `/share ${await page.getAttribute(row, "data-n")}`);
  await page.keyboard.press("Enter");
  await until(async () => (await page.evaluate(() => navigator.clipboard.readText())).startsWith(`${node.origin}/f/`), "a link");
  assert.deepEqual(problems, []);
  await context.close();
});

/** The keys of a store of the browser. */
const stored = (page, store) => page.evaluate((name) => new Promise((resolve, reject) => {
  const opened = indexedDB.open("papo-alice");
  opened.onerror = () => reject(opened.error);
  opened.onsuccess = () => {
    const database = opened.result;
    const stores = [...database.objectStoreNames];
    const keys = stores.includes(name) ? database.transaction(name).objectStore(name).getAllKeys() : { result: [] };
    const done = () => { database.close(); resolve(keys.result); };
    if (stores.includes(name)) keys.onsuccess = done;
    else done();
  };
}), store);

test("a logout leaves drafts but no messages of others, or nothing if the user wants that", async () => {
  const { context, page } = await open();
  await until(async () => (await stored(page, "events")).includes("#general"), "the messages are stored");
  await page.focus("#composer");
  await page.keyboard.type("a draft");
  await page.click(".sidebar-foot [aria-label=Settings]");
  await page.click("dialog button:text-is('Log out')");
  await page.waitForSelector(".entrance-form");
  assert.deepEqual([await stored(page, "events"), await stored(page, "drafts")], [[], ["#general"]]);
  assert.ok(!(await stored(page, "settings")).includes("conversations"));
  await logIn(page, node.origin, "alice", "/#/general");
  await page.waitForFunction(() => document.querySelector("#composer")?.value === "a draft");
  await page.click(".sidebar-foot [aria-label=Settings]");
  await page.click("dialog button:has-text('Log out and delete')");
  await page.waitForFunction(() => document.querySelectorAll("dialog[open]").length === 2);
  await page.locator("dialog[open]").last().locator("button.danger").click();
  await page.waitForSelector(".entrance-form");
  assert.deepEqual([await stored(page, "events"), await stored(page, "drafts")], [[], []]);
  await context.close();
});

test("a message that arrives just before a logout is not stored", async () => {
  const { context, page } = await open();
  // The cache writes 2 s after a change, and when the page is closed.
  await until(async () => (await stored(page, "events")).includes("#general"), "the messages are stored");
  await bob.send("#general", "the last one");
  await page.waitForSelector("article .text:has-text('the last one')");
  await page.evaluate(() => { document.querySelector("papo-app").logOut(); });
  await page.waitForSelector(".entrance-form");
  assert.deepEqual(await stored(page, "events"), []);
  assert.ok(!(await stored(page, "settings")).includes("conversations"));
  await context.close();
});

test("the members who are online have a green dot, also those who came after the page", async () => {
  const { context, page, problems } = await open();
  await page.waitForFunction(() => document.querySelector("papo-app").model.users.get("bob")?.state === "offline");
  const online = () => page.waitForSelector(".members > li:has-text('bob') .dot.is-online");
  const isOnline = async () => (await bob.call("user.list", {})).users.find(({ user }) => user === "bob").state === "online";
  await bob.call("presence.set", { state: "online" });
  await until(isOnline, "bob is online");
  await page.click(".topbar [aria-label=Details]");
  await online();
  // The panel stays open.
  await bob.call("presence.set", { state: "offline" });
  await page.evaluate(() => document.querySelector("papo-app").model.loadUsers());
  await page.waitForSelector(".members > li:has-text('bob') .dot.is-offline");
  assert.deepEqual(problems, []);
  await context.close();
});
