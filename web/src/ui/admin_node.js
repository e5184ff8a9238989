// Two tabs of the administration: statistics with the roles of the node and their problems, and backups.

import { language, t } from "../i18n/index.js";
import { action, factList, line, mark, quiet } from "./admin_parts.js";
import { confirmDialog } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { visible } from "./text.js";
import { fullTime, sizeText } from "./time.js";

/** @typedef {import("./app.js").App} App */
/** @import { Tab } from "./admin.js" */

/** The time between two requests while the node makes a backup. */
const POLL_MS = 1_000;

/** The names that the node gives. */
const NAME = /^papo-(scheduled|requested)-\d+\.tar$/;

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

/** @param {App} app @returns {Tab} */
export function backupTab(app) {
  return { name: "backup", label: t("tab_backup"), draw: async () => {
    const shown = h("div", { class: "choices-column" });
    const list = await app.client.request("admin.backups", {});
    show(app, shown, list);
    return [h("h3", {}, t("backup")), h("p", { class: "hint" }, schedule(list)), h("p", { class: "hint" }, t("backup_secret")), shown];
  } };
}

/** @param {any} list */
function schedule({ every_ms: everyMs, keep }) {
  const hours = Number(everyMs) / 3_600_000;
  return everyMs ? t("backup_schedule", { hours: hours.toFixed(hours < 1 ? 2 : 0), keep: Number(keep) || 0 }) : t("backup_no_schedule", { keep: Number(keep) || 0 });
}

/** Shows the list, and again until no backup is in progress. @param {App} app @param {HTMLElement} shown @param {any} list */
function show(app, shown, list) {
  const { backups, running, failed } = list;
  const start = action(t("backup_start"), () => app.try(async () => {
    await app.client.request("admin.backup", {});
    show(app, shown, await app.client.request("admin.backups", {}));
  }), "primary");
  start.disabled = !!running;
  const lines = [running && progressLine(running), failed && failureLine(failed), ...backups.map((/** @type {any} */ backup) => backupLine(app, backup))].filter(Boolean);
  fill(shown, start, lines.length ? h("ul", { class: "records" }, ...lines) : h("p", { class: "is-quiet" }, t("nothing_here")));
  if (!running) return;
  setTimeout(() => {
    // Another tab was chosen, or the dialog was closed.
    if (!shown.isConnected) return;
    app.client.request("admin.backups", {}).then((next) => show(app, shown, next), () => show(app, shown, list));
  }, POLL_MS);
}

/** @param {any} running */
function progressLine({ at, bytes, total, checking }) {
  const label = checking ? t("backup_checking") : t("backup_running", { bytes: sizeText(Number(bytes) || 0), total: sizeText(Number(total) || 0) });
  const max = Math.max(Number(total) || 0, Number(bytes) || 0, 1);
  return line([h("b", {}, fullTime(Number(at))), quiet(label)],
    h("progress", { class: "meter", max: String(max), value: String(checking ? max : Number(bytes) || 0), "aria-label": t("backup") }));
}

/** @param {any} failed */
function failureLine({ at, error }) {
  return line([h("b", {}, fullTime(Number(at))), h("span", { class: "problem" }, ...visible(String(error)))], mark(t("backup_failed"), "is-danger"));
}

/** @param {App} app @param {any} backup */
function backupLine(app, { name, at, bytes, checked }) {
  const isKnown = NAME.test(String(name));
  const download = async () => {
    if (!await confirmDialog(t("backup_download_question"), t("backup_download"), h("p", {}, t("backup_secret")))) return;
    h("a", { href: `/backups/${name}?slot=${app.sessionSlot}`, download: name }).click();
  };
  const button = action(t("backup_download"), download);
  button.setAttribute("aria-label", t("backup_download_of", { at: fullTime(Number(at)) }));
  return line([h("b", {}, fullTime(Number(at))), quiet(sizeText(Number(bytes) || 0)), quiet(String(name))],
    checked === true && mark(t("backup_checked"), "is-good"), isKnown && button);
}
