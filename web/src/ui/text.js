// Shows the text of a message: Markdown, mentions and channels as DOM nodes.

import { mentions } from "../core/mentions.js";
import { t } from "../i18n/index.js";
import { h, iconButton } from "./dom.js";
import { parse } from "./markdown.js";

/** @import { Span } from "./markdown.js" */

/**
 * @typedef {object} TextContext
 * @property {string} user
 * @property {(name: string) => void} openConversation
 */

/** Controls that change the direction of the text after them: a sender could reverse what the reader sees. */
const DIRECTION_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** @param {string} text @param {TextContext} context */
export function textNodes(text, context) {
  return parse(text).map((block) => block.line
    ? h("p", {}, ...(block.line.length ? block.line.flatMap((span) => spanNodes(span, context)) : [h("br")]))
    : codeBlock(block.code ?? "", block.language ?? ""));
}

/** A code block with its language and a copy button. @param {string} code @param {string} language */
function codeBlock(code, language) {
  const copy = iconButton("copy", t("copy_code"), async () => {
    await copyText(code);
    copy.classList.add("is-done");
    setTimeout(() => copy.classList.remove("is-done"), 1500);
  });
  return h("div", { class: "code-block" },
    h("div", { class: "code-head" }, h("span", {}, language.slice(0, 40)), copy),
    h("pre", { tabindex: "0" }, h("code", {}, code)));
}

/**
 * Copies a text. Without a secure context, browsers have no clipboard: a selected field does it.
 * @param {string} text
 */
export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = h("textarea", { class: "visually-hidden", "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

/** @param {Span} span @param {TextContext} context @returns {(Node | string)[]} */
function spanNodes(span, context) {
  /** @type {(Node | string)[]} */
  let nodes;
  if (span.link !== undefined) nodes = linkNodes(span.text, span.link);
  else if (span.code) nodes = [h("code", {}, ...visible(span.text))];
  else nodes = namesIn(span.text, context);
  if (span.italic) nodes = [h("em", {}, ...nodes)];
  if (span.bold) nodes = [h("strong", {}, ...nodes)];
  return nodes;
}

/** @param {string} text @param {string} address */
function linkNodes(text, address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return visible(text);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return visible(text);
  const isBare = text === address;
  // The browser writes a host with foreign letters in punycode, which shows a look-alike of a known host.
  const hasForeignHost = !/^https?:\/\/[\x21-\x7e]*$/.test(address.split("/").slice(0, 3).join("/"));
  const link = h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...visible(text));
  const host = h("span", { class: "link-host" }, ` (${url.host})`);
  return isBare && !hasForeignHost ? [link] : [link, host];
}

/** Links the mentioned users and the channels. @param {string} text @param {TextContext} context */
function namesIn(text, context) {
  const found = mentions(text).map(({ at, length, name }) => ({ at, length, name: `@${name}` }));
  for (const match of text.matchAll(/(?<![\p{L}\p{N}#&/])#([\p{L}\p{N}][\p{L}\p{N}._-]*)/gu)) {
    const name = match[0].replace(/[._-]+$/, "");
    if (!/^#\p{N}+$/u.test(name)) found.push({ at: match.index, length: name.length, name });
  }
  found.sort((one, other) => one.at - other.at);
  /** @type {(Node | string)[]} */
  const nodes = [];
  let end = 0;
  for (const { at, length, name } of found) {
    if (at < end) continue;
    nodes.push(...visible(text.slice(end, at)), nameNode(name, text.slice(at, at + length), context));
    end = at + length;
  }
  return [...nodes, ...visible(text.slice(end))];
}

/** @param {string} name @param {string} text @param {TextContext} context */
function nameNode(name, text, context) {
  const isOwn = name === `@${context.user}` || name === "@here";
  if (name === "@here") return h("mark", { class: "mention is-own" }, text);
  return h("button", {
    type: "button", class: `mention ${isOwn ? "is-own" : ""}`, tabindex: "-1",
    onclick: () => context.openConversation(name.toLowerCase()),
  }, ...visible(text));
}

/** A text whose direction controls are shown as marks. @param {string} text @returns {(Node | string)[]} */
export function visible(text) {
  if (!DIRECTION_CONTROLS.test(text)) return text ? [text] : [];
  return [...text].map((character) => DIRECTION_CONTROLS.test(character)
    ? h("span", { class: "control" }, `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`)
    : character);
}

/** The text of a message in one line, without its Markdown. @param {string} text @param {number} [length] */
export function plainLine(text, length) {
  return oneLine(parse(text).map(({ line, code }) => line?.map((span) => span.text).join("") ?? code).join(" "), length);
}

/** One line of a text, for notifications, announcements and hits. @param {string} text */
export function oneLine(text, length = 120) {
  const plain = text.replace(/\s+/g, " ").trim();
  return [...plain].length > length ? `${[...plain].slice(0, length).join("")}…` : plain;
}
