// Mentions: `@user` and `@here` in a text, as in common/src/mentions.rs.

import { MENTIONS_IN_TEXT_MAX } from "./limits.js";
import { canonicalName } from "./names.js";

const LETTER = /[\p{Alphabetic}\p{N}\p{M}]/u;
const EMOJI_MARK = /[\ufe00-\ufe0f\u20dd-\u20e4]/;
const WITHIN = /[._\-\u00b7\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u200c\u200d\u30fb]/;

/** @param {string} character */
function isLetter(character) {
  return LETTER.test(character) && !EMOJI_MARK.test(character);
}

/**
 * The name after an `@`, without the punctuation at its end.
 *
 * @param {string} text
 */
function parseName(text) {
  let [end, length] = [0, 0];
  for (const character of text) {
    const letter = isLetter(character);
    if (!letter && !WITHIN.test(character)) {
      break;
    }
    end += character.length;
    if (letter) {
      length = end;
    }
  }
  return { length, name: canonicalName(text.slice(0, length)) };
}

/**
 * The first mentions of a text: the position and the length with the `@`, and the name. The name `here`
 * mentions all users of the conversation. An `@` after a letter or digit is part of a mail address.
 *
 * @param {string} text
 * @returns {{ at: number, length: number, name: string }[]}
 */
export function mentions(text) {
  const found = [];
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const before = at === 0 ? "" : /** @type {string} */ ([...text.slice(Math.max(at - 2, 0), at)].at(-1));
    if (before !== "" && isLetter(before)) {
      continue;
    }
    // A name has at most 32 characters, each with at most 4 units after decomposition.
    const { length, name } = parseName(text.slice(at + 1, at + 400));
    if (name !== null) {
      found.push({ at, length: length + 1, name });
      if (found.length === MENTIONS_IN_TEXT_MAX) {
        break;
      }
    }
  }
  return found;
}
