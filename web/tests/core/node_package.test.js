// The package for Node: the bot of its README answers at a real node, also after a cut, and messages in the
// file of the outbox are sent once.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Socket, connect, fileStorage } from "../../src/core/node/index.js";
import { startPapo } from "./papo.js";

const core = fileURLToPath(new URL("../../src/core/", import.meta.url));
const PASSWORD = "correct horse";

/** @type {Awaited<ReturnType<typeof startPapo>>} */
let papo;
/** @type {string} */
let folder;
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "papo-node-"));
  papo = await startPapo();
  await call("auth.register", { user: "alice", password: PASSWORD });
});
after(async () => {
  await papo.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @param {string} method @param {object} params */
async function call(method, params) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ jsonrpc: "2.0", id: "1", method, params });
  return (await (await fetch(`${papo.origin}/rpc`, { method: "POST", headers, body })).json()).result;
}

/** @param {() => unknown} condition */
async function until(condition) {
  for (let left = 1000; !(await condition()); left--) {
    assert.ok(left > 0, `never true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const urlOf = () => `${papo.origin.replace("http", "ws")}/ws`;

/** Alice, who records the texts of all messages. @param {string} [outbox] */
async function alice(outbox) {
  /** @type {string[]} */
  const texts = [];
  const client = await connect({
    url: urlOf(), user: "alice", password: PASSWORD, ...(outbox && { outbox }),
    onEvent: (event) => event.kind === "message" && texts.push(event.text ?? ""),
  });
  return { client, texts };
}

test("the bot of the README answers, also after its connection was cut", async () => {
  const { client, texts } = await alice();
  await client.command({ kind: "create", channel: "#ops", private: false });
  const { token } = await client.request("bot.create", { name: "echo", scope: "write", conversations: ["#ops"] });
  const readme = readFileSync(path.join(core, "README.md"), "utf8");
  const program = /<!-- program: node -->\n```js\n(.*?)```/s.exec(readme)?.[1];
  assert.ok(program, "a program");
  const probe = await connect({ url: urlOf(), token });
  assert.equal(probe.session.cx.user, "echo", "the token of a bot has no name");
  probe.stop();
  mkdirSync(path.join(folder, "node_modules"));
  symlinkSync(core, path.join(folder, "node_modules/papo"));
  writeFileSync(path.join(folder, "bot.mjs"), program);
  const env = { ...process.env, PAPO_URL: urlOf(), PAPO_TOKEN: token };
  const bot = spawn(process.execPath, ["bot.mjs"], { cwd: folder, env, stdio: ["ignore", "ignore", "inherit"] });
  try {
    const list = () => client.request("command.list", { conversation: "#ops" });
    await until(async () => (await list()).commands.length === 1);
    client.send({ to: "#ops", text: "/echo one" });
    await until(() => texts.includes(" one"));
    /** @type {any} */ (client.options.link).socket.close();
    client.send({ to: "#ops", text: "/echo two" });
    await until(() => texts.includes(" two"));
    assert.deepEqual(texts, ["/echo one", " one", "/echo two", " two"]);
  } finally {
    bot.kill();
    client.stop();
  }
});

test("messages in the file of the outbox are sent once by the next run", async () => {
  const file = path.join(folder, "outbox");
  const { client, texts } = await alice(file);
  await client.command({ kind: "create", channel: "#later", private: false });
  client.send({ to: "#later", text: "sent" });
  await until(() => texts.includes("sent") && client.session.messagesWaiting() === 0);
  // The gateway is gone: the message is only in the file.
  client.options.link.stop();
  client.send({ to: "#later", text: "queued" });
  await until(() => readFileSync(file, "utf8").includes("queued"));
  client.stop();
  const next = await alice(file);
  await until(() => next.client.session.messagesWaiting() === 0);
  const page = await next.client.history({ conversation: "#later" });
  const found = page.entries.filter(({ event }) => event?.kind === "message").map(({ event }) => event?.text);
  assert.deepEqual(found, ["sent", "queued"]);
  next.client.stop();
  const storage = await fileStorage(file);
  assert.deepEqual(await storage.all("outbox"), []);
  await storage.destroy();
});

test("a torn line of the file is no message", async () => {
  const file = path.join(folder, "torn");
  writeFileSync(file, '{"put":"1","value":{"user":"alice"}}\n{"put":"2","value":{"user":"al');
  const storage = await fileStorage(file);
  assert.deepEqual(await storage.all("outbox"), [["1", { user: "alice" }]]);
  await storage.destroy();
});

test("a message in several frames is one message, and a message without an end is cut", async () => {
  const server = http.createServer();
  server.on("upgrade", (request, stream) => {
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    stream.on("error", () => {});
    stream.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Accept: ${accept.digest("base64")}\r\n\r\n`);
    // Two frames of a text with a ping between them, and then the head of a frame of 2^40 bytes.
    stream.write(Buffer.from([0x01, 2, 111, 105, 0x89, 0, 0x80, 1, 33, 0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0]));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const socket = new Socket(`ws://127.0.0.1:${port}/`, "papo.v1");
  /** @type {string[]} */
  const received = [];
  socket.onmessage = ({ data }) => received.push(data);
  const code = await new Promise((resolve) => (socket.onclose = (event) => resolve(event.code)));
  assert.deepEqual([received, code], [["oi!"], 1006]);
  server.close();
});

test("a wrong token is refused", async () => {
  await assert.rejects(connect({ url: urlOf(), token: "wrong" }));
});
