// The sentences of the page in the language of the user. Every language has the same keys.

export const LANGUAGES = { en: "English", "pt-BR": "Português (Brasil)" };

/** @typedef {keyof typeof LANGUAGES} Language */
/** @typedef {Record<string, string | {one: string, other: string}>} Table */

/** @type {Table} */
let table = {};
/** @type {Record<string, string>} */
let errors = {};
/** @type {Language} */
let current = "en";

/** The language that the user chose, or the first supported language of the browser. @returns {Language} */
export function preferredLanguage() {
  const chosen = localStorage.getItem("papo-language");
  if (chosen === "en" || chosen === "pt-BR") return chosen;
  const wanted = navigator.languages.find((language) => /^(en|pt)\b/i.test(language)) ?? "en";
  return wanted.toLowerCase().startsWith("pt") ? "pt-BR" : "en";
}

/** Loads a language. @param {Language} language */
export async function loadLanguage(language) {
  const loaded = language === "en" ? await import("./en.js") : await import("./pt-BR.js");
  table = loaded.default;
  // The server's sentences are English. The other languages translate them.
  errors = language === "en" ? {} : (await import("./errors-pt-BR.js")).default;
  current = language;
  document.documentElement.lang = language;
}

/** Loads sentences that the page does not need at its start. @param {"commands" | "admin"} part */
export async function loadMore(part) {
  const loaded = await import(`./${part}-${current}.js`);
  table = { ...table, ...loaded.default };
}

export const language = () => current;

/**
 * The sentence of a key. `{name}` is replaced by the argument `name`. A sentence with two forms uses the form
 * `one` if `count` is 1.
 * @param {string} key @param {Record<string, string | number>} [args]
 */
export function t(key, args = {}) {
  const entry = table[key] ?? key;
  const sentence = typeof entry === "string" ? entry : args.count === 1 ? entry.one : entry.other;
  return replace(sentence, args);
}

/** @param {string} sentence @param {Record<string, unknown>} args */
function replace(sentence, args) {
  return sentence.replace(/\{(\w+)\}/g, (placeholder, name) => name in args ? String(args[name]) : placeholder);
}

/**
 * The sentence of an error, with a capital letter at the beginning.
 * @param {any} error a PapoError, the `error` of a reply, or another exception
 */
export function errorText(error) {
  const known = error?.error ?? error;
  const translated = errors[known?.data?.detail];
  const sentence = translated ? replace(translated, known.data.args ?? {}) : String(known?.message ?? known);
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
