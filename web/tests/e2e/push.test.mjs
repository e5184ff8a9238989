// Pushes, at two widths: the switch in the settings, the notifications of the service worker, and the end of a
// subscription. Chromium reaches no push service here, so an object takes the place of its subscription. The
// pushes themselves come through the debugger.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, logIn, startNode, until, users, violations, watch, WIDTHS } from "./harness.mjs";

// The example of RFC 8291, section 5.
const P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH = "BTBZMqHH6r4Tts7J_aSIgg";
const SWITCH = "label:has-text('Notify me when papo is closed') input";

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

/** Replaces the subscriptions of the browser. They stay after a reload. */
function replaceSubscriptions([p256dh, auth]) {
  const bytesOf = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)).buffer;
  const known = () => {
    const key = localStorage.getItem("test-push-key");
    return key && {
      endpoint: "https://push.example/one", options: { applicationServerKey: bytesOf(key) },
      toJSON: () => ({ endpoint: "https://push.example/one", keys: { p256dh, auth } }),
      unsubscribe: async () => { localStorage.removeItem("test-push-key"); return true; },
    };
  };
  PushManager.prototype.getSubscription = async () => known() || null;
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly) throw new TypeError("browsers refuse silent pushes");
    localStorage.setItem("test-push-key", applicationServerKey);
    return known();
  };
}

const openSettings = async (page, isPhone) => {
  if (isPhone && await page.locator(".sidebar-foot [aria-label=Settings]").isHidden()) await page.click(".topbar .phone-only");
  await page.click(".sidebar-foot [aria-label=Settings]");
  await page.waitForSelector("dialog[open] .check");
};

const noteTitles = (page) => page.evaluate(async () => {
  const registration = await navigator.serviceWorker.ready;
  return (await registration.getNotifications()).map(({ title, tag, data }) => ({ title, tag, data }));
});

for (const width of WIDTHS) {
  test(`a user subscribes, gets notifications without a text, and ends it: ${width} px`, async () => {
    const isPhone = width < 500;
    const name = `alice${width}`;
    const channel = `#ops${width}`;
    const [alice] = await users(node.origin, [name], channel);
    const context = await browser.newContext({ viewport: { width, height: 740 }, hasTouch: isPhone });
    await context.grantPermissions(["notifications"], { origin: node.origin });
    const page = await context.newPage();
    const problems = watch(page);
    await page.addInitScript(replaceSubscriptions, [P256DH, AUTH]);
    await logIn(page, node.origin, name, `/#/${channel.slice(1)}`);
    await page.waitForSelector(`h1:has-text('${channel}')`);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    const subscriptions = async () => {
      const browserSessions = await page.evaluate(() => document.querySelector("papo-app").client.request("push.list", {}));
      return browserSessions.subscriptions;
    };
    await openSettings(page, isPhone);
    assert.deepEqual(await violations(page), []);
    assert.equal(await page.isChecked(SWITCH), false);
    await page.check(SWITCH);
    await until(async () => (await subscriptions()).length === 1, "the session is subscribed");
    const [{ host, current, name: label }] = await subscriptions();
    assert.deepEqual([host, current], ["push.example", true]);
    assert.match(label, /Chrome|Linux/);

    // After a reload, the switch is on, and the page subscribes again without a new record.
    await page.reload();
    await page.waitForSelector(`h1:has-text('${channel}')`);
    await openSettings(page, isPhone);
    assert.equal(await page.isChecked(SWITCH), true);

    const devtools = await context.newCDPSession(page);
    const registered = new Promise((resolve) => {
      devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        const found = registrations.find(({ scopeURL, isDeleted }) => scopeURL.startsWith(node.origin) && !isDeleted);
        if (found) resolve(found.registrationId);
      });
    });
    await devtools.send("ServiceWorker.enable");
    const registrationId = await registered;
    const deliver = (data) => devtools.send("ServiceWorker.deliverPushMessage", { origin: node.origin, registrationId, data });
    const first = JSON.stringify({ user: name, conversation: channel, n: 7 });
    const isShown = async () => (await noteTitles(page)).length === 1;
    await deliver(first);
    // The tools of the browser can lose a push while the worker starts.
    await until(isShown, "a notification", 5_000).catch(() => deliver(first));
    await until(isShown, "a notification");
    const link = `#/${channel.slice(1)}/7`;
    assert.deepEqual(await noteTitles(page), [{ title: `New message in ${channel}`, tag: `${name}/${channel}`, data: { page: "/", link } }]);
    // A later push of the conversation replaces the notification. A hostile name is a text, and `$&` no pattern.
    await deliver(JSON.stringify({ user: name, conversation: channel, name: "#$&<img src=x>", n: 8 }));
    await until(async () => (await noteTitles(page))[0]?.title === "New message in #$&<img src=x>", "the second notification");
    await deliver(JSON.stringify({ user: name, conversation: "@bob", n: 1 }));
    // The user of another browser, and no JSON at all: the browser demands a notification.
    await deliver(JSON.stringify({ user: "mallory", conversation: "#secret", n: 1 }));
    await deliver("no JSON");
    await until(async () => (await noteTitles(page)).length === 3, "three conversations");
    const titles = (await noteTitles(page)).map(({ title }) => title).sort();
    assert.deepEqual(titles, ["New message from @bob", "New message in #$&<img src=x>", "papo"]);

    // A click opens the message. Only a real click may give a window the focus.
    const worker = context.serviceWorkers().find((one) => one.url().startsWith(node.origin));
    await worker.evaluate((data) => {
      WindowClient.prototype.focus = function focus() { return Promise.resolve(this); };
      return openMessage(data).then(() => true);
    }, { page: "/", link });
    await page.waitForURL((url) => url.hash === link);
    await page.waitForSelector(`h1:has-text('${channel}')`);

    // The push service replaced the subscription: the worker gives the new one to the session.
    await worker.evaluate(([p256dh, auth]) => renew({ newSubscription: { toJSON: () => ({ endpoint: "https://push.example:8443/two", keys: { p256dh, auth } }) } }), [P256DH, AUTH]);
    assert.deepEqual((await subscriptions()).map((one) => one.host), ["push.example:8443"]);

    // The settings are still open.
    await page.uncheck(SWITCH);
    await until(async () => (await subscriptions()).length === 0, "the subscription ended");
    await page.waitForFunction(() => localStorage.getItem("test-push-key") === null);
    await deliver(JSON.stringify({ user: name, conversation: channel, n: 9 }));
    await until(async () => (await noteTitles(page)).filter(({ title }) => title === "papo").length === 1, "no name after the end");
    assert.deepEqual(problems, []);
    await alice.call("auth.logout", {});
    await context.close();
  });

  test(`a browser that allows no notifications says so: ${width} px`, async () => {
    const name = `bob${width}`;
    await users(node.origin, [name], `#dev${width}`);
    const context = await browser.newContext({ viewport: { width, height: 740 } });
    const page = await context.newPage();
    await page.addInitScript(() => { Notification.requestPermission = () => Promise.resolve("denied"); });
    await logIn(page, node.origin, name, "/");
    await page.waitForSelector("h1:has-text('#dev')");
    await openSettings(page, width < 500);
    await page.locator(SWITCH).click();
    await page.waitForSelector(".notice.is-problem:has-text('does not allow notifications')");
    assert.equal(await page.isChecked(SWITCH), false);
    await context.close();
  });
}

test("the notifications have the language of the page, and a logout forgets the user", async () => {
  await users(node.origin, ["eva"], "#pt");
  const context = await browser.newContext({ locale: "pt-BR" });
  await context.grantPermissions(["notifications"], { origin: node.origin });
  const page = await context.newPage();
  await page.addInitScript(replaceSubscriptions, [P256DH, AUTH]);
  await logIn(page, node.origin, "eva", "/#/pt");
  await page.waitForSelector("h1:has-text('#pt')");
  await page.click(".sidebar-foot [aria-label=Configurações]");
  await page.check("label:has-text('Me avisar quando o papo estiver fechado') input");
  const stored = () => page.evaluate(async () => {
    const store = await caches.open("papo-push");
    return Promise.all((await store.keys()).map(async (key) => (await (await store.match(key)).json()).sentences.channel));
  });
  await until(async () => (await stored()).length === 1, "the worker knows the user");
  assert.deepEqual(await stored(), ["Nova mensagem em {conversation}"]);
  await page.click("dialog[open] button:text-is('Sair')");
  await page.waitForSelector(".entrance-form");
  assert.deepEqual(await stored(), []);
  assert.equal(await page.evaluate(() => localStorage.getItem("test-push-key")), null);
  await context.close();
});
