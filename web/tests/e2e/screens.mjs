// The nine screens of the page, with the same content each time: for axe and for the pictures of
// docs/images.

import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { PASSWORD, logIn, users, uuid7 } from "./harness.mjs";

/** Users, channels and messages of a small team. @returns {Promise<any[]>} */
export async function prepare(origin) {
  const apis = await users(origin, ["alice", "bob", "carol", "davi"]);
  const [alice, bob, carol, davi] = apis;
  await alice.call("channel.set", { channel: "#general", subject: "Release 2.4 on Thursday" });
  await bob.call("channel.create", { channel: "#ops" });
  await alice.call("channel.join", { channel: "#ops" });
  await alice.call("channel.create", { channel: "#board", private: true });
  await carol.call("channel.create", { channel: "#design", private: true });
  await carol.call("channel.invite", { channel: "#design", user: "alice" });
  await bob.send("#general", "Good morning! The build of **2.4** is green: https://ci.example.org/runs/481");
  const { n } = await carol.send("#general", "Bom dia! I will update the notes for the release today.\nWho reviews them?");
  await alice.send("#general", "I do, after lunch", { reply: n });
  await alice.call("message.react", { conversation: "#general", n, id: uuid7(), emoji: "👍" });
  await davi.call("message.react", { conversation: "#general", n, id: uuid7(), emoji: "👍" });
  await bob.call("message.react", { conversation: "#general", n, id: uuid7(), emoji: "🎉" });
  await davi.send("#general", "The migration needs one more flag:\n```sh\npapo up --data /srv/papo \\\n        --registration invite\n```\nI tested it with `papo log verify`.");
  await upload(davi, "#general", "load-test.png", chart());
  await upload(carol, "#general", "release-notes-2.4.pdf", Buffer.alloc(48_200, 7));
  await bob.send("#general", "@alice can you look at #ops before the meeting?");
  await bob.send("#ops", "Disk of node 3 is at 81 %");
  await bob.send("#ops", "@alice I moved the backups, now 64 %");
  await carol.send("@alice", "Are you free at three?");
  await carol.call("presence.set", { state: "online" });
  await davi.call("presence.set", { state: "away" });
  return apis;
}

/** A chart of 480 by 260 pixels as a PNG. */
function chart() {
  const [width, height] = [480, 260];
  const rows = [];
  for (let y = 0; y < height; y++) {
    const row = Buffer.alloc(1 + width * 3, 245);
    row[0] = 0;
    for (let x = 0; x < width; x++) {
      const value = height - 40 - 150 * (1 - Math.exp(-x / 160)) - 12 * Math.sin(x / 17);
      const colour = y > value && y < height - 20 ? [63, 143, 119] : y % 40 === 0 ? [215, 222, 219] : [245, 247, 246];
      row.set(colour, 1 + x * 3);
    }
    rows.push(row);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const parts = [["IHDR", head], ["IDAT", deflateSync(Buffer.concat(rows))], ["IEND", Buffer.alloc(0)]];
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...parts.map(([type, data]) => chunk(type, data))]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc(body), body.length + 4);
  return whole;
}

function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let i = 0; i < 8; i++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

async function upload(api, to, name, bytes) {
  const query = new URLSearchParams({ to, name, sha256: createHash("sha256").update(bytes).digest("hex") });
  await fetch(`${api.origin}/files/${uuid7()}?${query}`, { method: "PUT", body: bytes, headers: { Authorization: `Bearer ${api.token}` } });
}

const app = (page, act) => page.evaluate(act);
const closeAll = (page) => page.evaluate(() => {
  document.querySelector("dialog[open]")?.close();
  document.querySelectorAll(".notice").forEach((note) => note.remove());
  document.querySelector("papo-app")?.closeDetails?.();
});

/** Each screen follows the one before it. */
export const screens = [
  { name: "login", show: async (page, { origin }) => {
    await page.goto(origin);
    await page.waitForSelector(".entrance-form");
  } },
  { name: "register", show: async (page, { origin }) => {
    await page.goto("about:blank");
    await page.goto(`${origin}/#join=4f0c19a2b3d4`);
    await page.waitForSelector("[name=code]");
  } },
  { name: "chat", show: async (page, { origin }) => {
    await page.goto("about:blank");
    await logIn(page, origin, "alice", "/#/general");
    await page.waitForSelector(".rows .mention");
    await page.waitForFunction(() => [...document.querySelectorAll(".rows img")].every((image) => image.complete));
  } },
  { name: "members", show: async (page) => {
    await closeAll(page);
    await app(page, () => document.querySelector("papo-app").openDetails());
    await page.waitForSelector(".member");
  } },
  { name: "search", show: async (page) => {
    await closeAll(page);
    await app(page, () => document.querySelector("papo-app").openSearch("release from:carol"));
    await page.waitForSelector(".hit");
  } },
  { name: "switcher", show: async (page) => {
    await closeAll(page);
    await app(page, () => document.querySelector("papo-app").openSwitcher());
    await page.waitForSelector("dialog[open] .pick-list li");
  } },
  { name: "settings", show: async (page) => {
    await closeAll(page);
    await app(page, () => document.querySelector("papo-app").openSettings());
    await page.waitForSelector("dialog[open] select");
  } },
  { name: "administration", show: async (page) => {
    await closeAll(page);
    await app(page, async () => (await import("/a/ui/admin.js")).openAdmin(document.querySelector("papo-app")));
    await page.waitForSelector(".admin .record .mark");
  } },
  { name: "phone", show: async (page) => {
    await closeAll(page);
    await app(page, () => document.querySelector("papo-app").showView("list"));
    await page.waitForSelector("a.item");
  } },
];
export { PASSWORD };
