// Pushes: notifications while papo is closed. The browser subscribes at the push service of its vendor, and the
// session of the user subscribes at the node. The service worker shows the notification, see `sw.js`.

import { language, t } from "../i18n/index.js";

/** @typedef {import("./app.js").App} App */

/** What the service worker knows about the users of this browser, by user. */
const STORE = "papo-push";

/** @param {string} user */
const addressOf = (user) => `/push/${encodeURIComponent(user)}`;

/** Whether this browser can receive pushes at this address. */
export const canPush = () => window.isSecureContext && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** Turns pushes on or off. The browser asks the user for the permission. @param {App} app @param {boolean} isOn */
export async function setPush(app, isOn) {
  if (isOn) {
    if (await Notification.requestPermission() !== "granted") throw new Error(t("push_denied"));
    await renew(app);
  } else {
    await app.client.request("push.unsubscribe", {});
    await forget(app.model.user);
  }
  app.saveSettings({ push: isOn });
}

/** Subscribes the browser and the session, if they are not subscribed yet. @param {App} app */
export async function renew(app) {
  const { key } = await app.client.request("push.key", {});
  const { pushManager } = await navigator.serviceWorker.ready;
  let known = await pushManager.getSubscription();
  if (known && textOf(known.options.applicationServerKey) !== key) {
    // The subscription was made for another node at this address.
    await known.unsubscribe();
    known = null;
  }
  const subscription = known ?? await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const name = browserName();
  await app.client.request("push.subscribe", { ...paramsOf(subscription), name });
  const sentences = { channel: t("push_in_channel"), user: t("push_from_user") };
  await forgetOthersOf(app);
  const kept = { page: location.pathname, slot: app.sessionSlot, name, language: language(), sentences };
  await (await caches.open(STORE)).put(addressOf(app.model.user), new Response(JSON.stringify(kept)));
}

/**
 * Forgets a user whose session ended, or who turned pushes off. Without a user, the browser ends its
 * subscription.
 * @param {string} user
 */
export async function forget(user) {
  const store = await caches.open(STORE);
  await store.delete(addressOf(user));
  if ((await store.keys()).length) return;
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

/** Forgets the earlier users of the session's slot, who did not log out. @param {App} app */
async function forgetOthersOf(app) {
  const store = await caches.open(STORE);
  for (const request of await store.keys()) {
    const { slot } = await (await store.match(request))?.json() ?? {};
    if (slot === app.sessionSlot) await store.delete(request);
  }
}

/** @param {PushSubscription} subscription */
function paramsOf(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  return { endpoint, p256dh: keys?.p256dh, auth: keys?.auth };
}

/** Base64 for URLs. @param {ArrayBuffer | null} bytes */
function textOf(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes ?? new ArrayBuffer(0))));
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** A name by which the user recognises this browser in a list. */
function browserName() {
  const { userAgentData, userAgent } = /** @type {any} */ (navigator);
  const [, browser = "browser"] = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(userAgent) ?? [];
  const [, system = ""] = /(Android|iPhone|iPad|Mac OS X|Windows|Linux)/.exec(userAgent) ?? [];
  return [browser, userAgentData?.platform || system].filter(Boolean).join(", ").slice(0, 32);
}
