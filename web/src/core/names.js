// Names of users, channels and conversations. The server checks the complete rules (RFC 8265); this file
// checks the characters, and brings a name into its canonical form: composed, lower case, without full-width
// letters.

import { NAME_CHARACTERS_MAX } from "./limits.js";
import { compare } from "./order.js";

const PLAIN = /^[a-z0-9][a-z0-9._-]*$/;
const VALID = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._\-\u00b7\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u200c\u200d\u30fb]*$/u;
const FULL_WIDTH = /[\uff01-\uffee]/g;

/** @param {string} text */
export function utf8Length(text) {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x80) {
      // Each half of a surrogate pair is 2 of 4 bytes.
      bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
    }
  }
  return bytes;
}

/**
 * The canonical form of a name without `#` or `@`; null if it is invalid.
 *
 * @param {string} name
 */
export function canonicalName(name) {
  if (name.length > NAME_CHARACTERS_MAX * 4) {
    return null;
  }
  if (!PLAIN.test(name)) {
    const lowered = name.normalize("NFC").toLowerCase();
    name = lowered.replace(FULL_WIDTH, (letter) => letter.normalize("NFKC")).normalize("NFC");
  }
  return VALID.test(name) && [...name].length <= NAME_CHARACTERS_MAX ? name : null;
}

/** @param {string} name */
export function canonicalChannel(name) {
  const bare = name.startsWith("#") ? canonicalName(name.slice(1)) : null;
  return bare === null ? null : `#${bare}`;
}

/**
 * The canonical form of `#channel`, `@user` or `*`; null if it is invalid.
 *
 * @param {string} target
 */
export function canonicalTarget(target) {
  if (target === "*") {
    return target;
  }
  const name = target.startsWith("@") ? canonicalName(target.slice(1)) : null;
  return name === null ? canonicalChannel(target) : `@${name}`;
}

/** @param {string} conversation */
export function isChannel(conversation) {
  return !conversation.startsWith("@");
}

/**
 * The conversation of an event, as the user `reader` names it.
 *
 * @param {string} reader
 * @param {string} from
 * @param {string} to
 */
export function conversationOf(reader, from, to) {
  return isChannel(to) || from === reader ? to : to === `@${reader}` ? `@${from}` : firstOf(from, to);
}

/**
 * The name of a direct conversation for a user who is not in it.
 *
 * @param {string} from
 * @param {string} to
 */
function firstOf(from, to) {
  return [`@${from}`, to].sort(compare)[0] ?? to;
}
