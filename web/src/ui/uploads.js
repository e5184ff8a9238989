// Sends files one after the other. A lost connection pauses an upload, which then continues where it stopped.

import { upload } from "../core/http.js";
import { Sha256 } from "../core/sha256.js";
import { uuid7 } from "../core/uuid.js";
import { errorText } from "../i18n/index.js";

/** @typedef {"queued" | "hashing" | "sending" | "waiting" | "failed"} UploadState */

const HASH_CHUNK_BYTES = 1 << 20;
const RETRY_MS = 1000;
const QUEUE_MAX = 100;

export class Upload {
  /** @param {Uploads} queue @param {string} to @param {File} file */
  constructor(queue, to, file) {
    this.queue = queue;
    this.to = to;
    this.file = file;
    this.id = uuid7(Date.now());
    this.sent = 0;
    /** @type {UploadState} */
    this.state = "queued";
    this.problem = "";
    this.abort = new AbortController();
  }

  cancel() {
    this.abort.abort();
    this.queue.remove(this);
  }

  retry() {
    this.abort = new AbortController();
    this.state = "queued";
    this.queue.run();
  }
}

export class Uploads {
  /**
   * @param {number} slot @param {() => void} changed
   * @param {(file: File) => Promise<File>} prepare returns the file that is sent
   */
  constructor(slot, changed, prepare) {
    this.slot = slot;
    this.changed = changed;
    this.prepare = prepare;
    /** @type {Upload[]} */
    this.list = [];
    this.isRunning = false;
    window.addEventListener("online", () => this.wake?.());
  }
  /** @type {(() => void) | null} */ wake = null;

  /** @param {string} to @param {File[]} files */
  add(to, files) {
    for (const file of files.slice(0, QUEUE_MAX - this.list.length)) this.list.push(new Upload(this, to, file));
    this.changed();
    this.run();
  }

  /** @param {Upload} upload */
  remove(upload) {
    this.list = this.list.filter((other) => other !== upload);
    this.changed();
  }

  async run() {
    if (this.isRunning) return;
    this.isRunning = true;
    for (let next = this.#next(); next; next = this.#next()) await this.#send(next);
    this.isRunning = false;
  }

  #next() { return this.list.find((upload) => upload.state === "queued"); }

  /** @param {Upload} one */
  async #send(one) {
    one.state = "hashing";
    this.changed();
    try {
      one.file = await this.prepare(one.file);
      const sha256 = await hashOf(one.file, one.abort.signal);
      await this.#transfer(one, sha256);
      this.remove(one);
    } catch (error) {
      if (one.abort.signal.aborted) return this.remove(one);
      one.state = "failed";
      one.problem = errorText(error);
      this.changed();
    }
  }

  /** @param {Upload} one @param {string} sha256 */
  async #transfer(one, sha256) {
    for (;;) {
      one.state = "sending";
      this.changed();
      try {
        return await upload({
          id: one.id, to: one.to, name: one.file.name, file: one.file, sha256, slot: this.slot, signal: one.abort.signal,
          onProgress: (/** @type {number} */ sent) => { one.sent = sent; this.changed(); },
        });
      } catch (error) {
        if (one.abort.signal.aborted || !isTemporary(error)) throw error;
        one.state = "waiting";
        this.changed();
        await new Promise((resolve) => {
          this.wake = () => resolve(null);
          one.abort.signal.addEventListener("abort", this.wake, { once: true });
          setTimeout(resolve, RETRY_MS);
        });
        if (one.abort.signal.aborted) throw error;
      }
    }
  }
}

/**
 * Whether the same request can succeed later: the connection was lost, or the node is busy.
 * @param {any} error
 */
function isTemporary(error) {
  const code = error?.error?.code;
  return code === undefined || [5030, 4290].includes(code) || ["incomplete", "wrong_offset", "busy"].includes(error.error?.data?.reason);
}

/** @param {File} file @param {AbortSignal} signal */
async function hashOf(file, signal) {
  const hash = new Sha256();
  for (let start = 0; start < file.size; start += HASH_CHUNK_BYTES) {
    signal.throwIfAborted();
    hash.update(new Uint8Array(await file.slice(start, start + HASH_CHUNK_BYTES).arrayBuffer()));
  }
  return hash.hex();
}
