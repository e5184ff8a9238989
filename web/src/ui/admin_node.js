// The first tab of the administration: statistics, the roles of the node with their problems, and backups.

import { language, t } from "../i18n/index.js";
import { factList, line, mark, quiet } from "./admin_parts.js";
import { h } from "./dom.js";
import { visible } from "./text.js";
import { sizeText } from "./time.js";

/** @typedef {import("./app.js").App} App */

const FIGURES = ["users", "present", "administrators", "disabled", "sessions", "channels", "private_channels", "direct_conversations", "records"];

/** @param {App} app @param {Record<string, number>} first the statistics that are loaded already */
export function nodeTab(app, first) {
  let stats = /** @type {Record<string, number> | null} */ (first);
  return { name: "node", label: t("tab_node"), draw: async () => {
    const [shown, roles, info] = await Promise.all([stats ?? app.client.request("admin.stats", {}), loadRoles(app), app.client.request("server.info", {})]);
    stats = null;
    return [
      h("dl", { class: "figures" }, ...FIGURES.map((name) => h("div", {}, h("dt", {}, t(`figure_${name}`)), h("dd", {}, (Number(shown[name]) || 0).toLocaleString(language()))))),
      h("h3", {}, t("roles")),
      h("ul", { class: "records" }, ...roles.map(roleLine)),
      h("h3", {}, t("node_facts")),
      factList([[t("version"), String(info.version)], [t("file_max"), sizeText(Number(info.limits?.file_bytes) || 0)]]),
      h("h3", {}, t("backup")),
      h("p", {}, t("backup_hint"), " ", h("code", {}, "papo backup FILE.tar")),
    ];
  } };
}

/**
 * The status of each role; the sentence of the failure if the gateway gives none.
 * @param {App} app
 * @returns {Promise<any[]>}
 */
async function loadRoles(app) {
  const reply = await fetch(`/roles?slot=${app.sessionSlot}`, { cache: "no-store" }).catch(() => null);
  const body = await reply?.json().catch(() => null);
  return Array.isArray(body?.roles) ? body.roles : [{ problems: [body?.error?.message ?? t("no_connection")] }];
}

/** @param {any} status */
function roleLine(status) {
  const problems = Array.isArray(status.problems) ? status.problems.map(String) : [];
  const minutes = Math.floor((Number(status.uptime_ms) || 0) / 60_000);
  return line([
    h("b", {}, ...visible(String(status.role ?? t("unknown_role")))),
    status.uptime_ms === undefined ? "" : quiet(t("uptime", { hours: Math.floor(minutes / 60), minutes: minutes % 60 })),
    ...problems.map((/** @type {string} */ problem) => h("span", { class: "problem" }, ...visible(problem))),
  ], mark(problems.length ? t("problem_count", { count: problems.length }) : t("healthy"), problems.length ? "is-danger" : "is-good"));
}
