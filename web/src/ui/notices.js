// Sentences that the page shows for a while, such as an error, with one action at most.

import { t } from "../i18n/index.js";
import { h, iconButton } from "./dom.js";
import { visible } from "./text.js";

const NOTICES_MAX = 4;

/**
 * @param {HTMLElement} list of the notices
 * @param {string} sentence
 * @param {boolean} isProblem
 * @param {{label: string, run: () => void}} [action]
 */
export function showNotice(list, sentence, isProblem, action) {
  const close = () => note.remove();
  const note = h("div", { class: `notice ${isProblem ? "is-problem" : ""}`, role: isProblem ? "alert" : "status" },
    h("p", {}, ...visible(sentence)),
    action && h("button", { type: "button", class: "small primary", onclick: () => { close(); action.run(); } }, action.label),
    iconButton("close", t("close"), close));
  list.append(note);
  // Behind a dialog, nobody could read or close it.
  const dialogs = document.querySelectorAll("dialog[open]");
  dialogs[dialogs.length - 1]?.append(list);
  while (list.children.length > NOTICES_MAX) list.firstElementChild?.remove();
  setTimeout(close, isProblem || action ? 15_000 : 6000);
}
