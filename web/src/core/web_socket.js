// The connection to the gateway: a WebSocket that is opened again when it breaks or stays silent.
//
// If nothing is received for `SILENCE_MS` after a sent line, the link sends `gateway.ping`. If the gateway
// does not reply in time, the link connects again, the first time without delay.

const SILENCE_MS = 500;
const SILENCE_MS_MAX = 8_000;
const IDLE_PING_MS = 10_000;
const BACKOFF_MS = 250;
const BACKOFF_MS_MAX = 15_000;
/**
 * The maximum delay between two attempts while the page is visible, during `FAST_MS` after the loss.
 */
const BACKOFF_VISIBLE_MS_MAX = 1_000;
const FAST_MS = 120_000;
/** From this attempt on, a request over HTTP first checks whether the gateway answers. */
const PROBED_ATTEMPT = 4;
const OPEN_MS_MAX = 10_000;

/** The close codes after which the link does not connect again. */
const FINAL_CODES = [4400, 4401, 4403];

/**
 * @typedef {object} LinkEvents
 * @property {() => void} onOpen
 * @property {(lines: string) => void} onLines
 * @property {() => void} onDown
 * @property {(code: number) => void} onEnd the gateway ended the connection; the link does not
 *   connect again
 */

/**
 * @typedef {object} LinkOptions
 * @property {new (url: string, protocols: string) => WebSocket} [WebSocket]
 * @property {() => number} [random]
 * @property {() => number} [now] milliseconds that never decrease
 * @property {(ms: number) => Promise<unknown>} [probe] fails if the gateway does not answer within this time.
 *   Browsers delay a WebSocket after many failed attempts, but not a request.
 */

/**
 * @typedef {object} Link
 * @property {(events: LinkEvents) => void} start
 * @property {(lines: string) => void} send
 * @property {() => boolean} isOpen
 * @property {() => void} reconnect
 * @property {() => void} stop
 */

/**
 * @param {string} url of the WebSocket; a page may leave out the origin
 * @param {LinkOptions} [options]
 * @returns {Link}
 */
export function webSocketLink(url, options = {}) {
  return new WebSocketLink(url, options);
}

class WebSocketLink {
  /** @type {WebSocket | null} */
  socket = null;
  /** @type {LinkEvents | null} */
  events = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer = undefined;
  hasOpened = false;
  attempt = 0;
  /** The wait for the reply to a ping. It grows on a slow network. */
  silenceMs = SILENCE_MS;
  pings = 0;
  /** Whether a line was sent, and no line was received since. */
  isWaiting = false;
  isPinged = false;
  /** The time of the loss, and the time at which the last attempt began. */
  lostAt = -Infinity;
  attemptAt = -Infinity;

  /**
   * @param {string} url
   * @param {LinkOptions} options
   */
  constructor(url, options) {
    this.url = url;
    this.WebSocket = options.WebSocket ?? globalThis.WebSocket;
    this.random = options.random ?? Math.random;
    this.now = options.now ?? (() => performance.now());
    this.probe = options.probe;
    this.wake = () => this.reconnectIfDown();
  }

  /** @param {LinkEvents} events */
  start(events) {
    this.events = events;
    this.lostAt = this.now();
    this.connect();
    for (const type of ["online", "focus", "pageshow"]) {
      globalThis.addEventListener?.(type, this.wake);
    }
    for (const type of ["visibilitychange", "resume"]) {
      globalThis.document?.addEventListener(type, this.wake);
    }
  }

  stop() {
    this.events = null;
    for (const type of ["online", "focus", "pageshow"]) {
      globalThis.removeEventListener?.(type, this.wake);
    }
    for (const type of ["visibilitychange", "resume"]) {
      globalThis.document?.removeEventListener(type, this.wake);
    }
    this.drop();
  }

  isOpen() {
    return this.hasOpened;
  }

  /** Drops the lines while the link is down, because the core repeats them. @param {string} lines */
  send(lines) {
    if (this.hasOpened) {
      this.socket?.send(lines);
      if (!this.isWaiting) {
        this.isWaiting = true;
        this.setTimer(this.silenceMs, () => this.silent());
      }
    }
  }

  reconnect() {
    this.attempt = 0;
    this.lost();
  }

  reconnectIfDown() {
    if (this.events === null || globalThis.document?.visibilityState === "hidden") {
      return;
    }
    if (this.hasOpened) {
      this.ping();
    } else if (this.now() >= this.attemptAt + BACKOFF_MS) {
      this.attempt = 0;
      this.drop();
      this.connect();
    }
  }

  /**
   * @param {number} ms
   * @param {() => void} step
   */
  setTimer(ms, step) {
    clearTimeout(this.timer);
    this.timer = setTimeout(step, ms);
    return this.timer;
  }

  /** Begins an attempt. */
  async attemptToConnect() {
    this.attemptAt = this.now();
    if (this.probe === undefined || this.attempt < PROBED_ATTEMPT) {
      return this.connect();
    }
    const timer = this.setTimer(OPEN_MS_MAX, () => this.lost());
    const isAnswered = await this.probe(OPEN_MS_MAX).then(() => true, () => false);
    // Another attempt may have begun, or the link has stopped.
    if (this.timer !== timer) {
      return undefined;
    }
    return isAnswered ? this.connect() : this.lost();
  }

  connect() {
    this.attemptAt = this.now();
    const socket = new this.WebSocket(absolute(this.url), "papo.v1");
    this.socket = socket;
    socket.onopen = () => this.opened(socket);
    socket.onmessage = (event) => this.received(socket, String(event.data));
    socket.onclose = (event) => this.closed(socket, event.code);
    socket.onerror = () => {};
    this.setTimer(OPEN_MS_MAX, () => this.lost());
  }

  /** @param {WebSocket} socket */
  opened(socket) {
    if (socket === this.socket) {
      this.hasOpened = true;
      this.isWaiting = false;
      this.isPinged = false;
      this.setTimer(OPEN_MS_MAX, () => this.lost());
      this.events?.onOpen();
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {string} lines
   */
  received(socket, lines) {
    if (socket !== this.socket) {
      return;
    }
    this.attempt = 0;
    if (this.isPinged) {
      this.silenceMs = Math.max(this.silenceMs / 2, SILENCE_MS);
    }
    this.isWaiting = false;
    this.isPinged = false;
    this.setTimer(IDLE_PING_MS, () => this.ping());
    this.events?.onLines(lines);
  }

  /** Handles the timeout of a sent line, after which no line was received. */
  silent() {
    if (this.isPinged) {
      this.silenceMs = Math.min(this.silenceMs * 2, SILENCE_MS_MAX);
      this.lost();
    } else {
      this.ping();
    }
  }

  ping() {
    this.pings += 1;
    this.isWaiting = true;
    this.isPinged = true;
    this.socket?.send(JSON.stringify({ jsonrpc: "2.0", id: `p${this.pings}`, method: "gateway.ping", params: {} }));
    this.setTimer(this.silenceMs, () => this.silent());
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  closed(socket, code) {
    if (socket !== this.socket) {
      return;
    }
    if (FINAL_CODES.includes(code)) {
      const { events } = this;
      this.drop();
      events?.onDown();
      events?.onEnd(code);
    } else {
      this.lost();
    }
  }

  /** Drops the socket, and connects again after a delay. */
  lost() {
    const wasOpen = this.hasOpened;
    this.drop();
    if (wasOpen) {
      this.lostAt = this.now();
      this.events?.onDown();
    }
    if (this.events !== null) {
      // The delay includes the duration of the attempt.
      const delay = this.attemptAt + this.delay() - this.now();
      this.attempt += 1;
      this.setTimer(Math.max(delay, 0), () => this.attemptToConnect());
    }
  }

  /** The time between the beginnings of two attempts. */
  delay() {
    if (this.attempt === 0) {
      return 0;
    }
    const isWatched = globalThis.document?.visibilityState === "visible" && this.now() < this.lostAt + FAST_MS;
    const most = isWatched ? BACKOFF_VISIBLE_MS_MAX : BACKOFF_MS_MAX;
    return Math.min(BACKOFF_MS * 2 ** (this.attempt - 1), most) * this.random();
  }

  drop() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { socket } = this;
    this.socket = null;
    this.hasOpened = false;
    socket?.close();
  }
}

/** @param {string} url */
function absolute(url) {
  if (!url.startsWith("/")) {
    return url;
  }
  const { protocol, host } = globalThis.location;
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}${url}`;
}
