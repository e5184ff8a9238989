// The Markdown subset of docs/PROTOCOL.md ("Markdown in texts"): text to blocks and spans, as in
// common/src/markdown.rs. docs/conformance/markdown.json has the test vectors. This file creates no DOM
// nodes.

/**
 * @typedef {{bold?: true, italic?: true, code?: true}} Style
 * @typedef {Style & {text: string, link?: string}} Span
 * @typedef {{line: Span[], code?: undefined} | {code: string, language: string, line?: undefined}} Block
 */

const FENCE = "```";

/**
 * Splits a text into its blocks. Takes time linear in the length of the text.
 * @param {string} text
 * @returns {Block[]}
 */
export function parse(text) {
  /** @type {Block[]} */
  const blocks = [];
  /** @type {string[] | null} */
  let code = null;
  let language = "";
  for (const line of text.split("\n")) {
    const begin = line.trimStart();
    if (code && begin.startsWith(FENCE)) {
      blocks.push({ code: code.join("\n"), language });
      code = null;
    } else if (code) {
      code.push(line);
    } else if (begin.startsWith(FENCE) && !begin.replace(/^`+/, "").includes("`")) {
      // A line such as ```a``` is code within a line.
      code = [];
      language = begin.replace(/^`+/, "").trim();
    } else {
      const spans = new Spans();
      spans.parse(line, {});
      blocks.push({ line: spans.done });
    }
  }
  // A block without its last fence ends with the text.
  if (code) blocks.push({ code: code.join("\n"), language });
  return blocks;
}

const isWord = (/** @type {string} */ character) => /[\p{L}\p{N}]/u.test(character);
const isSpace = (/** @type {string} */ character) => /\s/u.test(character);

/** The first and the last character of a text, which may be a pair of surrogates. */
const first = (/** @type {string} */ text) => {
  const point = text.codePointAt(0);
  return point === undefined ? "" : String.fromCodePoint(point);
};
const last = (/** @type {string} */ text) => {
  const unit = text.charCodeAt(text.length - 1);
  return unit >= 0xdc00 && unit <= 0xdfff ? text.slice(-2) : text.slice(-1);
};

class Spans {
  constructor() {
    /** @type {Span[]} */
    this.done = [];
  }

  /** @param {string} text @param {Style} style @param {string} [link] */
  push(text, style, link) {
    if (!text) return;
    const previous = this.done.at(-1);
    if (previous && previous.bold === style.bold && previous.italic === style.italic
      && previous.code === style.code && previous.link === link) {
      previous.text += text;
    } else {
      this.done.push(link === undefined ? { text, ...style } : { text, ...style, link });
    }
  }

  /** @param {string} line @param {Style} style */
  parse(line, style) {
    let rest = line;
    let before = "";
    const may = { bold: !style.bold, italic: !style.italic };
    while (rest) {
      const character = first(rest);
      let length = 0;
      if (character === "\\") length = this.escape(rest, style);
      else if (character === "`") length = this.code(rest, style);
      else if (rest.startsWith("**")) length = this.emphasis(rest, before, "**", style, may, "bold");
      else if (character === "*") length = this.emphasis(rest, before, "*", style, may, "italic");
      else if (character === "[") length = this.link(rest, style);
      else if (character === "h" && !isWord(before)) length = this.address(rest, style);
      if (!length) {
        this.push(character, style);
        length = character.length;
      }
      before = last(rest.slice(0, length));
      rest = rest.slice(length);
    }
  }

  // Each of these functions returns the length of the mark and its text; 0 if `rest` begins with no such
  // mark.

  /** @param {string} rest @param {Style} style */
  escape(rest, style) {
    const escaped = rest.charAt(1);
    if (!escaped || !"\\`*[]()".includes(escaped)) return 0;
    this.push(escaped, style);
    return 2;
  }

  /** @param {string} rest @param {Style} style */
  code(rest, style) {
    const ticks = runOf(rest, 0, "`");
    for (let at = rest.indexOf("`", ticks); at >= 0;) {
      const run = runOf(rest, at, "`");
      if (run === ticks) {
        this.push(rest.slice(ticks, at), { ...style, code: true });
        return at + ticks;
      }
      at = rest.indexOf("`", at + run);
    }
    this.push(rest.slice(0, ticks), style);
    return ticks;
  }

  /**
   * `may[kind]` becomes false if a mark has no end, because further marks of its kind have none either.
   * @param {string} rest @param {string} before @param {string} mark @param {Style} style
   * @param {{bold: boolean, italic: boolean}} may @param {"bold" | "italic"} kind
   */
  emphasis(rest, before, mark, style, may, kind) {
    const after = first(rest.slice(mark.length));
    if (!may[kind] || isWord(before) || !after || isSpace(after)) return 0;
    const length = emphasisLength(rest, mark);
    may[kind] = length > 0;
    if (!length) return 0;
    this.parse(rest.slice(mark.length, length - mark.length), { ...style, [kind]: true });
    return length;
  }

  /** @param {string} rest @param {Style} style */
  link(rest, style) {
    const end = rest.slice(1).search(/[[\]]/) + 1;
    const text = rest.slice(1, end);
    if (end < 2 || !text.trim() || !rest.startsWith("](", end)) return 0;
    const target = address(rest.slice(end + 2));
    if (!target || rest.charAt(end + 2 + target.length) !== ")") return 0;
    this.push(text, style, target);
    return end + 2 + target.length + 1;
  }

  /** @param {string} rest @param {Style} style */
  address(rest, style) {
    const target = address(rest);
    this.push(target, style, target);
    return target.length;
  }
}

/** @param {string} text @param {number} start @param {string} mark */
function runOf(text, start, mark) {
  let end = start;
  while (text.charAt(end) === mark) end++;
  return end - start;
}

/** The length of an emphasis with its marks; 0 without an end. @param {string} rest @param {string} mark */
function emphasisLength(rest, mark) {
  for (let at = rest.indexOf("*", mark.length); at >= 0;) {
    const run = runOf(rest, at, "*");
    const end = at + run;
    const before = last(rest.slice(mark.length, at));
    const isClosing = before !== "" && !isSpace(before) && !isWord(first(rest.slice(end)));
    // A run of three ends both kinds.
    const isOwn = mark.length === 2 ? run >= 2 : run !== 2;
    if (isClosing && isOwn) return end;
    at = rest.indexOf("*", end);
  }
  return 0;
}

/**
 * An address at the beginning of a text. Punctuation after it, and a bracket that it does not open, is not
 * part
 * of it.
 * @param {string} rest
 */
function address(rest) {
  const scheme = ["https://", "http://"].find((known) => rest.startsWith(known));
  if (!scheme) return "";
  let target = rest.slice(0, rest.search(/[\s<>"`]|$/));
  let depth = 0;
  for (let at = 0; at < target.length; at++) {
    if (target[at] === "(") depth++;
    if (target[at] === ")" && --depth < 0) target = target.slice(0, at);
  }
  target = target.replace(/[.,;:!?*'\]]+$/, "");
  return target.length > scheme.length ? target : "";
}
