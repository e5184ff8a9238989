// Shows one row of the timeline: a message, a file, or an event such as a join.

import { t } from "../i18n/index.js";
import { fileUrl } from "../core/http.js";
import { linkTo } from "./address.js";
import { h, icon } from "./dom.js";
import { nameMarks } from "./names.js";
import { plainLine, textNodes, visible } from "./text.js";
import { clockTime, dayName, fullTime, isSameDay, sizeText } from "./time.js";

/** @import { Row } from "./rows.js" */

/**
 * @typedef {object} RowContext
 * @property {string} user
 * @property {string} conversation
 * @property {number} head
 * @property {number} slot
 * @property {number | null} divider the number before which "new messages" is shown
 * @property {(user: string) => import("./names.js").UserInfo | undefined} userInfo
 * @property {(name: string) => void} openConversation
 * @property {(text: string) => boolean} isMentioned
 * @property {(n: number) => void} jump
 * @property {(row: Row, emoji: string) => void} react
 * @property {(n: number) => Promise<Row | null>} quoted
 */

/** Messages of one author within this time have one header. */
const GROUP_MS = 5 * 60_000;
/** Larger images load only on click. */
const PREVIEW_BYTES_MAX = 5_000_000;

/** @param {Row} row @param {Row | undefined} previous @param {RowContext} context */
export function rowNode(row, previous, context) {
  const isMessage = row.kind === "message" || row.kind === "file";
  const isNewDay = !previous || !isSameDay(previous.at, row.at);
  const hasDivider = context.divider !== null && row.n >= context.divider && (!previous || previous.n < context.divider);
  const isFollowing = !isNewDay && !hasDivider && isMessage && previous !== undefined && previous.from === row.from
    && (previous.kind === "message" || previous.kind === "file") && row.at - previous.at < GROUP_MS
    && !row.event?.reply;
  const [head, body] = [`h${row.n}`, `b${row.n}`];
  const article = h("article", {
    class: `row ${isMessage ? "" : "is-event"} ${isFollowing ? "is-following" : ""} ${row.from === context.user ? "is-own" : ""}`,
    "data-n": row.n, tabindex: "-1", "aria-labelledby": `${head} ${body}`,
    "aria-posinset": row.n, "aria-setsize": Math.max(context.head, row.n),
  },
  isNewDay && h("div", { class: "day" }, h("span", {}, dayName(row.at))),
  hasDivider && h("div", { class: "divider" }, h("span", {}, t("new_messages"))),
  isMessage ? messageNode(row, isFollowing, head, body, context) : eventNode(row, head, body, context));
  if (context.user !== row.from && isMessage && !row.isDeleted && context.isMentioned(row.text)) article.classList.add("is-mention");
  return article;
}

/**
 * @param {Row} row
 * @param {boolean} isFollowing
 * @param {string} head
 * @param {string} body
 * @param {RowContext} context
 */
function messageNode(row, isFollowing, head, body, context) {
  return h("div", { class: "message" },
    avatar(row.from, isFollowing),
    h("div", { class: "message-main" },
      h("div", { class: isFollowing ? "hidden-head" : "row-head", id: head },
        h("span", { class: `author tone-${toneOf(row.from)}` }, ...visible(row.from)),
        posterNode(row),
        ...nameMarks(context.userInfo(row.from)),
        timeNode(row)),
      row.event?.reply ? quoteNode(row.event.reply, context) : null,
      h("div", { class: "body", id: body }, ...bodyNodes(row, context)),
      row.reactions.length ? reactionsNode(row, context) : null),
    h("a", { class: "number", href: linkTo(context.conversation, row.n), tabindex: "-1", "aria-hidden": "true" }, String(row.n)));
}

/** The name that the sender of a webhook's post gave itself. @param {Row} row */
function posterNode(row) {
  const name = row.event?.via?.username;
  return name === undefined ? null : h("span", { class: "is-quiet" }, ...visible(`(${name})`));
}

/** @param {Row} row @param {RowContext} context @returns {(Node | null)[]} */
function bodyNodes(row, context) {
  if (row.isHidden) return [h("p", { class: "is-quiet" }, t("hidden_message", { user: row.from }))];
  if (row.isDeleted) return [h("p", { class: "is-quiet" }, t("mark_deleted"))];
  if (row.kind === "file") return [fileNode(row, context)];
  return [
    h("div", { class: "text", dir: "auto" }, ...textNodes(row.text, context)),
    row.edited ? h("span", { class: "edited", title: fullTime(row.edited) }, t("mark_edited")) : null,
  ];
}

/** One of eight colours for a name. @param {string} name */
export function toneOf(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + /** @type {number} */ (character.codePointAt(0))) >>> 0;
  return hash % 8;
}

/** @param {string} name @param {boolean} isEmpty */
export function avatar(name, isEmpty = false) {
  const letter = isEmpty ? "" : [...name][0]?.toUpperCase() ?? "?";
  return h("span", { class: isEmpty ? "avatar is-empty" : `avatar tone-${toneOf(name)}`, "aria-hidden": "true" }, letter);
}

/**
 * The quoted line above a reply. It has one line from the start, so the row does not grow.
 * @param {number} n
 * @param {RowContext} context
 */
function quoteNode(n, context) {
  const text = h("span", { class: "quote-text" }, `${n}`);
  const button = h("button", { type: "button", class: "quote", tabindex: "-1", onclick: () => context.jump(n) }, icon("reply"), text);
  context.quoted(n).then((row) => {
    if (!row) return;
    const shown = row.isDeleted ? t("mark_deleted") : row.kind === "file" ? row.event?.name ?? "" : plainLine(row.text);
    text.replaceChildren(h("b", {}, row.from), " ", ...visible(shown));
  }, () => {});
  return button;
}

/** @param {Row} row @param {RowContext} context */
function reactionsNode(row, context) {
  return h("ul", { class: "reactions", "aria-label": t("reactions") }, ...row.reactions.map(({ emoji, users }) => {
    const isOwn = users.includes(context.user);
    return h("li", {}, h("button", {
      type: "button", class: `reaction ${isOwn ? "is-own" : ""}`, tabindex: "-1", "aria-pressed": isOwn,
      "aria-label": t("reaction_of", { emoji, count: users.length, users: users.join(", ") }), title: users.join(", "),
      onclick: () => context.react(row, emoji),
    }, ...visible(emoji), " ", h("span", {}, String(users.length))));
  }));
}

const IMAGE = /\.(png|jpe?g|gif|webp|avif)$/i;
const AUDIO = /\.(mp3|ogg|oga|opus|m4a|wav)$/i;
const VIDEO = /\.(mp4|webm)$/i;

/** @param {Row} row @param {RowContext} context */
function fileNode(row, context) {
  const name = row.event?.name ?? "";
  const bytes = row.event?.bytes ?? 0;
  const address = fileUrl(context.conversation, row.n, name, context.slot);
  const card = h("div", { class: "file" },
    h("a", { class: "file-link", href: address, download: name, target: "_blank", rel: "noopener" },
      icon("file"), h("span", { class: "file-name", dir: "auto" }, ...visible(name)), " ",
      h("span", { class: "file-size" }, sizeText(bytes))));
  if (IMAGE.test(name)) card.append(imageNode(name, bytes, address));
  else if (AUDIO.test(name)) card.append(h("audio", { controls: true, preload: "none", src: address, "aria-label": name }));
  else if (VIDEO.test(name)) card.append(h("video", { class: "preview", controls: true, preload: "none", src: address, "aria-label": name }));
  return card;
}

/**
 * An image in a box of fixed size, so no row moves when it loads.
 * @param {string} name
 * @param {number} bytes
 * @param {string} address
 */
function imageNode(name, bytes, address) {
  const box = h("a", { class: "preview", href: address, target: "_blank", rel: "noopener" });
  const load = () => {
    const image = h("img", { src: address, alt: name, loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => image.replaceWith(h("span", { class: "is-quiet" }, t("no_preview"))));
    box.replaceChildren(image);
  };
  if (bytes <= PREVIEW_BYTES_MAX) load();
  else {
    box.replaceChildren(h("span", { class: "is-quiet" }, t("load_image", { size: sizeText(bytes) })));
    box.addEventListener("click", (/** @type {Event} */ event) => { event.preventDefault(); load(); }, { once: true });
  }
  return box;
}

/** @param {Row} row @param {string} head @param {string} body @param {RowContext} context */
function eventNode(row, head, body, context) {
  return h("p", { class: "event-line" },
    h("span", { id: head, class: "author" }, ...visible(row.from)), " ",
    h("span", { id: body }, ...visible(eventSentence(row, context.conversation))), " ",
    timeNode(row));
}

/**
 * The time of a row. `row_keys.js` adds its title when the pointer is there: the text is slow to make.
 * @param {Row} row
 */
function timeNode(row) {
  return h("time", { datetime: new Date(row.at).toISOString() }, clockTime(row.at));
}

/** The sentence of an event, without its author. @param {Row} row @param {string} to */
export function eventSentence(row, to) {
  const event = row.event;
  const user = event?.user ?? "";
  switch (event?.kind) {
    case "channel.created": return t(event.private ? "created_private" : "created", { to });
    case "channel.joined": return t("joined", { to });
    case "channel.left": return t("left", { to });
    case "channel.invited": return t("invited", { user });
    case "channel.declined": return t("declined", { to });
    case "channel.kicked": return t("kicked", { user });
    case "channel.banned": return t("banned", { user });
    case "channel.unbanned": return t("unbanned", { user });
    case "channel.role": return t(`made_${event.role}`, { user });
    case "channel.renamed": return t("renamed", { to: event.new_name ?? to });
    case "channel.deleted": return t("deleted_channel", { to });
    case "channel.set": return changes(event, to).join(` ${t("and")} `);
    default: return t("something_happened", { conversation: to });
  }
}

/** @param {import("../core/api.js").PapoEvent} event @param {string} to */
function changes(event, to) {
  return [
    event.subject === undefined ? "" : event.subject ? t("set_subject", { subject: event.subject }) : t("removed_subject"),
    event.private === undefined ? "" : t(event.private ? "made_private" : "made_public", { to }),
    event.archived === undefined ? "" : t(event.archived ? "archived" : "restored", { to }),
  ].filter(Boolean);
}
