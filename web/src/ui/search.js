// The panel of the search: words, filters as chips, hits that open the history around them, and mentions.

import { errorText, t } from "../i18n/index.js";
import { fill, h, iconButton } from "./dom.js";
import { conversationName } from "./names.js";
import { oneLine, visible } from "./text.js";
import { dayName, clockTime } from "./time.js";

/** @typedef {import("./app.js").App} App */

const FILTERS = ["from", "in", "before", "after"];
const PAGE = 30;

/** @param {App} app @param {string} query @param {boolean} onlyMentions */
export function openSearch(app, query, onlyMentions) {
  app.details.hidden = false;
  app.details.dataset.panel = "search";
  app.showView("details");
  const panel = new Search(app);
  fill(app.details, h("header", { class: "panel-head" }, h("h2", {}, t("search")), iconButton("close", t("close"), () => app.closeDetails())), panel.node);
  if (onlyMentions) return panel.mentions();
  panel.input.value = query;
  panel.input.focus();
  if (query) panel.run();
  return undefined;
}

class Search {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {{name: string, value: string}[]} */
    this.filters = [];
    /** @type {number | undefined} */
    this.before = undefined;
    /** @type {((before: number | undefined) => Promise<any>) | null} */
    this.request = null;
    this.chips = h("ul", { class: "chips", "aria-label": t("filters") });
    this.results = h("ol", { class: "results", "aria-label": t("results") });
    this.note = h("p", { class: "is-quiet", role: "status" });
    this.more = h("button", { type: "button", hidden: true, onclick: () => this.#load() }, t("more_results"));
    this.input = h("input", { type: "search", name: "query", "aria-label": t("search_words"), placeholder: t("search_words"), autocomplete: "off" });
    const form = h("form", { class: "inline-form", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.run(); } },
      this.input, h("button", { type: "submit", class: "small primary" }, t("search")));
    this.input.addEventListener("input", () => this.#takeFilters());
    this.node = h("div", { class: "panel-body" }, form, this.chips, this.#addButtons(),
      h("button", { type: "button", class: "link-button", onclick: () => this.mentions() }, t("show_mentions")), this.note, this.results, this.more);
  }

  #addButtons() {
    const open = this.app.model.open;
    const examples = /** @type {Record<string, string>} */ ({ from: "", in: open && open !== "*" ? open : "", before: "", after: "" });
    return h("div", { class: "filter-buttons" }, ...FILTERS.map((name) => h("button", { type: "button", class: "small", onclick: () => {
      if (examples[name]) this.#add(name, /** @type {string} */ (examples[name]));
      else this.input.value = `${this.input.value.trimEnd()} ${name}:`.trimStart();
      this.input.focus();
    } }, `${name}:`)));
  }

  /** Filters that are complete become chips. */
  #takeFilters() {
    const found = /(?:^|\s)(from|in|before|after):(\S+)\s/.exec(`${this.input.value}`);
    if (!found) return;
    this.input.value = this.input.value.replace(found[0], " ").trimStart();
    this.#add(found[1] ?? "", found[2] ?? "");
  }

  /** @param {string} name @param {string} value */
  #add(name, value) {
    this.filters = [...this.filters.filter((filter) => filter.name !== name), { name, value }];
    fill(this.chips, ...this.filters.map((filter) => h("li", { class: "chip" }, h("span", {}, `${filter.name}:`, ...visible(filter.value)),
      iconButton("close", t("remove_filter", { filter: `${filter.name}:${filter.value}` }), () => this.#remove(filter.name)))));
  }

  /** @param {string} name */
  #remove(name) {
    const rest = this.filters.filter((filter) => filter.name !== name);
    this.filters = [];
    this.chips.replaceChildren();
    for (const filter of rest) this.#add(filter.name, filter.value);
  }

  run() {
    const typed = [...`${this.input.value} `.matchAll(/(?:^|\s)(from|in|before|after):(\S+)(?=\s)/g)];
    for (const [whole, name = "", value = ""] of typed) {
      this.input.value = this.input.value.replace(whole.trim(), "").trim();
      this.#add(name, value);
    }
    const filters = this.filters.map(({ name, value }) => `${name}:${name === "before" || name === "after" ? startOfDay(value) : value}`);
    this.request = (/** @type {number | undefined} */ before) => this.app.client.request("message.search",
      { query: [this.input.value.trim(), ...filters].filter(Boolean).join(" "), limit: PAGE, ...(before ? { before } : {}) });
    this.results.replaceChildren();
    this.before = undefined;
    return this.#load();
  }

  mentions() {
    this.request = (/** @type {number | undefined} */ before) => this.app.client.request("mention.list", before ? { before } : {});
    this.results.replaceChildren();
    this.before = undefined;
    return this.#load();
  }

  async #load() {
    this.note.textContent = t("searching");
    try {
      const page = await this.request?.(this.before);
      this.before = page.before;
      this.more.hidden = !page.before;
      this.results.append(...page.events.map((/** @type {any} */ event) => this.#hit(event)));
      const behind = page.behind ? ` ${t("index_behind", { count: page.behind })}` : "";
      this.note.textContent = t("result_count", { count: this.results.children.length }) + behind;
    } catch (error) {
      this.note.textContent = errorText(error);
    }
  }

  /** @param {any} event */
  #hit(event) {
    const { user } = this.app.model;
    const conversation = event.to.startsWith("@") ? (event.from === user ? event.to : `@${event.from}`) : event.to;
    return h("li", {}, h("button", { type: "button", class: "hit", onclick: () => this.app.go(conversation, event.n) },
      h("span", { class: "hit-head" }, h("b", {}, ...visible(event.from)), ` ${conversationName(conversation)} ${event.n} · ${dayName(event.at)} ${clockTime(event.at)}`),
      h("span", { class: "hit-text", dir: "auto" }, ...visible(oneLine(event.text ?? event.name ?? "", 200)))));
  }
}

/** The instant at which a day begins in the zone of the user. Other values stay. @param {string} value */
export function startOfDay(value) {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
  if (!match) return value;
  return new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3])).toISOString().replace(/\.\d+Z$/, "Z");
}
