// The order of names: by code points, as Rust orders strings. JavaScript orders them by UTF-16 units.

/** @param {number} unit */
function rank(unit) {
  if (unit < 0xd800) {
    return unit;
  }
  // Surrogates encode the highest code points.
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/**
 * Compares two strings. Channels (`#`) come before users (`@`).
 *
 * @param {string} one
 * @param {string} other
 */
export function compare(one, other) {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const difference = rank(one.charCodeAt(at)) - rank(other.charCodeAt(at));
    if (difference !== 0) {
      return difference;
    }
  }
  return one.length - other.length;
}

/**
 * @template T
 * @param {Map<string, T>} map
 * @returns {[string, T][]} its entries, ordered by key
 */
export function sorted(map) {
  return [...map].sort(([one], [other]) => compare(one, other));
}

/**
 * The smallest value; null if all are null.
 *
 * @param {Iterable<number | null>} values
 * @returns {number | null}
 */
export function earliest(values) {
  let least = null;
  for (const value of values) {
    if (value !== null && (least === null || value < least)) {
      least = value;
    }
  }
  return least;
}
