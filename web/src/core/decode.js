// Decoders of JSON values. A decoder returns the value, or throws an error for a value of another type. An
// absent member and null are the same.

/**
 * @template T
 * @typedef {(value: unknown) => T} Decoder
 */

/** @param {string} wanted @returns {never} */
export function refuse(wanted) {
  throw new TypeError(`expected ${wanted}`);
}

/** @type {Decoder<number>} */
export const u64 = (value) =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : refuse("a number");

/** @type {Decoder<string>} */
export const string = (value) => (typeof value === "string" ? value : refuse("a string"));

/** @type {Decoder<boolean>} */
export const bool = (value) => (typeof value === "boolean" ? value : refuse("true or false"));

/**
 * @template {string} T
 * @param {readonly T[]} words
 * @returns {Decoder<T>}
 */
export const oneOf = (words) => (value) => words.find((word) => word === value) ?? refuse(words.join(", "));

/**
 * @template T
 * @param {Decoder<T>} decoder
 * @returns {Decoder<T | undefined>}
 */
export const optional = (decoder) => (value) =>
  value === undefined || value === null ? undefined : decoder(value);

/**
 * @template T
 * @param {Decoder<T>} decoder
 * @returns {Decoder<T[]>}
 */
export const list = (decoder) => (value) => (Array.isArray(value) ? value.map(decoder) : refuse("a list"));

/**
 * An object with these members. Absent members are left out, and further members are ignored.
 *
 * @template {Record<string, Decoder<any>>} S
 * @param {S} members
 * @returns {Decoder<{ [name in keyof S]: ReturnType<S[name]> }>}
 */
export const object = (members) => (value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse("an object");
  }
  /** @type {Record<string, unknown>} */
  const decoded = {};
  for (const [name, decoder] of Object.entries(members)) {
    const member = decoder(/** @type {Record<string, unknown>} */ (value)[name]);
    if (member !== undefined) {
      decoded[name] = member;
    }
  }
  return /** @type {any} */ (decoded);
};

/**
 * A string that `check` brings into its canonical form, or refuses with null.
 *
 * @param {string} wanted
 * @param {(text: string) => string | null} check
 * @returns {Decoder<string>}
 */
export const checked = (wanted, check) => (value) => check(string(value)) ?? refuse(wanted);

/**
 * Decodes a value; undefined if it is invalid.
 *
 * @template T
 * @param {Decoder<T>} decoder
 * @param {unknown} value
 * @returns {T | undefined}
 */
export function attempt(decoder, value) {
  try {
    return decoder(value);
  } catch {
    return undefined;
  }
}

/** @param {string} line @returns {unknown} */
export function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
