// The administration on the page: each tab at two widths, refusals, and hostile names and statistics.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Api, PASSWORD, say, setUp, until, uuid7, violations, WIDTHS } from "./harness.mjs";

const TABS = ["Node", "Users", "Channels", "Sessions", "Join codes", "Webhooks", "Bots", "Backups"];

const { node, open, apis: [alice] } = await setUp("alice", "bob");

const choose = async (page, tab) => {
  await page.click(`.admin [role=tab]:text-is('${tab}')`);
  await page.waitForFunction((name) => document.querySelector(".admin [aria-selected=true]")?.textContent === name
    && !document.querySelector(".tab-panel > [role=status]:only-child"), tab);
};

const listed = async (name) => (await alice.call("admin.users", {})).users.find(({ user }) => user === name);

for (const width of WIDTHS) {
  test(`an administrator manages users, codes, webhooks and bots: ${width} px`, async () => {
    const name = `eva${width}`;
    await new Api(node.origin).register(name);
    await new Api(node.origin).register(`old${width}`);
    const { context, page, problems } = await open({ viewport: { width, height: 740 }, hasTouch: width < 500 });
    await say(page, "/admin");
    await page.waitForSelector(".admin .figures");
    await page.waitForSelector(".admin .record:has-text('server') .mark:text-is('no problem')");
    assert.equal(await page.textContent(".figures div:has(dt:text-is('accounts')) dd"), String((await alice.call("admin.stats", {})).users));

    await choose(page, "Users");
    await page.fill(".admin [type=search]", name);
    const line = page.locator(`.admin .records > li:has-text('${name}')`);
    assert.equal(await page.locator(".admin .records > li").count(), 1);
    await line.locator("summary").click();
    await line.locator("button:text-is('Disable')").click();
    await line.locator(".mark:text-is('disabled')").waitFor();
    assert.deepEqual([(await listed(name)).disabled, (await listed(name)).sessions], [true, 0]);
    await line.locator("button:text-is('Enable')").click();
    await line.locator(".mark:text-is('disabled')").waitFor({ state: "detached" });
    await line.locator("button:text-is('Make an administrator')").click();
    await line.locator(".mark:text-is('administrator')").waitFor();
    assert.equal((await listed(name)).administrator, true);
    await line.locator("button:has-text('Remove the administrator')").click();
    await until(async () => !(await listed(name)).administrator, "the right was removed");
    await line.locator("button:text-is('New password by a code')").click();
    const code = await line.locator(".secret input").inputValue();
    await alice.call("auth.reset", { user: name, code, new_password: `${PASSWORD} 2` }, null);
    await page.fill(".admin [type=search]", `old${width}`);
    await page.click(".admin summary");
    await page.click(".admin button:text-is('Delete the account')");
    await page.check("dialog [name=erase]");
    await page.locator("dialog[open]").last().locator("button.danger").click();
    await page.waitForFunction(() => !document.querySelector(".admin .records > li"));
    assert.equal(await listed(`old${width}`), undefined);
    // A refusal says why, in front of the dialog.
    await page.fill(".admin [type=search]", "alice");
    await page.click(".admin summary");
    await page.click(".admin button:has-text('Remove the administrator')");
    await page.waitForSelector(".admin .notice.is-problem:has-text('alice')");
    await page.click(".admin .notice.is-problem [aria-label=Close]");

    await choose(page, "Sessions");
    await page.waitForSelector(".admin .record:has-text('alice')");
    await new Api(node.origin).login(name, `${PASSWORD} 2`);
    const sessionsOf = async (user) => (await alice.call("admin.sessions", { user })).sessions.length;
    assert.equal(await sessionsOf(name), 1);
    await choose(page, "Users");
    await choose(page, "Sessions");
    const session = page.locator(`.admin .record:has-text('${name}')`);
    await session.locator("button:text-is('End')").click();
    await page.waitForSelector(`.admin .notice:has-text('1 session of ${name} was ended')`);
    await session.waitFor({ state: "detached" });
    assert.equal(await sessionsOf(name), 0);
    assert.equal(await page.locator(".admin .record:has-text('alice') button").count(), 0, "the settings end own sessions");
    for (let i = 0; i < 2; i++) await new Api(node.origin).login(name, `${PASSWORD} 2`);
    await choose(page, "Users");
    await page.locator(`.admin .records > li:has-text('${name}') summary`).click();
    await page.click(`.admin .records > li:has-text('${name}') button:text-is('End all sessions')`);
    await page.waitForSelector(`.admin .notice:has-text('2 sessions of ${name} were ended')`);
    assert.equal(await sessionsOf(name), 0);
    await choose(page, "Channels");
    await page.waitForSelector(".admin .record:has-text('#general')");

    await choose(page, "Join codes");
    await page.fill(".admin [name=uses]", "3");
    await page.fill(".admin [name=note]", `for ${name}`);
    await page.click(".admin form [type=submit]");
    const link = await page.inputValue(".admin .secret input");
    assert.match(link, new RegExp(`^${node.origin}/#join=[0-9a-f]+$`));
    const known = async () => (await alice.call("join_code.list", {})).codes.find(({ note }) => note === `for ${name}`);
    assert.equal((await known()).uses, 3);
    await page.click(`.admin .record:has-text('for ${name}') button:text-is('Revoke')`);
    await page.locator(`.admin .record:has-text('for ${name}')`).waitFor({ state: "detached" });
    assert.equal(await known(), undefined);

    await choose(page, "Webhooks");
    await page.fill(".admin [name=name]", `hook${width}`);
    await page.click(".admin form [type=submit]");
    const address = await page.inputValue(".admin .secret input");
    const post = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text: `posted at ${width}` }) });
    assert.equal(await post.text(), "ok");
    await page.click(`.admin .record:has-text('hook${width}') button:text-is('Revoke')`);
    await page.waitForFunction((hook) => ![...document.querySelectorAll(".admin .records > li")].some((item) => item.textContent.includes(hook)), `hook${width}`);
    assert.equal((await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{\"text\":\"x\"}" })).status, 404);

    await choose(page, "Bots");
    await page.fill(".admin [name=name]", `bot${width}`);
    await page.fill(".admin [name=conversations]", "#general");
    await page.selectOption(".admin [name=scope]", "write");
    await page.click(".admin form [type=submit]");
    const token = await page.inputValue(".admin .secret input");
    await alice.call("message.send", { to: "#general", id: uuid7(), text: "from the bot" }, token);
    await page.locator(`.admin .records > li:has-text('bot${width}') summary`).click();
    await page.locator(`.admin .records > li:has-text('bot${width}') button:text-is('Revoke')`).click();
    await until(async () => (await alice.call("bot.list", {})).bots.length === 0, "the token is revoked");
    assert.deepEqual(problems, []);
    await context.close();
  });

  test(`an administrator makes and downloads a backup: ${width} px`, async () => {
    const { context, page, problems } = await open({ viewport: { width, height: 740 }, hasTouch: width < 500 });
    await say(page, "/admin backup");
    await page.waitForSelector(".admin .hint:has-text('secret keys of the node')");
    const before = (await alice.call("admin.backups", {})).backups.length;
    await page.click(".admin button:text-is('Make a backup now')");
    await until(async () => (await alice.call("admin.backups", {})).backups.length === before + 1, "the backup is complete");
    const { backups: [backup] } = await alice.call("admin.backups", {});
    const line = page.locator(`.admin .record:has-text('${backup.name}')`);
    await line.locator(".mark:text-is('checked')").waitFor();
    await page.waitForSelector(".admin button:text-is('Make a backup now'):not([disabled])");
    await line.locator("button:text-is('Download')").click();
    const dialog = page.locator("dialog[open]").last();
    await dialog.locator("p:has-text('secret keys of the node')").waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), dialog.locator("button:text-is('Download')").click()]);
    assert.equal(download.suggestedFilename(), backup.name);
    const saved = readFileSync(await download.path());
    assert.deepEqual([saved.length, saved.includes("papo-backup.json")], [backup.bytes, true]);
    assert.deepEqual(problems, []);
    await context.close();
  });

  test(`the page shows a backup in progress and a failure: ${width} px`, async () => {
    const { context, page } = await open({ viewport: { width, height: 740 }, reducedMotion: "reduce" });
    await page.evaluate(() => {
      const { client } = document.querySelector("papo-app");
      const request = client.request.bind(client);
      const at = Date.now();
      window.list = {
        backups: [], every_ms: 86_400_000, keep: 3, running: { name: "papo-scheduled-1.tar", at, bytes: 2_000_000, total: 8_000_000 },
        failed: { at, error: "data/backups has 7 bytes of free space" },
      };
      client.request = (method, params) => method === "admin.backups" ? Promise.resolve(window.list) : request(method, params);
    });
    await say(page, "/admin backup");
    await page.waitForSelector(".admin .hint:has-text('every 24 hours')");
    await page.waitForSelector(".admin .record:has-text('2 MB of about 8 MB written') progress[value='2000000']");
    await page.waitForSelector(".admin .record:has(.mark:text-is('failed')) .problem:has-text('7 bytes of free space')");
    assert.equal(await page.isDisabled(".admin button:text-is('Make a backup now')"), true);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await violations(page), [], colorScheme);
    }
    // The list is loaded again until no backup is in progress.
    await page.evaluate(() => { window.list = { ...window.list, running: undefined, failed: undefined }; });
    await page.waitForSelector(".admin button:text-is('Make a backup now'):not([disabled])");
    assert.equal(await page.locator(".admin .record").count(), 0);
    await context.close();
  });

  test(`axe finds nothing in the administration, in both themes: ${width} px`, async () => {
    await alice.call("join_code.create", { uses: 2, days: 3, note: "for the new colleagues" });
    const { context, page } = await open({ viewport: { width, height: 740 }, reducedMotion: "reduce" });
    await say(page, "/admin");
    await page.waitForSelector(".admin .figures");
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const tab of TABS) {
        await choose(page, tab);
        await page.evaluate(() => { for (const details of document.querySelectorAll(".admin details")) details.open = true; });
        assert.deepEqual(await violations(page), [], `${tab}, ${colorScheme}`);
      }
    }
    await context.close();
  });
}

test("an administrator invites by link from the members, and ends the other sessions", async () => {
  const { context, page } = await open({ permissions: ["clipboard-read", "clipboard-write"] });
  await page.click(".topbar [aria-label=Details]");
  await page.click(".details button:text-is('Invite by link')");
  await page.click("dialog button:text-is('Create a link')");
  const link = await page.textContent("dialog code");
  assert.match(link, new RegExp(`^${node.origin}/#join=[0-9a-f]+$`));
  assert.ok(await page.$eval("dialog code", (code) => code.scrollWidth <= code.clientWidth), "the whole link is visible");
  await page.click("dialog [aria-label='Copy the link']");
  await page.waitForSelector("dialog .is-done");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
  const other = await new Api(node.origin).login("alice");
  await page.click("dialog summary:text-is('Sessions')");
  await page.click("dialog button:text-is('End all other sessions')");
  await page.waitForSelector(".notice:has-text('ended')");
  await assert.rejects(other.call("session.list", {}));
  await page.locator("dialog button:text-is('End all other sessions')").waitFor({ state: "hidden" });
  await alice.login("alice");
  await context.close();
});

test("another user has no administration, and the server says why", async () => {
  const { context, page } = await open({ user: "bob" });
  await say(page, "/admin users");
  await page.waitForSelector(".notice.is-problem:has-text('administrator')");
  assert.equal(await page.locator(".admin").count(), 0);
  assert.equal((await fetch(`${node.origin}/roles`)).status, 401);
  const bob = await new Api(node.origin).login("bob");
  const reply = await fetch(`${node.origin}/roles`, { headers: { Authorization: `Bearer ${bob.token}` } });
  assert.equal(reply.status, 403);
  assert.equal((await reply.json()).error.data.reason, "not_administrator");
  await page.click(".sidebar-foot [aria-label=Settings]");
  await page.waitForTimeout(300);
  assert.equal(await page.isVisible("dialog button:text-is('Administration')"), false);
  await context.close();
});

test("names, notes, webhooks and statistics of a hostile node inject nothing", async () => {
  const { context, page, problems } = await open();
  const bad = "<img src=x onerror=\"window.marks.push(1)\"><script>window.marks.push(2)</script>\u202eevil";
  await page.route("**/roles?*", (route) => route.fulfill({ json: { roles: [{ role: bad, uptime_ms: bad, problems: [bad, { a: bad }] }, bad] } }));
  await page.evaluate((text) => {
    window.marks = [];
    const { client, model } = document.querySelector("papo-app");
    model.users.set(text, { state: "online", displayName: text });
    const channel = { channel: text, name: text, owner: text, members: text, n: text, since: 1 };
    const replies = {
      "admin.stats": { users: text, records: { toString: () => text } },
      "server.info": { version: text, limits: { file_bytes: text } },
      "admin.users": { users: [{ user: text, since: 1, sessions: text, file_bytes: text, administrator: text }], quota_bytes: text },
      "admin.channels": { channels: [channel] },
      "admin.sessions": { sessions: [{ user: text, session: text, opened: 1, expires: 2 }] },
      "join_code.list": { codes: [{ id: text, by: text, uses: text, expires: 1, note: text }] },
      "join_code.create": { id: text, code: text, expires: 1 },
      "hook.list": { hooks: [{ id: text, name: text, by: text, delivery: { state: text, url: `javascript:${text}`, n: text, head: text, error: text } }] },
      "admin.backups": {
        backups: [{ name: text, at: 1, bytes: text, checked: text }, { name: "papo-scheduled-1.tar/../../rpc", at: 1, bytes: 1, checked: true }],
        running: { name: text, at: 1, bytes: text, total: text, checking: text }, failed: { at: 1, error: text }, every_ms: text, keep: text,
      },
      "bot.list": { bots: [{ id: text, name: text, by: text, scope: text, conversations: [text], created: 1, used: 2 }] },
    };
    const request = client.request.bind(client);
    client.request = (method, params) => method in replies ? Promise.resolve(replies[method]) : request(method, params);
  }, bad);
  await say(page, "/admin");
  await page.waitForSelector(".admin .figures");
  for (const tab of TABS) {
    await choose(page, tab);
    await page.evaluate(() => { for (const details of document.querySelectorAll(".admin details")) details.open = true; });
    if (tab === "Join codes") {
      await page.click(".admin form [type=submit]");
      await page.waitForSelector(".admin .secret");
    }
    // Only names that the node gives are downloaded.
    if (tab === "Backups") assert.equal(await page.locator(".admin button:text-is('Download')").count(), 0);
    const found = await page.$$eval(".admin img, .admin script, .admin iframe, .admin [href], .admin [onerror]", (nodes) => nodes.map((one) => one.outerHTML));
    assert.deepEqual(found, [], tab);
    // The text is shown as text, and the control of its direction as a mark.
    await page.waitForSelector(".admin .tab-panel >> text=<img src=x");
    assert.ok(!(await page.textContent(".admin .tab-panel")).includes("\u202e"), tab);
  }
  assert.deepEqual(await page.evaluate(() => window.marks), []);
  assert.deepEqual(problems, []);
  await context.close();
});
