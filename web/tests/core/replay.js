// Replays a trace: the recorded inputs and effects of the Rust session core. All effects and deadlines of the
// JavaScript core must be equal.

import { isDeepStrictEqual } from "node:util";

/** A difference between the trace and the core. */
export class Difference extends Error {
  /**
   * @param {number} line
   * @param {string} what
   */
  constructor(line, what) {
    super(`line ${line}: ${what}`);
  }
}

/** @param {string} digits */
function fromHex(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/**
 * The effects as JSON. The sentence of "bad_answer" has the words of a JSON decoder.
 *
 * @param {unknown} effects
 */
function plain(effects) {
  return JSON.parse(JSON.stringify(effects), (_, value) => (value?.detail === "bad_answer" ? "bad_answer" : value));
}

/** @param {unknown} this_ @param {unknown} value */
function bytesToHex(this_, value) {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

/** @param {unknown} effects */
function encoded(effects) {
  return plain(JSON.parse(JSON.stringify(effects, bytesToHex)));
}

/** @param {any} command */
function decodedCommand(command) {
  const bytes = command.transfer?.bytes;
  return typeof bytes === "string"
    ? { ...command, transfer: { ...command.transfer, bytes: fromHex(bytes) } }
    : command;
}

/**
 * Passes an input to the session.
 *
 * @param {any} session
 * @param {any} input
 */
function pass(session, input) {
  const { now } = input;
  if (input.command !== undefined) {
    session.command(now, input.ticket, decodedCommand(input.command));
  } else if (input.bytes !== undefined) {
    session.repliesWithBytes(now, input.replies, fromHex(input.bytes));
  } else if (input.replies !== undefined) {
    session.replies(now, input.replies);
  } else if (input.events !== undefined) {
    session.events(now, input.topic, input.events);
  } else if (input.tick !== undefined) {
    session.tick(input.tick);
  } else if (input.persisted !== undefined) {
    session.persisted(now, input.persisted, input.error);
  } else if (input.outbox !== undefined) {
    session.outboxLoaded(now, input.outbox);
  } else if (input.linkDown !== undefined) {
    session.linkDown(input.linkDown);
  } else if (input.linkUp !== undefined) {
    session.linkUp(input.linkUp);
  } else if (input.eventsLost !== undefined) {
    session.eventsLost(input.eventsLost);
  } else if (input.quit !== undefined) {
    session.quit();
  } else {
    throw new Error(`unknown input: ${JSON.stringify(input)}`);
  }
}

/**
 * Replays the lines of a trace. Returns the number of compared effects.
 *
 * @param {string} lines
 * @param {new (seed: bigint, endpoints: number) => any} Session
 */
export function replay(lines, Session) {
  let session = null;
  let effects = 0;
  for (const [index, line] of lines.split("\n").entries()) {
    const input = line === "" ? {} : JSON.parse(line);
    if (input.new !== undefined) {
      session = new Session(BigInt(input.new), input.endpoints);
    } else if (input.effects !== undefined) {
      const [wanted, got] = [plain(input.effects), encoded(session.takeEffects())];
      if (!isDeepStrictEqual(got, wanted)) {
        throw new Difference(index + 1, `${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
      }
      if (session.deadline() !== input.deadline) {
        throw new Difference(index + 1, `deadline ${session.deadline()} instead of ${input.deadline}`);
      }
      effects += wanted.length;
    } else if (line !== "" && input.trace === undefined && input.fault === undefined) {
      pass(session, input);
    }
  }
  return effects;
}
