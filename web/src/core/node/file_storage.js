// A storage whose outbox is a file: messages without an acknowledgement survive a kill of the program.
//
// The file has one line of JSON for each change. A message is synced to the disk before it is sent. One
// program uses the file at a time.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";

import { attempt, object, optional, parse, string } from "../decode.js";
import { memoryStorage } from "../storage.js";

/** @import { Storage } from "../storage.js" */

const change = object({ put: optional(string), forget: optional(string), value: (value) => value });

/**
 * @param {string} path of the file, which is created if it does not exist
 * @returns {Promise<Storage>}
 */
export async function fileStorage(path) {
  const memory = memoryStorage();
  await load(path, memory);
  // The file is written again without the acknowledged messages.
  const file = openSync(`${path}.new`, "w", 0o600);
  for (const [key, value] of await memory.all("outbox")) {
    write(file, { put: key, value });
  }
  fsyncSync(file);
  renameSync(`${path}.new`, path);
  return {
    ...memory,
    put: async (store, key, value) => {
      if (store === "outbox") {
        write(file, { put: key, value });
        fsyncSync(file);
      }
      await memory.put(store, key, value);
    },
    delete: async (store, keys) => {
      if (store === "outbox") {
        // A message that stays in the file is sent again with the same id, which changes nothing.
        keys.forEach((key) => write(file, { forget: key }));
      }
      await memory.delete(store, keys);
    },
    destroy: async () => {
      closeSync(file);
      await memory.destroy();
    },
  };
}

/**
 * @param {string} path
 * @param {Storage} memory
 */
async function load(path, memory) {
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  for (const line of lines) {
    // A kill can leave a line without its end. This message was never sent.
    const found = attempt(change, parse(line));
    if (found?.put !== undefined) {
      await memory.put("outbox", found.put, found.value);
    } else if (found?.forget !== undefined) {
      await memory.delete("outbox", [found.forget]);
    }
  }
}

/** @param {number} file @param {object} line */
function write(file, line) {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(file, bytes, at);
  }
}
