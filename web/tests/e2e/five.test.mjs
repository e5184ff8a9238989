// The five people of docs/transcripts/trabalho.md, with Alice and Bob in a browser: she in English, he in
// Portuguese.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { Api, PASSWORD, launch, say, startNode, texts, until, uuid7, watch } from "./harness.mjs";

let node;
let browser;
before(async () => {
  node = await startNode();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await node?.stop();
});

async function register(user, locale) {
  const context = await browser.newContext({ locale, viewport: { width: 1100, height: 760 }, acceptDownloads: true });
  const page = await context.newPage();
  const problems = watch(page);
  await page.goto(node.origin);
  await page.click(locale === "pt-BR" ? "text=Criar uma conta" : "text=Create an account");
  await page.fill("[name=user]", user);
  await page.fill("[name=password]", PASSWORD);
  await page.click(".entrance-form .primary");
  await page.waitForSelector("dialog[open] [name=channel]");
  await page.keyboard.press("Escape");
  return { page, problems };
}

test("a private group at work", async () => {
  const { page: alice, problems } = await register("alice", "en");
  const { page: bob, problems: problemsOfBob } = await register("bob", "pt-BR");
  const [carlos, diana, eduardo] = await Promise.all(["carlos", "diana", "eduardo"].map((name) => new Api(node.origin).register(name)));

  await alice.click("[aria-label='Browse channels']");
  await alice.fill("dialog [name=channel]", "#trabalho");
  await alice.check("dialog [name=private]");
  await alice.click("dialog button[type=submit]");
  await alice.waitForSelector("article:has-text('alice created the private channel #trabalho')");
  for (const name of ["bob", "carlos", "diana"]) {
    await say(alice, `/invite ${name}`);
    await alice.waitForSelector(`.notice:has-text('${name} can now join #trabalho')`);
  }
  await bob.click(".invitation button:has-text('Aceitar')");
  await bob.waitForSelector("article:has-text('entrou em #trabalho')");
  await carlos.call("channel.join", { channel: "#trabalho" });
  await diana.call("channel.join", { channel: "#trabalho" });

  await say(alice, "bom dia! o contrato está pronto");
  await bob.waitForSelector(".rows .text:has-text('o contrato está pronto')");
  await say(bob, "ótimo, vou ler ainda hoje");
  await alice.waitForSelector(".rows .text:has-text('ainda hoje')");
  await carlos.send("#trabalho", "também leio 👍");
  await diana.send("#trabalho", "@alice obrigada!");
  await alice.waitForSelector("article.is-mention:has-text('obrigada')");
  const expected = ["bom dia! o contrato está pronto", "ótimo, vou ler ainda hoje", "também leio 👍", "@alice obrigada!"];
  await until(async () => (await texts(bob)).length === 4, "Bob's messages");
  assert.deepEqual([await texts(alice), await texts(bob)], [expected, expected]);

  const pdf = Buffer.from(`%PDF-1.4\n${"contrato ".repeat(60)}`);
  await alice.setInputFiles("input[type=file]", { name: "contrato.pdf", mimeType: "application/pdf", buffer: pdf });
  await bob.waitForSelector(".file-name:has-text('contrato.pdf')");
  await say(bob, "/search contrato");
  await bob.waitForFunction(() => document.querySelectorAll(".hit").length === 2);
  const [download] = await Promise.all([bob.waitForEvent("download"), bob.click(".file-link")]);
  const stream = await download.createReadStream();
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), pdf);
  assert.equal(download.suggestedFilename(), "contrato.pdf");

  await alice.click(".topbar [aria-label=Details]");
  await alice.waitForFunction(() => document.querySelectorAll(".member").length === 4);
  assert.deepEqual(await alice.$$eval(".member-name", (nodes) => nodes.map((one) => one.textContent)), ["alice", "bob", "carlos", "diana"]);

  // Eduardo is not invited, and the picture of Carlos is for Diana only.
  assert.ok(!(await eduardo.call("channel.list", {})).channels.some(({ channel }) => channel === "#trabalho"));
  await assert.rejects(eduardo.call("message.history", { conversation: "#trabalho" }));
  const query = new URLSearchParams({ to: "@diana", name: "foto.png", sha256: createHash("sha256").update("foto").digest("hex") });
  await fetch(`${node.origin}/files/${uuid7()}?${query}`, { method: "PUT", body: "foto", headers: { Authorization: `Bearer ${carlos.token}` } });
  await carlos.send("#trabalho", "mandei a foto para a Diana");
  await bob.waitForSelector(".rows .text:has-text('mandei a foto')");
  for (const page of [alice, bob]) assert.ok(!(await page.content()).includes("foto.png"));
  assert.deepEqual([problems, problemsOfBob], [[], []]);
});
