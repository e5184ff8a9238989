// The sentences of the page: both languages have the same keys and placeholders, and every used key exists.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { COMMANDS } from "../../src/ui/commands.js";
import enCommands from "../../src/i18n/commands-en.js";
import ptCommands from "../../src/i18n/commands-pt-BR.js";
import enAdmin from "../../src/i18n/admin-en.js";
import ptAdmin from "../../src/i18n/admin-pt-BR.js";
import enPage from "../../src/i18n/en.js";
import ptPage from "../../src/i18n/pt-BR.js";
import errors from "../../src/i18n/errors-pt-BR.js";

const [en, pt] = [{ ...enPage, ...enCommands, ...enAdmin }, { ...ptPage, ...ptCommands, ...ptAdmin }];
const forms = (entry) => typeof entry === "string" ? [entry] : [entry.one, entry.other];
const placeholders = (sentence) => [...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test("both languages have the same keys, forms and placeholders", () => {
  assert.deepEqual(Object.keys(pt), Object.keys(en));
  for (const key of Object.keys(en)) {
    assert.equal(typeof pt[key], typeof en[key], key);
    const [english, portuguese] = [forms(en[key]), forms(pt[key])];
    assert.deepEqual(portuguese.map(placeholders), english.map(placeholders), key);
    assert.ok(english.every((sentence) => sentence !== "" || key.endsWith("_arguments")), key);
  }
});

test("every key that the page uses exists, and every key is used", () => {
  const folder = new URL("../../src/ui/", import.meta.url);
  const source = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
  const used = [...source.matchAll(/\bt\("(\w+)"/g)].map((match) => match[1]);
  assert.ok(used.length > 100);
  assert.deepEqual(used.filter((key) => !(key in en)), []);
  const families = /^(command|level|state|role|made|connection|figure|scope|delivery|notifications)_/;
  assert.deepEqual(Object.keys(en).filter((key) => !families.test(key) && !source.includes(`"${key}"`)), []);
  for (const { name } of COMMANDS) assert.ok(`command_${name}` in en && `command_${name}_arguments` in en, name);
});

test("every error of the protocol has a sentence in Portuguese with its arguments", () => {
  const document = readFileSync(new URL("../../../docs/PROTOCOL.md", import.meta.url), "utf8");
  const rows = [...document.matchAll(/^\| `\w+` \| `(\w+)` \| .* \| (.+) \|$/gm)];
  assert.ok(rows.length > 100);
  for (const [, detail, sentence] of rows) {
    assert.ok(detail in errors, detail);
    assert.deepEqual(placeholders(errors[detail]), placeholders(sentence), detail);
  }
});
