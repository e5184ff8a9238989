// Starts a node of papo, a proxy that can cut the network, and Debian's chromium.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const PAPO = process.env.PAPO_BIN ?? path.join(process.env.CARGO_TARGET_DIR ?? path.join(REPOSITORY, "target"), "debug/papo");
export const PASSWORD = "correct horse";

/** The path of a browser: CHROMIUM, or one of the usual names. */
function browserPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // The next name.
    }
  }
  throw new Error("needs chromium: scripts/install-needs test installs it");
}

export function launch() {
  return chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox"] });
}

/** Starts a role, and returns its process and its ready line. */
async function startRole(role, args) {
  if (!existsSync(PAPO)) throw new Error(`${PAPO} does not exist: cargo build --workspace --all-targets`);
  const child = spawn(PAPO, [role, ...args], { stdio: ["ignore", "pipe", process.env.PAPO_E2E_LOG ? "inherit" : "ignore"] });
  process.once("exit", () => child.kill("SIGKILL"));
  const lines = readline.createInterface({ input: child.stdout });
  const ready = await new Promise((resolve, reject) => {
    lines.once("line", (line) => resolve(JSON.parse(line)));
    child.once("exit", (code) => reject(new Error(`papo ${role} ended with ${code}`)));
  });
  return { child, ready };
}

async function kill(role) {
  if (!role || role.child.exitCode !== null) return;
  const ended = new Promise((resolve) => role.child.once("exit", resolve));
  role.child.kill("SIGKILL");
  await ended;
}

/** `papo up` in one process, behind a proxy that can cut the network. */
export async function startNode({ args = [] } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "papo-page-"));
  const any = "tcp://127.0.0.1:0";
  const role = await startRole("up", ["--data", folder, "--plaintext", "--clients", any, "--subscribers", any, "--broker-control", any,
    "--proxy-control", any, "--server-control", any, "--gateway-control", any, "--web", "127.0.0.1:0", "--metrics", "off", ...args]);
  const wire = await startWire(Number(role.ready.web.split(":").at(-1)));
  return {
    ready: role.ready, wire, origin: wire.origin,
    stop: async () => { wire.stop(); await kill(role); rmSync(folder, { recursive: true, force: true }); },
  };
}

/** The four roles as processes, so that each can be killed and started again. */
export async function startRoles() {
  const folder = mkdtempSync(path.join(tmpdir(), "papo-page-"));
  const any = "tcp://127.0.0.1:0";
  const broker = await startRole("broker", ["--plaintext", "--clients", any, "--servers", any, "--control", any]);
  const proxy = await startRole("proxy", ["--plaintext", "--events", any, "--subscribers", any, "--control", any]);
  const serverArgs = ["--plaintext", "--data", path.join(folder, "data"), "--broker", broker.ready.servers, "--proxy", proxy.ready.events,
    "--advertise", proxy.ready.subscribers, "--control", any, "--registration", "open"];
  const gatewayArgs = (web) => ["--plaintext", "--broker", broker.ready.clients, "--proxy", proxy.ready.subscribers, "--control", any,
    "--role-controls", "off", "--web", web, "--metrics", "off"];
  let server = await startRole("server", serverArgs);
  let gateway = await startRole("gateway", gatewayArgs("127.0.0.1:0"));
  const web = gateway.ready.web;
  const wire = await startWire(Number(web.split(":").at(-1)));
  return {
    wire, origin: wire.origin,
    /** The gateway without the proxy that can be cut. */
    direct: `http://${web}`,
    killServer: () => kill(server),
    startServer: async () => { server = await startRole("server", serverArgs); },
    killGateway: () => kill(gateway),
    startGateway: async () => { gateway = await startRole("gateway", gatewayArgs(web)); },
    stop: async () => {
      wire.stop();
      for (const role of [gateway, server, proxy, broker]) await kill(role);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let addresses = 0;

/** The next address of this computer. A node limits the logins of an address, and tests log in often. */
function nextAddress() {
  addresses += 1;
  return `127.77.${(addresses >> 8) & 255}.${addresses & 255}`;
}

/**
 * A TCP proxy to a port. While it is cut, bytes wait and new connections get no answer, as on a lost network.
 * Each connection comes from another address, as those of users at different computers.
 */
async function startWire(port) {
  const pairs = new Set();
  let isCut = false;
  let bytesPerSecond = 0;
  const server = net.createServer((near) => {
    const far = net.connect({ port, host: "127.0.0.1", localAddress: nextAddress() });
    const pair = { near, far };
    pairs.add(pair);
    const end = () => { pairs.delete(pair); near.destroy(); far.destroy(); };
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on("data", (chunk) => {
        to.write(chunk);
        if (from !== near || !bytesPerSecond) return;
        from.pause();
        setTimeout(() => { if (!isCut) from.resume(); }, (chunk.length / bytesPerSecond) * 1000);
      });
      from.on("close", end);
      from.on("error", end);
    }
    if (isCut) { near.pause(); far.pause(); }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** Stops all bytes. The ends do not notice it. */
    cut: () => { isCut = true; for (const { near, far } of pairs) { near.pause(); far.pause(); } },
    /** Ends the connections that were cut, as after a change of the address. */
    heal: () => { isCut = false; for (const { near, far } of [...pairs]) { near.destroy(); far.destroy(); } },
    /** Breaks all connections once. */
    breakAll: () => { for (const { near, far } of [...pairs]) { near.destroy(); far.destroy(); } },
    /** Limits the bytes from the browser; 0 removes the limit. */
    slow: (limit) => { bytesPerSecond = limit; },
    stop: () => { server.close(); for (const { near, far } of pairs) { near.destroy(); far.destroy(); } },
  };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The requests of one batch. */
const BATCH = 90;

/** A user of the HTTP API, to prepare conversations. */
export class Api {
  constructor(origin) { this.origin = origin; }

  async call(method, params, token = this.token) {
    const reply = await fetch(`${this.origin}/rpc`, {
      method: "POST",
      // A login needs a connection of its own, which has another address.
      headers: { "Content-Type": "application/json", ...(method.startsWith("auth.") ? { Connection: "close" } : {}), ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const { result, error } = await reply.json();
    if (error?.data?.wait_ms) {
      await sleep(error.data.wait_ms + 50);
      return this.call(method, params, token);
    }
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Sends requests, several at once, in order. */
  async batch(requests) {
    const lines = requests.map(({ method, params }, i) => ({ jsonrpc: "2.0", id: i + 1, method, params }));
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${this.token}` };
    for (let at = 0; at < lines.length; at += BATCH) {
      const reply = await fetch(`${this.origin}/rpc`, { method: "POST", headers, body: JSON.stringify(lines.slice(at, at + BATCH)) });
      for (const { error } of await reply.json()) if (error) throw new Error(error.message);
    }
  }

  sendAll(to, texts) { return this.batch(texts.map((text) => ({ method: "message.send", params: { to, id: uuid7(), text } }))); }

  async register(user) {
    await this.call("auth.register", { user, password: PASSWORD });
    return this.login(user);
  }

  async login(user, password = PASSWORD) {
    this.user = user;
    this.token = (await this.call("auth.login", { user, password }, null)).token;
    return this;
  }

  send(to, text, fields = {}) { return this.call("message.send", { to, id: uuid7(), text, ...fields }); }
}

export function uuid7() {
  const time = Date.now().toString(16).padStart(12, "0");
  const random = [...crypto.getRandomValues(new Uint8Array(10))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6, 18)}`;
}

/** Registers users and lets them join a channel. @returns {Promise<Api[]>} */
export async function users(origin, names, channel = "#general") {
  const apis = [];
  for (const name of names) apis.push(await new Api(origin).register(name));
  for (const [i, api] of apis.entries()) await api.call(i === 0 ? "channel.create" : "channel.join", { channel });
  return apis;
}

/** A user of `papo chat`, which reads lines from a pipe and speaks ZeroMQ. */
export class Terminal {
  screen = "";

  /** Starts the chat and registers the user. */
  static async register(server, name, lang) {
    const terminal = new Terminal(server, name, lang);
    terminal.types(`/register ${name}`);
    await terminal.sees(lang === "en" ? `you are ${name}` : `você é ${name}`);
    return terminal;
  }

  constructor(server, name, lang) {
    this.name = name;
    this.folder = mkdtempSync(path.join(tmpdir(), `papo-${name}-`));
    this.child = spawn(PAPO, ["chat", "--plaintext", "--lang", lang, "--server", server, "--config", this.folder],
      { cwd: this.folder, env: { ...process.env, PAPO_PASSWORD: PASSWORD, LC_ALL: "C.UTF-8" } });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => { this.screen += text; });
    }
  }

  types(line) { this.child.stdin.write(`${line}\n`); }

  /** Waits until the screen shows a text this many times. */
  sees(text, times = 1) {
    return until(() => this.screen.split(text).length > times, () => `${this.name} sees ${text}, but:\n${this.screen}`);
  }

  /** A file in the folder of the chat. */
  write(name, bytes) { writeFileSync(path.join(this.folder, name), bytes); }
  read(name) { return readFileSync(path.join(this.folder, name)); }

  async stop() {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin.end();
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Logs in through the form of the page. */
export async function logIn(page, origin, user, address = "/") {
  await page.goto(origin + address);
  await page.fill("[name=user]", user);
  await page.fill("[name=password]", PASSWORD);
  await page.click(".entrance-form .primary");
  await page.waitForSelector("papo-composer, .entrance-form .problem:not(:empty)", { state: "attached" });
  if (await page.locator("papo-composer").count() === 0) throw new Error(`${user}: ${await page.textContent(".entrance-form .problem")}`);
}

/**
 * Starts a node and a browser for the tests of a file, and registers users, who join `#general`. All ends with
 * the tests. `open` opens a channel, or another conversation, in a browser of its own in which a user has
 * logged in.
 */
export async function setUp(...names) {
  const node = await startNode();
  const browser = await launch();
  after(async () => {
    await browser.close();
    await node.stop();
  });
  const open = async ({ user = names[0], conversation = "general", prepare, ...options } = {}) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const problems = watch(page);
    await prepare?.(page);
    await logIn(page, node.origin, user, `/#/${conversation}`);
    await page.waitForSelector(`h1:has-text('${conversation}')`);
    return { context, page, problems };
  };
  return { node, browser, open, apis: await users(node.origin, names) };
}

/** Makes the timers and intervals of a page of this length 20 times as fast. Call it before the page loads. */
export function hurry(page, ms) {
  return page.addInitScript((slow) => {
    for (const name of ["setTimeout", "setInterval"]) {
      const start = window[name].bind(window);
      window[name] = (act, wait, ...rest) => start(act, wait === slow ? wait / 20 : wait, ...rest);
    }
  }, ms);
}

/** The texts of the messages in the DOM, oldest first. */
export function texts(page) {
  return page.$$eval(".rows article .text", (nodes) => nodes.map((node) => node.textContent));
}

/** Types into the field and sends. */
export async function say(page, text) {
  await page.fill("#composer", text);
  await page.press("#composer", "Enter");
}

/** Waits for a condition in this process. */
export async function until(condition, what, ms = 10_000) {
  const end = Date.now() + ms;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > end) throw new Error(`timeout: ${typeof what === "function" ? what() : what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Compares a page of docs/transcripts with a text. UPDATE_DOCS=1 writes it. */
export function assertTranscript(name, text) {
  const file = path.join(REPOSITORY, "docs/transcripts", name);
  if (process.env.UPDATE_DOCS) writeFileSync(file, text);
  assert.equal(text, readFileSync(file, "utf8"), `docs/transcripts/${name} differs: UPDATE_DOCS=1 scripts/page-browser`);
}

/** What axe finds on a page, and text or controls that are wider than the page. */
export async function violations(page) {
  // The policy of the page forbids scripts of others, so axe comes in through the debugger.
  if (!(await page.evaluate(() => "axe" in window))) {
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  }
  const { violations: found } = await page.evaluate(() => window.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  const overflow = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll("dialog[open] .dialog-body, dialog[open] .tab-panel")]
    .filter((node) => node.scrollWidth > node.clientWidth).map((node) => `${node.className || node.tagName} is too wide`));
  return [...overflow, ...found.flatMap(({ id, nodes }) => nodes.map((one) => `${id}: ${one.html.slice(0, 160)} ${one.failureSummary?.split("\n")[1] ?? ""}`))];
}

/** Errors of the page that a test must not have: exceptions, and violations of the CSP. */
export function watch(page) {
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) problems.push(message.text());
  });
  return problems;
}

/** The widths of the tests of whole screens: both only with `scripts/page-browser --full`, because `make test` has little time. */
export const WIDTHS = process.env.PAPO_E2E_FULL ? [1200, 360] : [1200];
