// Starts the page.

import { loadLanguage, preferredLanguage } from "./i18n/index.js";
import { App } from "./ui/app.js";
import { applyTheme } from "./ui/theme.js";

/** The worker loads all files of the page, so it starts after the page. */
const WORKER_MS = 2_000;

applyTheme();
await loadLanguage(preferredLanguage());
document.body.replaceChildren(new App());
setTimeout(startWorker, WORKER_MS);
// The settings have a button for it.
addEventListener("beforeinstallprompt", (event) => { Object.assign(globalThis, { installOffer: event }); });

/** Starts the service worker, with which the page opens without a network. Plain http has none. */
function startWorker() {
  const { trustedTypes, navigator } = /** @type {any} */ (globalThis);
  const rules = { createScriptURL: (/** @type {string} */ path) => {
    if (path !== "/sw.js") throw new TypeError("the worker has one address");
    return path;
  } };
  const policy = trustedTypes?.createPolicy("papo-worker", rules) ?? rules;
  navigator.serviceWorker?.register(policy.createScriptURL("/sw.js")).catch(() => {});
}
