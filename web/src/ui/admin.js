// The administration of the node: a dialog with tabs, for administrators. It is loaded when it is opened.

import { loadMore, t } from "../i18n/index.js";
import { accessTabs } from "./admin_access.js";
import { backupTab, nodeTab } from "./admin_node.js";
import { peopleTabs } from "./admin_people.js";
import { fill, h, openDialog } from "./dom.js";
import { loadStyle } from "./style.js";

/** @typedef {import("./app.js").App} App */

/**
 * A tab. `draw` returns the nodes of its panel; it throws the error of a request that failed.
 * @typedef {object} Tab
 * @property {string} name
 * @property {string} label
 * @property {(filter: string) => Promise<(Node | false)[]>} draw
 */

/** The words of `/admin` of the terminal that are not names of tabs. @type {Record<string, string>} */
const TABS_OF_WORDS = { stats: "node", "join-codes": "codes", invite: "codes", "revoke-code": "codes" };

/**
 * Opens a tab, or throws the server's refusal.
 * @param {App} app @param {string} [words] the argument of `/admin`: the name of a tab, or an action and a user
 */
export async function openAdmin(app, words = "") {
  const [stats] = await Promise.all([app.client.request("admin.stats", {}), loadMore("admin"), loadStyle("admin")]);
  const [word = "", user = ""] = words.split(/\s+/);
  const tabs = [nodeTab(app, stats), ...peopleTabs(app), ...accessTabs(app), backupTab(app)];
  const wanted = TABS_OF_WORDS[word] ?? word;
  const isTab = tabs.some(({ name }) => name === wanted);
  // Any other action is one about a user.
  showTabs(app, tabs, isTab ? wanted : word ? "users" : "node", user);
}

/** @param {App} app @param {Tab[]} tabs @param {string} first @param {string} filter */
function showTabs(app, tabs, first, filter) {
  const panel = h("div", { class: "tab-panel", role: "tabpanel", id: "admin-panel", tabindex: "0" });
  let chosen = first;
  const choose = async (/** @type {Tab} */ tab, text = "") => {
    chosen = tab.name;
    for (const button of list.children) {
      const isChosen = button.dataset.tab === tab.name;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
      if (isChosen) button.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    panel.setAttribute("aria-labelledby", `admin-${tab.name}`);
    fill(panel, h("p", { class: "is-quiet", role: "status" }, t("connecting")));
    const nodes = await app.try(() => tab.draw(text));
    if (chosen === tab.name) fill(panel, ...(nodes || []));
  };
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": t("administration") }, ...tabs.map((tab) =>
    h("button", { type: "button", role: "tab", id: `admin-${tab.name}`, "aria-controls": "admin-panel", "data-tab": tab.name, onclick: () => choose(tab) }, tab.label)));
  list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const moves = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: tabs.length - 1 });
    const at = tabs.findIndex(({ name }) => name === chosen);
    const next = event.key in moves ? tabs[(at + (moves[event.key] ?? 0)) % tabs.length] : undefined;
    if (!next) return;
    event.preventDefault();
    choose(next);
    list.querySelector(`[data-tab=${next.name}]`)?.focus();
  });
  openDialog(t("administration"), t("close"), list, panel).classList.add("admin");
  const tab = tabs.find(({ name }) => name === first) ?? tabs[0];
  if (tab) choose(tab, filter);
  list.querySelector(`[data-tab=${first}]`)?.focus();
}
