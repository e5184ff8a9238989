// The Lounge talks with the core of papo's page: join, messages, a file as a link, and a new connection.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { after, test } from "node:test";
import { connect } from "../../../web/src/core/node/index.js";

const LOUNGE = path.join(process.env.PAPO_LOUNGE, "node_modules");
const { io } = createRequire(path.join(LOUNGE, "x.js"))("socket.io-client");
const PASSWORD = "correct horse";
const DEADLINE_MS = 60_000;
const folder = mkdtempSync(path.join(tmpdir(), "papo-lounge-"));
const children = [];

after(async () => {
  const ends = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  children.forEach((child) => child.kill("SIGKILL"));
  await Promise.all(ends);
  rmSync(folder, { recursive: true, force: true });
});

function start(program, args, options) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], ...options });
  children.push(child);
  return child;
}

/** Starts a node, and returns its ready line. */
async function startNode() {
  const any = "tcp://127.0.0.1:0";
  const controls = ["broker", "proxy", "server", "gateway", "irc"].flatMap((role) => [`--${role}-control`, any]);
  const child = start(process.env.PAPO_BIN, ["up", "--data", path.join(folder, "data"), "--plaintext", "--clients", any, "--subscribers", any,
    ...controls, "--web", "127.0.0.1:0", "--metrics", "off", "--irc", "127.0.0.1:0", "--registration", "open"], { stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of readline.createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error("papo up ended");
}

/** A port that no program uses now. The Lounge cannot choose one by itself. */
async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts The Lounge without accounts of its own, and returns its address. */
async function startLounge() {
  const [home, port] = [path.join(folder, "lounge"), await freePort()];
  mkdirSync(home);
  const config = { public: true, host: "127.0.0.1", port, prefetch: false, reverseProxy: false, maxHistory: 100, leaveMessage: "" };
  writeFileSync(path.join(home, "config.js"), `module.exports = ${JSON.stringify(config)};`);
  const child = start(process.execPath, [path.join(LOUNGE, "thelounge/index.js"), "start"], { env: { ...process.env, THELOUNGE_HOME: home } });
  for await (const line of readline.createInterface({ input: child.stdout })) if (/Available at/.test(line)) break;
  child.stdout.resume();
  return `http://127.0.0.1:${port}`;
}

/** Values that arrive, and waits for them. */
class Inbox {
  #items = [];
  #waiting = new Set();

  push(item) {
    this.#items.push(item);
    for (const check of [...this.#waiting]) check();
  }

  /** The next item with a property. The items before it stay. */
  next(what, is) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ${what} in ${JSON.stringify(this.#items)}`)), DEADLINE_MS);
      const check = () => {
        const at = this.#items.findIndex(is);
        if (at < 0) return;
        clearTimeout(late);
        this.#waiting.delete(check);
        resolve(this.#items.splice(at, 1)[0]);
      };
      this.#waiting.add(check);
      check();
    });
  }
}

/** The server of The Lounge, as its page sees it, with a connection of alice to the node. */
async function openLounge(address, irc) {
  const socket = io(address, { transports: ["websocket"] });
  const inbox = new Inbox();
  socket.onAny((event, data) => inbox.push({ event, ...data }));
  await inbox.next("init", ({ event }) => event === "init");
  const [host, port] = irc.split(":");
  socket.emit("network:new", { name: "papo", host, port, tls: false, rejectUnauthorized: false, nick: "alice", username: "alice", realname: "Alice",
    sasl: "plain", saslAccount: "alice", saslPassword: PASSWORD, join: "" });
  const { network, networks } = await inbox.next("network", ({ event }) => event === "network");
  const lobby = (network ?? networks[0]).channels[0].id;
  const joined = async (name) => (await inbox.next(`join of ${name}`, ({ event, chan }) => event === "join" && chan.name === name)).chan.id;
  const said = (chan, text) => inbox.next(text, ({ event, chan: where, msg }) => event === "msg" && where === chan && msg.text?.includes(text));
  await said(lobby, "no acknowledged message is ever lost");
  return { lobby, joined, said, say: (target, text) => socket.emit("input", { target, text }), close: () => socket.close() };
}

test("The Lounge joins, talks, shows a file as a link, and is in its channels again", async () => {
  const node = await startNode();
  const web = `http://${node.web}`;
  for (const user of ["alice", "bob"]) {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "auth.register", params: { user, password: PASSWORD } });
    const reply = await fetch(`${web}/rpc`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    assert.ok(!(await reply.json()).error);
  }
  const events = new Inbox();
  const bob = await connect({ url: `ws://${node.web}/ws`, user: "bob", password: PASSWORD, onEvent: (event, entry) => events.push({ ...event, at: entry.conversation }) });
  await bob.request("channel.create", { channel: "#ops" });
  const received = (text, conversation) => events.next(text, (event) => event.text === text && event.at === conversation);

  const address = await startLounge();
  let lounge = await openLounge(address, node.irc);
  lounge.say(lounge.lobby, "/join #ops");
  const ops = await lounge.joined("#ops");
  lounge.say(ops, "olá do Lounge");
  await received("olá do Lounge", "#ops");
  bob.send({ to: "#ops", text: "olá da página" });
  await lounge.said(ops, "olá da página");
  lounge.say(ops, "/msg bob só para você");
  await received("só para você", "@alice");
  bob.send({ to: "@alice", text: "recebido" });
  await lounge.said(await lounge.joined("bob"), "recebido");

  const { token } = await bob.request("bot.create", { name: "up", scope: "write", conversations: ["#ops"] });
  const content = new TextEncoder().encode("conteúdo");
  const hash = Buffer.from(await crypto.subtle.digest("SHA-256", content)).toString("hex");
  const upload = `${web}/files/01970000-0000-7000-8000-000000000001?to=%23ops&name=plan.txt&sha256=${hash}`;
  const sent = await fetch(upload, { method: "PUT", headers: { Authorization: `Bearer ${token}` }, body: content });
  assert.equal(sent.status, 200, await sent.text());
  const { msg } = await lounge.said(ops, "plan.txt (9 B) http");
  assert.equal(await (await fetch(msg.text.split(" ").at(-1))).text(), "conteúdo");
  lounge.close();

  bob.send({ to: "#ops", text: "enquanto você dormia" });
  await received("enquanto você dormia", "#ops");
  lounge = await openLounge(address, node.irc);
  const again = await lounge.joined("#ops");
  lounge.say(lounge.lobby, "/quote CHATHISTORY LATEST #ops * 1");
  await lounge.said(again, "enquanto você dormia");
  lounge.close();
  await bob.stop();
});
