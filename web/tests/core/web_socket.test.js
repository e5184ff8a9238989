// The link to the gateway: when it sends pings, and when it connects again.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { webSocketLink } from "../../src/core/web_socket.js";

/** A WebSocket that the test controls. */
class FakeSocket {
  /** @type {FakeSocket[]} */
  static all = [];
  /** @type {string[]} */
  sent = [];
  isClosed = false;
  /** @type {any} */ onopen = null;
  /** @type {any} */ onmessage = null;
  /** @type {any} */ onclose = null;

  constructor() {
    FakeSocket.all.push(this);
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(text);
  }

  close() {
    this.isClosed = true;
  }
}

/** Milliseconds since the beginning of the test. */
let clock = 0;

beforeEach(() => {
  FakeSocket.all = [];
  clock = 0;
  delete (/** @type {any} */ (globalThis).document);
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

/**
 * A link with its log of events.
 *
 * @param {number} random
 * @param {import("../../src/core/web_socket.js").LinkOptions} options
 */
function started(random = 1, options = {}) {
  /** @type {string[]} */
  const log = [];
  const WebSocket = /** @type {any} */ (FakeSocket);
  const link = webSocketLink("ws://node/ws", { WebSocket, random: () => random, now: () => clock, ...options });
  link.start({
    onOpen: () => log.push("open"),
    onLines: (lines) => log.push(lines),
    onDown: () => log.push("down"),
    onEnd: (code) => log.push(`end ${code}`),
  });
  return { link, log };
}

/** Advances the time. A timer that another timer sets counts from its own time. @param {number} ms */
function advance(ms) {
  mock.timers.tick(0);
  for (let left = ms; left > 0; left--) {
    clock += 1;
    mock.timers.tick(1);
  }
}

function socket() {
  return /** @type {FakeSocket} */ (FakeSocket.all.at(-1));
}

/** @param {FakeSocket} of */
function pings(of) {
  return of.sent.filter((text) => text.includes("gateway.ping")).length;
}

test("a request without a reply sends a ping, and then connects again at once", () => {
  const { link, log } = started();
  socket().onopen();
  link.send("request");
  advance(499);
  assert.equal(pings(socket()), 0);
  advance(1);
  assert.equal(pings(socket()), 1);
  advance(500);
  assert.deepEqual(log, ["open", "down"]);
  advance(0);
  assert.equal(FakeSocket.all.length, 2);
  assert.equal(FakeSocket.all[0]?.isClosed, true);
});

test("a reply to the ping keeps the connection, however long the request takes", () => {
  const { link, log } = started();
  socket().onopen();
  for (let seconds = 0; seconds < 5; seconds++) {
    link.send("request");
    advance(500);
    socket().onmessage({ data: "pong" });
  }
  assert.equal(pings(socket()), 5);
  assert.ok(!log.includes("down"));
});

test("an idle connection is checked every ten seconds", () => {
  started();
  socket().onopen();
  socket().onmessage({ data: "hello" });
  advance(9_999);
  assert.equal(pings(socket()), 0);
  advance(1);
  assert.equal(pings(socket()), 1);
});

test("on a slow network the wait for a reply grows", () => {
  const { link } = started();
  for (const wait of [500, 1_000, 2_000]) {
    const current = socket();
    current.onopen();
    link.send("request");
    advance(2 * wait - 1);
    assert.equal(socket(), current, `${wait} ms`);
    advance(1);
    assert.equal(current.isClosed, true, `${wait} ms`);
    advance(1_000);
  }
});

test("the delay between attempts grows from 250 ms to 15 s", () => {
  started();
  const delays = [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000];
  for (const [count, delay] of delays.entries()) {
    socket().onclose({ code: 1006 });
    if (delay > 0) {
      advance(delay - 1);
      assert.equal(FakeSocket.all.length, count + 1, `attempt ${count}`);
    }
    advance(Math.min(delay, 1));
    assert.equal(FakeSocket.all.length, count + 2, `attempt ${count}`);
  }
});

/** A document that a user looks at. */
function watchPage() {
  const document = { visibilityState: "visible", addEventListener: () => {}, removeEventListener: () => {} };
  Object.assign(globalThis, { document });
}

test("while a user looks at the page, the delay is at most a second for two minutes", () => {
  watchPage();
  started();
  for (const delay of [0, 250, 500, 1_000, 1_000, 1_000]) {
    const count = FakeSocket.all.length;
    socket().onclose({ code: 1006 });
    advance(delay);
    assert.equal(FakeSocket.all.length, count + 1, `${delay} ms`);
  }
  advance(120_000);
  const before = FakeSocket.all.length;
  while (FakeSocket.all.length === before) {
    advance(1);
  }
  socket().onclose({ code: 1006 });
  advance(14_999);
  assert.equal(FakeSocket.all.length, before + 1, "later, the delay grows");
});

test("the time that an attempt took is a part of the delay", () => {
  started();
  for (const delay of [0, 250, 500, 1_000, 2_000, 4_000]) {
    socket().onclose({ code: 1006 });
    advance(delay);
  }
  const count = FakeSocket.all.length;
  advance(9_000);
  socket().onclose({ code: 1006 });
  advance(0);
  assert.equal(FakeSocket.all.length, count + 1, "the attempt took longer than the delay of 8 s");
});

test("after several attempts, a request asks whether the gateway answers", async () => {
  let isUp = false;
  let probes = 0;
  const probe = async () => {
    probes += 1;
    if (!isUp) {
      throw new TypeError("refused");
    }
  };
  started(1, { probe });
  const tries = async (/** @type {number} */ ms) => {
    advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (const delay of [0, 250, 500]) {
    socket().onclose({ code: 1006 });
    await tries(delay);
  }
  assert.deepEqual([FakeSocket.all.length, probes], [4, 0]);
  socket().onclose({ code: 1006 });
  await tries(1_000);
  await tries(2_000);
  assert.deepEqual([FakeSocket.all.length, probes], [4, 2], "no WebSocket while the gateway does not answer");
  isUp = true;
  await tries(4_000);
  assert.deepEqual([FakeSocket.all.length, probes], [5, 3]);
});

test("an attempt without an answer ends after ten seconds", () => {
  started();
  advance(10_000);
  assert.equal(FakeSocket.all[0]?.isClosed, true);
  advance(0);
  assert.equal(FakeSocket.all.length, 2);
});

test("the link does not connect again after the end of the session", () => {
  const { link, log } = started();
  socket().onopen();
  socket().onclose({ code: 4401 });
  advance(60_000);
  assert.deepEqual(log, ["open", "down", "end 4401"]);
  assert.equal(FakeSocket.all.length, 1);
  link.reconnect();
  advance(0);
  assert.equal(FakeSocket.all.length, 2);
});

test("events of an old socket are ignored", () => {
  const { link, log } = started();
  const old = socket();
  old.onopen();
  link.reconnect();
  advance(0);
  old.onmessage({ data: "late" });
  old.onclose({ code: 4401 });
  assert.deepEqual(log, ["open", "down"]);
  link.stop();
  advance(60_000);
  assert.equal(FakeSocket.all.length, 2);
});
