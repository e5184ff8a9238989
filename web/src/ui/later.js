// The parts of the page that are loaded after the start.

import { loadMore } from "../i18n/index.js";
import { loadCommands } from "./messages.js";

/**
 * A part, and the sentences of all parts.
 * @template T
 * @param {Promise<T>} part
 */
export const later = async (part) => (await Promise.all([part, loadMore("commands")]))[0];

/**
 * Loads the parts that need no button of an administrator: they are then there without a network.
 * @param {import("./app.js").App} app
 */
export function loadParts(app) {
  Promise.all([loadCommands(), import("./dialogs.js"), import("./details.js"), import("./read_all.js"), import("./search.js"),
    import("./settings.js"), import("./uploads.js")]).catch(() => {});
  if (app.settings.push) later(import("./push.js")).then(({ renew }) => renew(app)).catch(() => {});
}
