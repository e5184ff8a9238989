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
