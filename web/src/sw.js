// The service worker: the page opens without a network. It answers only for the page and its files. A file
// whose name has a hash never changes. The worker requests the page from the gateway, and answers with the
// stored page after `SILENCE_MS` without a reply.

/** @type {any} */
const worker = self;
const CACHE = "papo";
/** The stored page is shown if the gateway does not answer within this time. */
const SILENCE_MS = 700;
const HASHED = /^\/a\/.*\.[0-9a-f]{16}\.\w+$/;

/**
 * Whether an address is the page: of the first session of a browser, or of another slot.
 * @param {string} path
 */
const isPage = (path) => path === "/" || /^\/u\/\d\/$/.test(path);

worker.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(refresh().then(() => worker.skipWaiting()));
});
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== worker.location.origin) return;
  if (mode === "navigate" && isPage(pathname)) event.respondWith(page(event));
  else if (pathname.startsWith("/a/")) event.respondWith(file(event.request, pathname));
});

// A notification that the page showed: a tap opens its message, in a window of the same session if there is
// one.
worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(openMessage(event.notification.data));
});

/** @param {{page: string, link: string}} data */
async function openMessage({ page: path, link }) {
  const windows = await worker.clients.matchAll({ type: "window" });
  const known = windows.find((/** @type {any} */ client) => new URL(client.url).pathname === path);
  if (!known) return worker.clients.openWindow(path + link);
  await known.focus();
  return known.navigate(path + link);
}

// Pushes: messages that arrived while papo was closed. A push has no text of a message.
worker.addEventListener("push", (/** @type {any} */ event) => event.waitUntil(announce(event.data)));
worker.addEventListener("pushsubscriptionchange", (/** @type {any} */ event) => event.waitUntil(renew(event)));

/** The users of this browser who receive pushes: see `ui/push.js`. */
const USERS = "papo-push";

/** @param {any} data of the push */
async function announce(data) {
  /** @type {any} */
  let payload = {};
  try {
    payload = data.json();
  } catch {
    // A push without a readable text still has to be shown: browsers demand it.
  }
  const { user, conversation = "", name, n } = payload;
  const stored = await caches.open(USERS).then((users) => users.match(`/push/${encodeURIComponent(user ?? "")}`));
  if (!stored || typeof conversation !== "string") return worker.registration.showNotification("papo", { tag: "papo", icon: "/a/icon.svg", data: { page: "/", link: "" } });
  const { page: path, language, sentences } = await stored.json();
  const sentence = conversation.startsWith("@") ? sentences.user : sentences.channel;
  // Not the form with a pattern: `$` in a name has no meaning.
  const title = sentence.split("{conversation}").join(name ?? conversation);
  const link = `#/${encodeURIComponent(conversation.replace(/^#/, "")).replace(/%40/g, "@")}/${Number(n)}`;
  return worker.registration.showNotification(title, {
    tag: `${user}/${conversation}`, icon: "/a/icon.svg", lang: language, data: { page: path, link },
  });
}

/** Subscribes again, and gives the new subscription to the sessions of all users. @param {any} event */
async function renew({ oldSubscription, newSubscription }) {
  const applicationServerKey = oldSubscription?.options.applicationServerKey;
  if (!newSubscription && !applicationServerKey) return;
  const subscription = newSubscription ?? await worker.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  const { endpoint, keys } = subscription.toJSON();
  const users = await caches.open(USERS);
  for (const request of await users.keys()) {
    const { slot, name } = await (await users.match(request))?.json() ?? {};
    const params = { endpoint, p256dh: keys.p256dh, auth: keys.auth, name };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "push.subscribe", params });
    await fetch(`/rpc?slot=${slot}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  }
}

/** Stores the page and all its files, and forgets the files of earlier versions. */
async function refresh() {
  const answer = await fetch("/", { cache: "no-cache" });
  if (answer.ok) await store(answer);
}

/** @param {Response} answer */
async function store(answer) {
  const cache = await caches.open(CACHE);
  const text = await answer.clone().text();
  const files = new Set([...text.matchAll(/\/a\/[\w./-]+/g)].map(([path]) => path));
  const stored = await cache.keys();
  const paths = new Set(stored.map((request) => new URL(request.url).pathname));
  await cache.addAll([...files].filter((path) => !paths.has(path)));
  // The files come before the page that names them.
  await cache.put("/", answer);
  const isOld = (/** @type {string} */ path) => path.startsWith("/a/") && !files.has(path);
  await Promise.all(stored.filter((request) => isOld(new URL(request.url).pathname)).map((request) => cache.delete(request)));
}

/** @param {any} event @returns {Promise<Response>} */
async function page(event) {
  const asked = fetch(event.request);
  const refreshed = asked.then((answer) => answer.ok ? store(answer.clone()) : undefined, () => {});
  event.waitUntil(refreshed.catch(() => {}));
  const late = new Promise((resolve) => { setTimeout(resolve, navigator.onLine ? SILENCE_MS : 0); });
  const first = await Promise.race([asked.catch(() => undefined), late]);
  return first ?? await caches.match("/") ?? asked;
}

/** @param {Request} request @param {string} path @returns {Promise<Response>} */
async function file(request, path) {
  const stored = await caches.match(path);
  if (stored && HASHED.test(path)) return stored;
  return fetch(request).catch((error) => {
    if (stored) return stored;
    throw error;
  });
}
