// The page has each command of `papo chat`, except those that docs/design.md lists with a reason.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { COMMANDS } from "../../src/ui/commands.js";

const root = new URL("../../../", import.meta.url);

/** The names in the command table of the chat. */
function terminalCommands() {
  const folder = new URL("client/src/chat/commands/", root);
  const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8"));
  return sources.flatMap((source) => [...source.matchAll(/Command::new\(\s*"([a-z-]+)"/g)].map((match) => match[1]));
}

/** The commands of the table "Commands of the terminal that the page does not have". */
function leftOut() {
  const design = readFileSync(new URL("docs/design.md", root), "utf8");
  const [, section = ""] = design.split("## Commands of the terminal that the page does not have");
  return section.split("\n## ")[0].split("\n").filter((line) => line.startsWith("| `/"))
    .flatMap((line) => [...line.split("|")[1].matchAll(/`\/([a-z-]+)`/g)].map((match) => match[1]));
}

test("each command of the terminal is a command of the page, or left out with a reason", () => {
  const [terminal, page, without] = [terminalCommands(), COMMANDS.map(({ name }) => name), leftOut()];
  assert.ok(terminal.length > 50, `${terminal.length} commands`);
  assert.deepEqual(terminal.filter((name) => !page.includes(name)).sort(), [...without].sort());
  assert.deepEqual(page.filter((name) => !terminal.includes(name)), [], "no command has another name than in the terminal");
  assert.equal(new Set(page).size, page.length);
});
