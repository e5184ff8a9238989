// Random numbers from a seed. Two runs with the same seed are equal.

import { HEADS_INTERVAL_MS, REPLY_WAIT_MS, REPLY_WAIT_MS_MAX } from "./limits.js";

/** @param {bigint} number */
const u64 = (number) => BigInt.asUintN(64, number);

/** SplitMix64 (Steele, Lea, Flood 2014), for jitter and for names that are not secret. */
export class Rng {
  /** @param {bigint | number} seed */
  constructor(seed) {
    this.state = u64(BigInt(seed));
  }

  next() {
    this.state = u64(this.state + 0x9e37_79b9_7f4a_7c15n);
    let z = this.state;
    z = u64((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    z = u64((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return z ^ (z >> 31n);
  }

  /** @param {number} limit */
  below(limit) {
    return Number(this.next() % BigInt(limit));
  }

  hex() {
    return this.next().toString(16).padStart(16, "0");
  }

  /**
   * The time to wait for the reply to an attempt. The first attempt is 0. The time doubles up to a maximum,
   * with a jitter of a quarter.
   *
   * @param {number} attempt
   */
  waitMs(attempt) {
    const full = Math.min(REPLY_WAIT_MS * 2 ** attempt, REPLY_WAIT_MS_MAX);
    return full - Math.floor(full / 4) + this.below(Math.floor(full / 2));
  }

  /** The time until the next request for heads. */
  headsIntervalMs() {
    return this.upToAQuarterShorter(HEADS_INTERVAL_MS);
  }

  /**
   * Adds jitter: clients that reconnected at the same moment do not stay synchronized.
   *
   * @param {number} full
   */
  upToAQuarterShorter(full) {
    return full - this.below(Math.max(Math.floor(full / 4), 1));
  }

  /** A random id of version 4, which is not secret. */
  uuid() {
    const digits = this.hex() + this.hex();
    const variant = ((parseInt(digits.charAt(16), 16) & 3) | 8).toString(16);
    const bits = digits.slice(0, 12) + "4" + digits.slice(13, 16) + variant + digits.slice(17);
    return [0, 8, 12, 16, 20].map((start, index, all) => bits.slice(start, all[index + 1])).join("-");
  }

  /** The topic of a new barrier, which no other client uses. */
  barrierTopic() {
    return `sync.client.${this.hex()}${this.hex()}`;
  }
}
