// The transcripts of the page: what the live regions say, and a session with the keyboard only. UPDATE_DOCS=1
// writes them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PASSWORD, assertTranscript, logIn, say, setUp, until, uuid7 } from "./harness.mjs";

const { node, browser, apis: [, bob, dora] } = await setUp("alice", "bob", "dora");
for (const text of ["The build is green", "Who reviews the notes?"]) await bob.send("#general", text);

const table = (head, rows) => [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

test("the live regions announce messages of others once, and no history", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.spoken = [];
    new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        const live = target.closest?.("[data-live]");
        for (const added of addedNodes) if (live) window.spoken.push(`${live.dataset.live}: ${added.textContent}`);
      }
    }).observe(document, { childList: true, subtree: true });
  });
  const rows = [];
  /** Acts, and waits until the regions said these sentences, and nothing else for a while. */
  const step = async (action, act, expected) => {
    await act();
    await page.waitForFunction((count) => window.spoken.length >= count, expected.length, { timeout: 15_000 });
    await page.waitForTimeout(800);
    const spoken = await page.evaluate(() => window.spoken.splice(0).sort());
    assert.deepEqual(spoken, expected, action);
    rows.push([action, spoken.join("<br>") || "(nothing)"]);
  };
  await step("Alice opens `#general` with two messages.", async () => {
    await logIn(page, node.origin, "alice", "/#/general");
    await page.waitForSelector(".rows article .text");
  }, []);
  await step("Bob writes *oi*.", () => bob.send("#general", "oi"), ["polite: bob: oi"]);
  const line = (text) => ({ method: "message.send", params: { to: "#general", id: uuid7(), text } });
  await step("Bob sends five messages at once.", () => bob.batch([1, 2, 3, 4, 5].map((i) => line(`quick ${i}`))), ["polite: 5 new messages in #general"]);
  await step("Bob edits a message and reacts to it.", async () => {
    const of = { conversation: "#general", n: 4 };
    await bob.call("message.edit", { ...of, id: uuid7(), text: "The build is red" });
    await bob.call("message.react", { ...of, id: uuid7(), emoji: "👀" });
    await page.waitForSelector("article[data-n='4'] .reaction");
  }, []);
  await step("Alice scrolls to the beginning.", () => page.evaluate(() => { document.querySelector(".log").scrollTop = 0; }), []);
  await step("Alice sends a message.", () => say(page, "my own"), ["polite: sent, 14"]);
  await step("The network is lost, and Alice sends a message.", async () => {
    node.wire.cut();
    await say(page, "offline");
  }, ["polite: waiting: the server does not answer yet", "status: The server does not answer; trying again"]);
  await step("The network is back.", () => node.wire.heal(), ["polite: sent, 15", "status: Connected"]);
  await step("Dora blocks Alice, who writes to her.", async () => {
    await dora.call("user.block", { user: "alice" });
    await say(page, "/msg @dora hi");
  }, ["alert: Not sent to @dora: Dora has blocked you: you can neither write to them nor invite them"]);
  await context.close();
  assertTranscript("page-announcements.md", `# The page: what a screen reader announces

The page has three live regions: *polite* for messages, *status* for the connection, and *alert* for refusals.
\`web/tests/e2e/transcripts.test.mjs\` writes this page, and fails when the regions say something else.

${table(["Action", "Announced"], rows)}
`);
});

test("a session with the keyboard only", async () => {
  const context = await browser.newContext({ viewport: { width: 1200, height: 720 } });
  const page = await context.newPage();
  const focused = () => page.evaluate(() => {
    const node = document.activeElement;
    const spoken = (element) => {
      const copy = element?.cloneNode(true);
      copy?.querySelectorAll("[aria-hidden=true]").forEach((hidden) => hidden.remove());
      return copy?.textContent;
    };
    const labels = node?.getAttribute("aria-labelledby")?.split(" ").map((id) => spoken(document.getElementById(id)));
    const name = labels?.join(" ") || node?.placeholder || node?.getAttribute("aria-label") || spoken(node?.labels?.[0]) || spoken(node);
    return (name ?? "").replace(/\d+:\d\d.(AM|PM)/, " 9:00 ").replace("(edited)", " (edited)").replace(/\s+/g, " ").trim();
  });
  const rows = [];
  /** Types keys, waits for their effect, and checks which element has the focus. */
  const step = async (effect, keys, condition, focus) => {
    for (const key of keys) {
      if (key.startsWith("'")) await page.keyboard.type(key.slice(1, -1));
      else await page.keyboard.press(key);
    }
    if (typeof condition === "string") await page.waitForSelector(condition);
    else await condition?.();
    await until(async () => await focused() === focus, async () => `focus on ${focus}`, 5_000).catch(async () => assert.equal(await focused(), focus, keys.join(" ")));
    rows.push([keys.map((key) => key.startsWith("'") ? `*${key.slice(1, -1).replace(PASSWORD, "password")}*` : `\`${key}\``).join(" "), effect, focus]);
  };
  const noDialog = () => page.waitForSelector("dialog", { state: "detached" });
  await page.goto(`${node.origin}/#/general`);
  await page.waitForSelector(".entrance-form");
  await step("Alice is logged in, and `#general` is open", ["'alice'", "Tab", `'${PASSWORD}'`, "Enter"], "h1:has-text('#general')", "Message to #general");
  await step("the message is sent", ["'from the keyboard'", "Enter"], ".rows .text p:text-is('from the keyboard')", "Message to #general");
  const own = "alice 9:00 from the keyboard";
  await step("the focus is on the newest message", ["Shift+F6"], null, own);
  const n = await page.evaluate(() => document.activeElement.dataset.n);
  await step("the emoji open", ["+"], "dialog[open] .emoji", "Find an emoji");
  await step("the message has the reaction 🚀, and the focus is on it again", ["'rocket'", "Enter"], `article[data-n="${n}"] .reaction:has-text("🚀")`, own);
  await step("the menu of the message opens", ["Enter"], ".row-menu", "Reply");
  await step("the menu closes", ["ArrowDown", "ArrowUp", "Escape"], () => page.waitForSelector(".row-menu", { state: "detached" }), own);
  await step("the message is in the field", ["e"], ".composer-context", "Message to #general");
  await step("the message is changed", ["End", "', edited'", "Enter"], ".rows .text p:text-is('from the keyboard, edited')", "Message to #general");
  await step("the Up key in the empty field: the last message is in the field", ["ArrowUp"], ".composer-context", "Message to #general");
  await step("the edit is cancelled", ["Escape"], () => page.waitForSelector(".composer-context", { state: "hidden" }), "Message to #general");
  await step("the switcher opens", ["Control+k"], "dialog[open] .pick-input", "Channel or person");
  await step("the direct messages with Bob open", ["'bob'", "Enter"], "h1:has-text('@bob')", "Message to @bob");
  await noDialog();
  await step("Bob has the message", ["'oi bob'", "Enter"], () => until(async () => (await bob.call("message.history", { conversation: "@alice" })).events.at(-1)?.text === "oi bob", "the direct message"), "Message to @bob");
  await step("the previous conversation opens", ["Alt+ArrowUp"], "h1:has-text('#general')", "Message to #general");
  await step("the list of keys opens", ["Control+/"], "dialog[open] .keys", "Close");
  await step("the list closes", ["Escape"], noDialog, "Message to #general");
  await step("names are suggested", ["'@bo'"], ".choices [aria-selected=true]", "Message to #general");
  await step("the name is complete", ["Tab"], () => page.waitForFunction(() => document.querySelector("#composer").value === "@bob "), "Message to #general");
  await step("the search opens", ["Control+a", "Delete", "Control+f"], ".details [name=query]", "Words, \"a phrase\", from:alice");
  await step("a result is shown", ["'keyboard'", "Enter"], ".hit", "Words, \"a phrase\", from:alice");
  await step("the conversations have the focus", ["F6"], null, "#general");
  await step("the messages have the focus", ["F6"], null, "alice 9:00 from the keyboard, edited (edited)");
  await step("the field has the focus again", ["F6", "Escape"], null, "Message to #general");
  await context.close();
  assertTranscript("page-keyboard.md", `# The page: a session with the keyboard only

Alice logs in, writes, reacts, edits, opens conversations, completes a name and searches, without a pointer.
\`web/tests/e2e/transcripts.test.mjs\` writes this page, and fails when another element has the focus.

${table(["Keys", "Effect", "Focus afterwards"], rows)}
`);
});
