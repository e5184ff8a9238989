// The export of a conversation: as HTML for people, and as JSON lines, one event of the protocol each, for
// programs. The page loads the whole history, and the browser saves the file.

import { language, t } from "../i18n/index.js";
import { h, openDialog } from "./dom.js";
import { conversationName } from "./names.js";
import { eventSentence } from "./row.js";
import { fullTime, sizeText } from "./time.js";

/** @typedef {import("./app.js").App} App */

const PAGE = 500;
/** The style of the exported page. */
const STYLE = `body{max-width:50em;margin:2em auto;padding:0 1em;font:15px/1.45 system-ui,sans-serif;color-scheme:light dark}
h1{font-size:1.3em}article{margin:.6em 0}header{font-size:.85em;opacity:.75}header b{opacity:1}p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.event{opacity:.7;font-size:.9em}blockquote{margin:0;padding-left:.6em;border-left:3px solid;opacity:.7}`;

/** @param {App} app @param {string} conversation */
export function openExport(app, conversation) {
  const progress = h("progress", { max: "1", value: "0", hidden: true, "aria-label": t("export") });
  const note = h("p", { class: "is-quiet", role: "status" }, t("export_hint"));
  const stop = new AbortController();
  const save = (/** @type {"html" | "jsonl"} */ format) => app.try(async () => {
    setDisabled(true);
    progress.hidden = false;
    const parts = await collect(app, conversation, format, stop.signal, (n, head) => {
      progress.value = head ? n / head : 1;
      note.textContent = t("export_progress", { n, head });
    });
    if (stop.signal.aborted) return;
    const type = format === "html" ? "text/html" : "application/jsonl";
    const address = URL.createObjectURL(new Blob(parts, { type }));
    h("a", { href: address, download: `${fileName(conversation)}.${format}` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    dialog.close();
    app.notify(t("export_done", { conversation: conversationName(conversation) }));
  }).finally(() => setDisabled(false));
  const buttons = [
    h("button", { type: "button", onclick: () => save("html") }, t("export_html")),
    h("button", { type: "button", onclick: () => save("jsonl") }, t("export_jsonl")),
  ];
  const setDisabled = (/** @type {boolean} */ isDisabled) => { for (const button of buttons) button.disabled = isDisabled; };
  const dialog = openDialog(t("export_of", { conversation: conversationName(conversation) }), t("close"), note, progress,
    h("div", { class: "dialog-buttons" }, ...buttons));
  dialog.addEventListener("close", () => stop.abort());
}

/** @param {string} conversation */
const fileName = (conversation) => `papo-${conversationName(conversation).replace(/[^\p{L}\p{N}_.-]+/gu, "") || "all"}-${new Date().toISOString().slice(0, 10)}`;

/**
 * The parts of the file, from the first event to the newest one.
 * @param {App} app @param {string} conversation @param {"html" | "jsonl"} format @param {AbortSignal} signal
 * @param {(n: number, head: number) => void} onProgress
 */
async function collect(app, conversation, format, signal, onProgress) {
  const parts = format === "html" ? [htmlHead(conversation)] : [];
  for (let after = 0; !signal.aborted;) {
    const { events, head } = await app.client.request("message.history", { conversation, after, limit: PAGE });
    for (const event of events) parts.push(format === "html" ? htmlOf(app, conversation, event) : `${JSON.stringify(event)}\n`);
    after = events.at(-1)?.n ?? head;
    onProgress(after, head);
    if (after >= head) break;
  }
  if (format === "html") parts.push("</main>\n</html>\n");
  return parts;
}

/** A text inside HTML. The direction of one text does not change the others. @param {unknown} text */
function escaped(text) {
  const entities = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;" });
  return String(text).replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** @param {string} conversation */
function htmlHead(conversation) {
  const name = escaped(conversationName(conversation));
  return `<!doctype html>
<html lang="${language()}">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}</title>
<style>${STYLE}</style>
<main>
<h1>${name}</h1>
<p>${escaped(t("exported_at", { when: fullTime(Date.now()) }))}</p>
`;
}

/**
 * An event as HTML. Amendments are part of the message that they change.
 * @param {App} app
 * @param {string} conversation
 * @param {any} event
 */
function htmlOf(app, conversation, event) {
  const { n, from, kind, at, text, reply, deleted, edited, name, bytes, reactions } = event;
  if (["message.edited", "message.deleted", "message.reacted", "message.unreacted"].includes(kind)) return "";
  const head = `<header><b><bdi>${escaped(from)}</bdi></b> <time datetime="${new Date(at).toISOString()}">${escaped(fullTime(at))}</time> ${n}${edited ? ` ${escaped(t("mark_edited"))}` : ""}</header>`;
  const quote = reply ? `<blockquote><a href="#n${Number(reply)}">${Number(reply)}</a></blockquote>` : "";
  const shown = (/** @type {{emoji: string, users: string[]}} */ one) => `${escaped(one.emoji)} ${one.users.map(escaped).join(", ")}`;
  const reacted = Array.isArray(reactions) && reactions.length ? `<p class="event">${reactions.map(shown).join(" · ")}</p>` : "";
  let body = `<p class="event" dir="auto">${escaped(eventSentence(/** @type {any} */ ({ event }), conversationName(conversation)))}</p>`;
  if (deleted) body = `<p class="event">${escaped(t("mark_deleted"))}</p>`;
  else if (app.model.blocked.has(from)) body = `<p class="event">${escaped(t("hidden_message", { user: from }))}</p>`;
  else if (kind === "message") body = `<p dir="auto">${escaped(text)}</p>`;
  else if (kind === "file") body = `<p><bdi>${escaped(name)}</bdi> (${escaped(sizeText(Number(bytes) || 0))})</p>`;
  return `<article id="n${n}">${head}${quote}${body}${reacted}</article>\n`;
}
