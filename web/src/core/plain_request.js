// Requests that do not change the core's state: the core only sends them, and returns their results.

import { bool, list, object } from "./decode.js";
import { read } from "./errors.js";
import { LIST_NAMES_MAX, LIST_PAGES_MAX } from "./limits.js";

/** @import { Decoder } from "./decode.js" */

/** The methods that need no session. */
export const WITHOUT_TOKEN = new Set(["server.info", "auth.register", "auth.login", "auth.reset"]);

/**
 * Sorts the members of all objects by name, as the Rust core sends them.
 *
 * @param {unknown} value
 * @returns {unknown}
 */
export function sortMembers(value) {
  if (Array.isArray(value)) {
    return value.map(sortMembers);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sortMembers(member)]));
}

/** Requests a list page by page, and collects its items. */
export class Pager {
  /** @type {any[]} */
  items = [];
  /** @type {string | undefined} */
  after = undefined;

  /**
   * @param {string} method
   * @param {string} member the member of the result that has the items
   * @param {Decoder<any>} item
   * @param {string} cursor the member of an item after which the next page begins
   */
  constructor(method, member, item, cursor) {
    this.method = method;
    this.member = member;
    this.page = object({ [member]: list(item), more: bool });
    this.cursor = cursor;
  }

  /** The request for the next page. */
  request() {
    return { method: this.method, params: this.after === undefined ? {} : { after: this.after } };
  }

  /**
   * Adds a page. Returns whether the list continues.
   *
   * @param {unknown} result
   */
  take(result) {
    const page = /** @type {any} */ (read(this.page, result));
    const items = page[this.member];
    const count = this.items.length + items.length;
    this.after = items.at(-1)?.[this.cursor] ?? this.after;
    this.items.push(...items);
    return page.more && items.length > 0 && count < LIST_PAGES_MAX * LIST_NAMES_MAX;
  }
}
