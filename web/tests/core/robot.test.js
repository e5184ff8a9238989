// Programs in Node with the core, at a real node: they log in, follow, send and receive, and survive cuts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, memoryStorage, soloTabs, webSocketLink } from "../../src/core/client.js";
import { startPapo } from "./papo.js";
import { Socket } from "../../src/core/node/socket.js";

/** @import { News } from "../../src/core/api.js" */

const PASSWORD = "correct horse";

/** @type {Awaited<ReturnType<typeof startPapo>>} */
let papo;
before(async () => {
  papo = await startPapo();
});
after(() => papo.stop());

/** @param {() => unknown} condition */
async function until(condition) {
  for (let left = 1000; !condition(); left--) {
    assert.ok(left > 0, `never true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** @param {string} method @param {object} params @param {string} [token] */
async function rpc(method, params, token) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const body = JSON.stringify({ jsonrpc: "2.0", id: "1", method, params });
  const reply = await (await fetch(`${papo.origin}/rpc`, { method: "POST", headers, body })).json();
  assert.equal(reply.error, undefined, JSON.stringify(reply.error));
  return reply.result;
}

/** @param {string} user who gets an account, with a code of the administrator @param {string} [token] */
async function register(user, token) {
  const code = token && (await rpc("join_code.create", { uses: 1 }, token)).code;
  await rpc("auth.register", { user, password: PASSWORD, ...(code && { code }) });
  return (await rpc("auth.login", { user, password: PASSWORD })).token;
}

/** A robot that is logged in and follows all conversations. @param {string} user */
async function robot(user) {
  /** @type {News[]} */
  const news = [];
  const link = webSocketLink(`${papo.origin.replace("http", "ws")}/ws`, { WebSocket: /** @type {any} */ (Socket) });
  const client = new Client({ link, storage: memoryStorage(), tabs: soloTabs(), onNews: (one) => news.push(one) });
  client.start();
  await client.command({ kind: "login", user, password: PASSWORD });
  await client.command({ kind: "follow", follow: { kind: "everything" } });
  const texts = () => news.flatMap((one) => (one.kind === "entry" && one.entry.event?.text ? [one.entry.event.text] : []));
  return { client, link: /** @type {any} */ (link), news, texts };
}

test("two robots log in, follow, send and receive", async () => {
  const token = await register("alice");
  await register("bob", token);
  const [alice, bob] = await Promise.all([robot("alice"), robot("bob")]);
  await alice.client.command({ kind: "create", channel: "#ops", private: false });
  await bob.client.command({ kind: "join", channel: "#ops" });
  alice.client.send({ to: "#ops", text: "oi, bob" });
  await until(() => bob.texts().includes("oi, bob"));
  bob.client.send({ to: "@alice", text: "só para ti 🙂" });
  await until(() => alice.texts().includes("só para ti 🙂"));

  // The connection of bob breaks while both write.
  for (let round = 0; round < 5; round++) {
    bob.link.socket.close();
    alice.client.send({ to: "#ops", text: `alice ${round}` });
    bob.client.send({ to: "#ops", text: `bob ${round}` });
    await until(() => bob.client.session.messagesWaiting() === 0);
  }
  const wanted = [...Array(5).keys()].flatMap((round) => [`alice ${round}`, `bob ${round}`]).sort();
  for (const one of [alice, bob]) {
    await until(() => one.texts().filter((text) => /^(alice|bob) \d$/.test(text)).length >= wanted.length);
    assert.deepEqual(one.texts().filter((text) => /^(alice|bob) \d$/.test(text)).sort(), wanted);
  }
  const [progress] = bob.client.status().conversations;
  assert.equal(progress?.shown, progress?.head);
  const page = await bob.client.history({ conversation: "#ops", limit: 3 });
  assert.equal(page.entries.length, 3);
  await assert.rejects(bob.client.command({ kind: "join", channel: "#none" }), { name: "PapoError" });
  alice.client.stop();
  bob.client.stop();
});

