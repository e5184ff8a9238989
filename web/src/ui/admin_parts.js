// The parts of the tabs of the administration: lists, facts, and texts that the server shows only once.

import { t } from "../i18n/index.js";
import { fill, h, iconButton } from "./dom.js";
import { copyText, visible } from "./text.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {Node | string | false | null} Child */

/** The lines that a list shows at once. A filter finds the others. */
const SHOWN_MAX = 200;

/** @param {string} text @param {"" | "is-danger" | "is-good"} [tone] */
export const mark = (text, tone = "") => h("span", { class: `mark ${tone}` }, ...visible(text));

/** A small word after a name. @param {string} text */
export const quiet = (text) => h("span", { class: "is-quiet", dir: "auto" }, " ", ...visible(text));

/** @param {string} label @param {() => unknown} run */
export const action = (label, run, className = "small") => h("button", { type: "button", class: className, onclick: run }, label);

/**
 * A line that opens: a name with marks, and below it facts and actions.
 * @param {Child[]} name
 * @param {(Node | false)[]} marks
 * @param {[string, Child][]} facts
 * @param {(Node | false)[]} actions
 */
export function folded(name, marks, facts, actions) {
  return h("li", {}, h("details", {},
    h("summary", { class: "record" }, h("span", { class: "record-text" }, ...name), h("span", { class: "marks" }, ...marks)),
    h("div", { class: "record-body" }, factList(facts), h("div", { class: "actions" }, ...actions))));
}

/** @param {[string, Child][]} facts */
export function factList(facts) {
  return h("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, ...(typeof value === "string" ? visible(value) : [value]))]));
}

/** A line with actions at its end. @param {Child[]} text @param {...(Node | false)} actions */
export function line(text, ...actions) {
  return h("li", { class: "record" }, h("div", { class: "record-text" }, ...text), ...actions);
}

/**
 * A list with a field that filters it.
 * @template T
 * @param {T[]} items @param {(item: T) => string} words the text that the filter searches
 * @param {(item: T) => Node} node @param {string} filter
 */
export function filteredItems(items, words, node, filter) {
  const list = h("ul", { class: "records" });
  const note = h("p", { class: "is-quiet", role: "status" });
  const input = h("input", { type: "search", "aria-label": t("filter"), placeholder: t("filter"), autocomplete: "off", value: filter });
  const draw = () => {
    const query = input.value.trim().toLowerCase();
    const found = items.filter((item) => words(item).toLowerCase().includes(query));
    fill(list, ...found.slice(0, SHOWN_MAX).map(node));
    list.hidden = !found.length;
    note.textContent = found.length > SHOWN_MAX ? t("shown_of", { count: SHOWN_MAX, all: found.length }) : t("entry_count", { count: found.length });
  };
  input.addEventListener("input", draw);
  draw();
  return [input, note, list];
}

/**
 * A text that the server does not show again, with a button that copies it.
 * @param {string} label @param {string} text
 */
export function secret(label, text) {
  const field = h("input", { type: "text", readonly: true, value: text, "aria-label": label });
  const copy = iconButton("copy", t("copy"), async () => {
    await copyText(text);
    copy.classList.add("is-done");
  });
  return h("div", { class: "secret", role: "status" }, h("p", {}, label), h("div", { class: "inline-form" }, field, copy));
}
