// Safety: the Content-Security-Policy in the browser, and hostile names, texts and files.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createHash } from "node:crypto";
import { logIn, setUp, uuid7 } from "./harness.mjs";

const { node, browser, open, apis: [alice] } = await setUp("alice", "bob");

test("the policy is complete, and the browser enforces it", async () => {
  const reply = await fetch(node.origin);
  const policy = reply.headers.get("content-security-policy");
  for (const part of ["default-src 'none'", "script-src 'self' 'sha256-", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
    "require-trusted-types-for 'script'", "trusted-types papo-worker"]) {
    assert.ok(policy.includes(part), `${part} in ${policy}`);
  }
  assert.ok(!/unsafe|data:|https:|\*/.test(policy), policy);
  for (const [name, value] of [["referrer-policy", "no-referrer"], ["x-content-type-options", "nosniff"], ["cross-origin-opener-policy", "same-origin"],
    ["cross-origin-resource-policy", "same-origin"], ["permissions-policy", "camera=(), microphone=(), geolocation=()"], ["cache-control", "no-cache"]]) {
    assert.equal(reply.headers.get(name), value, name);
  }
  const { page, problems } = await open();
  assert.deepEqual(problems, [], "the page itself needs nothing that the policy forbids");
  // The page has made its only policy.
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  const refused = await page.evaluate(async () => {
    // The debugger may evaluate code that the policy forbids to the page. A timer is the page itself.
    await new Promise((resolve) => { setTimeout(resolve, 0); });
    const attempt = (act) => { try { act(); return "done"; } catch (error) { return error.name; } };
    const body = document.body;
    const results = {
      html: attempt(() => { body[["inner", "HTML"].join("")] = "<img src=x onerror=alert(1)>"; }),
      code: attempt(() => window[["ev", "al"].join("")]("1")),
      policy: attempt(() => window.trustedTypes.createPolicy("x", {})),
      worker: attempt(() => window.trustedTypes.createPolicy("papo-worker", { createScriptURL: (path) => path })),
    };
    window.marks = [];
    const script = document.createElement("script");
    results.script = attempt(() => { script.text = "window.marks.push('script')"; body.append(script); });
    const button = document.createElement("button");
    results.handler = attempt(() => button.setAttribute("onclick", "window.marks.push('handler')"));
    button.click();
    const image = new Image();
    image.src = "https://example.org/x.png";
    results.image = await new Promise((resolve) => { image.onerror = () => resolve("refused"); image.onload = () => resolve("loaded"); });
    results.fetch = await fetch("https://example.org").then(() => "loaded", () => "refused");
    return { ...results, marks: window.marks };
  });
  assert.deepEqual({ ...refused, handler: "", script: "" }, { html: "TypeError", code: "EvalError", policy: "TypeError", worker: "TypeError", script: "", handler: "", image: "refused", fetch: "refused", marks: [] });
  assert.ok(["done", "TypeError"].includes(refused.script));
  await page.context().close();
});

test("no request leaves the origin, hashed files are immutable, and an unchanged page is 304", async () => {
  const page = await (await browser.newContext()).newPage();
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  await logIn(page, node.origin, "alice");
  await page.waitForSelector("h1:has-text('#general')");
  assert.deepEqual(requests.filter((url) => !url.startsWith(`${node.origin}/`)), []);
  const hashed = requests.filter((url) => /\/a\/.*\.[0-9a-f]{16}\.(js|css)$/.test(url));
  assert.ok(hashed.length > 20, `${hashed.length} hashed files`);
  const reply = await fetch(hashed[0], { headers: { "Accept-Encoding": "br" } });
  assert.match(reply.headers.get("cache-control"), /immutable/);
  assert.equal(reply.headers.get("content-encoding"), "br");
  const index = await fetch(node.origin);
  const again = await fetch(node.origin, { headers: { "If-None-Match": index.headers.get("etag") } });
  assert.equal(again.status, 304);
  const slot = await fetch(`${node.origin}/u/3`, { redirect: "manual" });
  assert.deepEqual([slot.status, slot.headers.get("location")], [308, "/u/3/"]);
  for (const path of ["/u/10/", "/u/x/", "/a/main.js/x", "/a/../Cargo.toml", "/a/index.html"]) {
    assert.ok([400, 404].includes((await fetch(node.origin + path)).status), path);
  }
  await page.context().close();
});

const HOSTILE = [
  "<img src=x onerror=alert(1)><script>alert(1)</script>", "<svg onload=alert(1)>", "[x](javascript:alert(1)) [y](data:text/html,<script>alert(1)</script>)",
  "javascript:alert(1) vbscript:x", "[good.example](https://evil.example/)", "https://аpple.com/ and https://user:pass@evil.example/", "\u202Egnp.exe\u202C @alice\u2066",
  "```<script>\n</pre><script>alert(1)</script>\n```", "`<b>x</b>`", "**".repeat(4000), "[".repeat(8000), "a\u0301".repeat(3000), "{{constructor.constructor('alert(1)')()}}",
  "@__proto__ #constructor @here", "x".repeat(16000), "\u0000\u0007\u001b[31m",
];

test("hostile texts are shown as text", async () => {
  for (const text of HOSTILE) await alice.send("#general", text);
  const { page, problems } = await open();
  page.on("dialog", () => assert.fail("a text ran a script"));
  await page.waitForFunction((count) => document.querySelectorAll(".rows .text").length === count, HOSTILE.length);
  const found = await page.evaluate(() => {
    const nodes = [...document.querySelectorAll(".rows .text *")];
    return {
      tags: [...new Set(nodes.map((node) => node.localName))].sort(),
      handlers: nodes.filter((node) => [...node.attributes].some(({ name }) => name.startsWith("on") || name === "style")).length,
      links: [...document.querySelectorAll(".rows .text a")].map((link) => ({ href: link.href, rel: link.rel, target: link.target })),
      hosts: [...document.querySelectorAll(".rows .link-host")].map((node) => node.textContent.trim()),
      controls: [...document.querySelectorAll(".rows .control")].map((node) => node.textContent),
      wide: document.querySelector(".log").scrollWidth - document.querySelector(".log").clientWidth,
    };
  });
  assert.deepEqual(found.tags.filter((tag) => !["a", "button", "code", "div", "em", "mark", "p", "path", "pre", "span", "strong", "svg", "br"].includes(tag)), []);
  assert.equal(found.handlers, 0);
  assert.ok(found.links.every(({ href, rel, target }) => /^https?:/.test(href) && rel === "noopener noreferrer nofollow" && target === "_blank"), JSON.stringify(found.links));
  assert.ok(found.hosts.includes("(evil.example)"), "a link whose text lies shows its host");
  assert.ok(found.hosts.some((host) => host.includes("xn--")), "a foreign host is shown in punycode");
  assert.ok(found.controls.includes("U+202E") && found.controls.includes("U+2066"), "controls of the direction are visible");
  assert.equal(found.wide, 0, "no text makes the page wider");
  assert.deepEqual(problems, []);
  await page.context().close();
});

test("hostile files: no script of an SVG or a page runs, and names are text", async () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>parent.postMessage("ran","*");alert(1)</script></svg>');
  const html = Buffer.from("<script>alert(1)</script>");
  for (const [name, bytes] of [["<img src=x onerror=alert(1)>.txt", html], ["picture.png", svg], ["x.svg", Buffer.concat([svg, Buffer.from(" ")])],
    ["page.html", Buffer.from(`<p>${html}`)], ["\u202Egpj.exe", Buffer.from(`<b>${html}`)]]) await upload(alice, "#general", name, bytes);
  const { page, problems } = await open();
  page.on("dialog", () => assert.fail("a file ran a script"));
  await page.waitForFunction(() => document.querySelectorAll(".rows .file").length === 5);
  assert.equal(await page.$$eval(".rows .file-name img, .rows .file-name script", (nodes) => nodes.length), 0);
  await page.waitForSelector(".file:has-text('picture.png') >> text=No preview");
  for (const address of await page.$$eval(".rows .file-link", (links) => links.map((link) => link.href))) {
    const reply = await fetch(address, { headers: { Authorization: `Bearer ${alice.token}` } });
    assert.equal(reply.status, 200, address);
    assert.match(reply.headers.get("content-disposition"), /^attachment/, address);
    assert.match(reply.headers.get("content-security-policy"), /sandbox; default-src 'none'/);
  }
  assert.deepEqual(problems, []);
  await page.context().close();
});

async function upload(api, to, name, bytes) {
  const query = new URLSearchParams({ to, name, sha256: createHash("sha256").update(bytes).digest("hex") });
  const reply = await fetch(`${api.origin}/files/${uuid7()}?${query}`, { method: "PUT", body: bytes, headers: { Authorization: `Bearer ${api.token}` } });
  assert.equal(reply.status, 200, await reply.text());
}
