// The five people of docs/transcripts/trabalho.md. Alice (in English) and Bob (in Portuguese) use the page;
// Carlos, Diana and Eduardo use `papo chat` with ZeroMQ.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PASSWORD, Terminal, launch, say, startNode, texts, until, watch } from "./harness.mjs";

let node;
let browser;
const terminals = [];
before(async () => {
  node = await startNode();
  browser = await launch();
});
after(async () => {
  await Promise.all(terminals.map((terminal) => terminal.stop()));
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

async function chat(name, lang) {
  const terminal = await Terminal.register(node.ready.clients, name, lang);
  terminals.push(terminal);
  return terminal;
}

/** Clicks a link, and returns the name and the bytes of the downloaded file. */
async function downloaded(page, selector) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  return { name: download.suggestedFilename(), bytes: Buffer.concat(chunks) };
}

/** The numbers and texts of all rows, in the language of the page. */
const rows = (page) => page.$$eval(".rows article", (articles) => articles.map((one) => {
  const body = one.querySelector("[id^=b]");
  const text = body.querySelector(".text, .file-name") ?? body;
  return `${one.dataset.n} ${one.querySelector(".author").textContent}: ${text.textContent}`;
}));

test("a private group at work: two in the browser, three at terminals", async () => {
  const { page: alice, problems } = await register("alice", "en");
  const { page: bob, problems: problemsOfBob } = await register("bob", "pt-BR");
  const [carlos, diana, eduardo] = [await chat("carlos", "pt-BR"), await chat("diana", "en"), await chat("eduardo", "pt-BR")];

  await alice.click("[aria-label='Browse channels']");
  await alice.fill("dialog [name=channel]", "#trabalho");
  await alice.check("dialog [name=private]");
  await alice.click("dialog button[type=submit]");
  await alice.waitForSelector("article:has-text('alice created the private channel #trabalho')");

  // Alice invites three users, who join one after the other.
  await say(alice, "/invite bob");
  await bob.click(".invitation button:has-text('Aceitar')");
  await alice.waitForSelector("article:has-text('bob joined #trabalho')");
  for (const [user, invitation] of [[carlos, "alice convida você para #trabalho"], [diana, "alice invites you to #trabalho"]]) {
    await say(alice, `/invite ${user.name}`);
    await alice.waitForSelector(`.notice:has-text('${user.name} can now join #trabalho')`);
    await user.sees(invitation);
    user.types("/accept");
    await alice.waitForSelector(`article:has-text('${user.name} joined #trabalho')`);
  }
  await diana.sees("#trabalho 7 diana joined #trabalho");

  // Four messages, from both kinds of clients.
  await say(alice, "bom dia! o contrato está pronto");
  await carlos.sees("#trabalho 8 alice: bom dia! o contrato está pronto");
  await bob.waitForSelector(".rows .text:has-text('o contrato está pronto')");
  await say(bob, "ótimo, vou ler ainda hoje");
  await diana.sees("#trabalho 9 bob: ótimo, vou ler ainda hoje");
  carlos.types("também leio 👍");
  await alice.waitForSelector(".rows .text:has-text('também leio')");
  diana.types("@alice obrigada!");
  await alice.waitForSelector("article.is-mention:has-text('obrigada')");
  await carlos.sees("#trabalho 11 diana: @alice obrigada!");
  const expected = ["bom dia! o contrato está pronto", "ótimo, vou ler ainda hoje", "também leio 👍", "@alice obrigada!"];
  await until(async () => (await texts(bob)).length === 4, "Bob's messages");
  assert.deepEqual([await texts(alice), await texts(bob)], [expected, expected]);

  await alice.click(".topbar [aria-label=Details]");
  await alice.waitForFunction(() => document.querySelectorAll(".member").length === 4);
  assert.deepEqual(await alice.$$eval(".member-name", (nodes) => nodes.map((one) => one.textContent)), ["alice", "bob", "carlos", "diana"]);

  // Alice sends a PDF from the page. It arrives unchanged in the page and at the terminals.
  const pdf = Buffer.from(`%PDF-1.4\n${"contrato ".repeat(60)}`);
  await alice.setInputFiles("input[type=file]", { name: "contrato.pdf", mimeType: "application/pdf", buffer: pdf });
  await bob.waitForSelector(".file-name:has-text('contrato.pdf')");
  await say(bob, "/search contrato");
  await bob.waitForFunction(() => document.querySelectorAll(".hit").length === 2);
  assert.deepEqual(await downloaded(bob, ".file-link"), { name: "contrato.pdf", bytes: pdf });
  for (const [user, saved] of [[carlos, "contrato.pdf foi salvo"], [diana, "contrato.pdf was saved"]]) {
    await user.sees("#trabalho 12");
    user.types("/get");
    await user.sees(`${saved}: papo_downloads/trabalho_alice_contrato.pdf`);
    assert.deepEqual(user.read("papo_downloads/trabalho_alice_contrato.pdf"), pdf);
  }

  // Carlos sends a picture to Diana only.
  const photo = Buffer.from("\x89PNG\r\n\x1a\nfoto", "latin1");
  carlos.write("foto.png", photo);
  carlos.types("@diana");
  carlos.types("/send foto.png");
  await carlos.sees("foto.png foi enviado: @diana 1");
  await diana.sees("@carlos 1 carlos sent foto.png");
  diana.types("@carlos");
  diana.types("/get");
  await diana.sees("foto.png was saved: papo_downloads/carlos_foto.png");
  assert.deepEqual(diana.read("papo_downloads/carlos_foto.png"), photo);

  // Eduardo is not invited, and learns nothing.
  for (const [i, line] of ["/join #trabalho", "/open #trabalho", "/members #trabalho"].entries()) {
    eduardo.types(line);
    await eduardo.sees("o canal #trabalho não existe: crie-o, ou veja /channels", i + 1);
  }
  eduardo.types("/msg #trabalho oi");
  await eduardo.sees("não enviada para #trabalho");
  eduardo.types("/search contrato");
  await eduardo.sees("nenhuma mensagem encontrada");
  eduardo.types("/channels");
  await eduardo.sees("ainda não há canais");

  // The rows of both pages have the numbers of the transcript.
  assert.deepEqual(await rows(alice), [
    "1 alice: created the private channel #trabalho", "2 alice: invited bob", "3 bob: joined #trabalho", "4 alice: invited carlos",
    "5 carlos: joined #trabalho", "6 alice: invited diana", "7 diana: joined #trabalho", "8 alice: bom dia! o contrato está pronto",
    "9 bob: ótimo, vou ler ainda hoje", "10 carlos: também leio 👍", "11 diana: @alice obrigada!", "12 alice: contrato.pdf"]);
  assert.deepEqual((await rows(bob)).slice(0, 3), ["1 alice: criou o canal privado #trabalho", "2 alice: convidou bob", "3 bob: entrou em #trabalho"]);
  assert.deepEqual((await rows(bob)).slice(7), (await rows(alice)).slice(7));
  for (const page of [alice, bob]) assert.ok(!/eduardo|foto\.png/.test(await page.$eval(".main", (main) => main.textContent)));
  assert.deepEqual([problems, problemsOfBob], [[], []]);
});
