// SHA-256 (FIPS 180-4), because browsers provide `crypto.subtle` only in secure contexts.

/** @typedef {[number, number, number, number, number, number, number, number]} Eight */

const BLOCK = 64;

/** The first 32 bits of the fractional parts of the square and cube roots of the first primes. */
const { START, ROUNDS } = constants();

function constants() {
  /** @type {number[]} */
  const primes = [];
  for (let candidate = 2; primes.length < BLOCK; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) {
      primes.push(candidate);
    }
  }
  /** @param {number} root */
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  const squares = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
  return { START: squares, ROUNDS: primes.map((prime) => fraction(Math.cbrt(prime))) };
}

/** @param {number} word @param {number} bits */
const rotated = (word, bits) => (word >>> bits) | (word << (32 - bits));

/** Hashes bytes that arrive in parts. */
export class Sha256 {
  #state = Int32Array.from(START);
  #words = new Int32Array(BLOCK);
  #rest = new Uint8Array(BLOCK);
  #length = 0;

  /** @param {Uint8Array} bytes */
  update(bytes) {
    let at = 0;
    while (at < bytes.length) {
      const filled = this.#length % BLOCK;
      const part = bytes.subarray(at, at + BLOCK - filled);
      this.#rest.set(part, filled);
      this.#length += part.length;
      at += part.length;
      if (this.#length % BLOCK === 0) {
        this.#compress();
      }
    }
    return this;
  }

  /** Ends the hash. Returns it as hexadecimal digits. */
  hex() {
    const bits = this.#length * 8;
    this.update(Uint8Array.of(0x80));
    while (this.#length % BLOCK !== BLOCK - 8) {
      this.update(Uint8Array.of(0));
    }
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(bits));
    this.update(length);
    return [...this.#state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #compress() {
    const [state, words] = [this.#state, this.#words];
    const block = new DataView(this.#rest.buffer);
    for (let at = 0; at < BLOCK; at++) {
      words[at] = at < 16 ? block.getInt32(at * 4) : this.#schedule(at);
    }
    let [a, b, c, d, e, f, g, h] = /** @type {Eight} */ ([...state]);
    for (let at = 0; at < BLOCK; at++) {
      const sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
      const choice = (e & f) ^ (~e & g);
      const one = (h + sum1 + choice + /** @type {number} */ (ROUNDS[at]) + /** @type {number} */ (words[at])) | 0;
      const sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
      const two = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => (state[at] = (/** @type {number} */ (state[at]) + word) | 0));
  }

  /** @param {number} at */
  #schedule(at) {
    const word = (/** @type {number} */ back) => /** @type {number} */ (this.#words[at - back]);
    const sigma0 = rotated(word(15), 7) ^ rotated(word(15), 18) ^ (word(15) >>> 3);
    const sigma1 = rotated(word(2), 17) ^ rotated(word(2), 19) ^ (word(2) >>> 10);
    return word(16) + sigma0 + word(7) + sigma1;
  }
}
