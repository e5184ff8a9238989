// The addresses within the page: a conversation and the number of an event, such as `#/general/17`.

import { canonicalTarget } from "../core/names.js";

/** @param {string} conversation @param {number} [n] */
export function linkTo(conversation, n) {
  const name = conversation.startsWith("#") ? conversation.slice(1) : conversation;
  return `#/${encodeURIComponent(name).replace(/%40/g, "@")}${n ? `/${n}` : ""}`;
}

/** @param {string} hash of the address; null if it is no conversation */
export function readAddress(hash) {
  const match = /^#\/([^/]+)(?:\/(\d+))?$/.exec(hash);
  if (!match) return null;
  let name;
  try {
    name = decodeURIComponent(match[1] ?? "");
  } catch {
    return null;
  }
  const target = name === "*" ? "*" : canonicalTarget(name.startsWith("@") ? name : `#${name}`);
  return target ? { name: target, n: match[2] ? Number(match[2]) : null } : null;
}
