// Notifications of the browser, at two widths: what rings, by the levels, and what a click opens. The
// browser of the tests shows none, so an object records them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, until, WIDTHS } from "./harness.mjs";

const { open, apis: [alice, bob] } = await setUp("alice", "bob");

/** Replaces the notifications of the browser. On a phone, the constructor throws. */
function record(isPhone) {
  window.notes = [];
  window.Notification = class extends EventTarget {
    static permission = "default";
    static requestPermission() { this.permission = "granted"; return Promise.resolve("granted"); }
    constructor(title, options) {
      super();
      if (isPhone) throw new TypeError("Illegal constructor");
      window.notes.push({ title, ...options, click: () => this.dispatchEvent(new Event("click")) });
    }
    close() {}
  };
  if (!isPhone) return;
  Object.defineProperty(navigator, "serviceWorker", { value: {
    register: () => Promise.resolve(),
    ready: Promise.resolve({ showNotification: (title, options) => { window.notes.push({ title, ...options }); return Promise.resolve(); } }),
  } });
}

for (const width of WIDTHS) {
  test(`mentions and direct messages ring as the levels say: ${width} px`, async () => {
    const isPhone = width < 500;
    const prepare = (fresh) => fresh.addInitScript(record, isPhone);
    const { context, page, problems } = await open({ prepare, viewport: { width, height: 740 }, hasTouch: isPhone });
    await bob.send("#general", `@alice before ${width}`);
    await page.waitForSelector(`.rows .text:has-text('before ${width}')`);
    if (isPhone) await page.click(".topbar .phone-only");
    await page.click(".sidebar-foot [aria-label=Settings]");
    await page.check("label:has-text('Show notifications') input");
    await page.keyboard.press("Escape");
    if (isPhone) await page.click("a.item[data-name='#general']");
    const bodies = () => page.evaluate(() => window.notes.map(({ body }) => body));
    /** Sends messages, and waits until the page has them. */
    const send = async (...messages) => {
      for (const [to, text] of messages) await bob.send(to, text);
      const heads = await Promise.all(messages.map(async ([to]) => (await bob.call("message.history", { conversation: to, limit: 1 })).head));
      await page.waitForFunction(({ names, heads: wanted }) => {
        const { model } = document.querySelector("papo-app");
        return names.every((name, i) => (model.conversations.get(name)?.head ?? 0) >= wanted[i]);
      }, { names: messages.map(([to]) => to === "@alice" ? "@bob" : to), heads });
      await page.waitForTimeout(150);
    };
    // The conversation is open and in view: nothing rings.
    await page.bringToFront();
    await send(["#general", "@alice you see it"]);
    assert.deepEqual(await bodies(), []);
    await page.evaluate(() => Object.defineProperty(document, "hidden", { get: () => true, configurable: true }));
    await send(["#general", "no mention"], ["#general", "@alice a mention"], ["@alice", "a direct message"]);
    await until(async () => (await bodies()).length === 2, "two notifications");
    assert.deepEqual(await bodies(), ["@alice a mention", "a direct message"]);
    assert.equal(await page.evaluate(() => window.notes[0].title), "bob · #general");
    await alice.call("notify.set", { level: "mentions" });
    await page.evaluate(() => document.querySelector("papo-app").model.loadLevels());
    await send(["@alice", "quiet"], ["@alice", "@alice loud"]);
    assert.deepEqual((await bodies()).slice(2), ["@alice loud"]);
    await alice.call("notify.set", { level: "all" });
    await alice.call("notify.set", { conversation: "#general", level: "none" });
    await page.evaluate(() => document.querySelector("papo-app").model.loadLevels());
    await send(["#general", "@alice muted"], ["@alice", "still rings"]);
    assert.deepEqual((await bodies()).slice(3), ["still rings"]);
    await alice.call("notify.set", { level: "none" });
    await page.evaluate(() => document.querySelector("papo-app").model.loadLevels());
    await send(["@alice", "@alice do not disturb"]);
    assert.equal((await bodies()).length, 4);
    await alice.call("notify.set", { level: "all" });
    await alice.call("notify.set", { conversation: "#general", level: "all" });
    if (isPhone) {
      const { data } = await page.evaluate(() => window.notes[1]);
      assert.equal(data.page, "/");
      assert.match(data.link, /^#\/@bob\/\d+$/);
    } else {
      await page.evaluate(() => window.notes[1].click());
      await page.waitForSelector("h1:has-text('bob')");
    }
    assert.deepEqual(problems, []);
    await context.close();
  });
}
