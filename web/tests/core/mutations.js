// Mutations of the core that the traces must catch. Each names the file, the text that it replaces, and a trace
// that fails.

/** @type {{ file: string, from: string, to: string, trace: string }[]} */
export const MUTATIONS = [
  // The order of events.
  { file: "sync/timeline.js", from: "entry.n < this.next || this.early.has(entry.n)", to: "false", trace: "" },
  { file: "sync/timeline.js", from: "this.early.size > 0 ? Math.min(...this.early.keys()) : this.head + 1", to: "this.head + 1", trace: "" },
  { file: "sync/events.js", from: "cx.now + GAP_GRACE_MS", to: "cx.now", trace: "" },
  // A page without a new event is requested again at once.
  { file: "sync/timelines.js", from: "isSame ? cx.now + HEADS_INTERVAL_MS : cx.now", to: "cx.now", trace: "" },
  // Subscriptions and heads.
  { file: "sync/topics.js", from: '[topic, ...this.old]', to: "[topic]", trace: "" },
  { file: "sync/sync.js", from: 'heads === "all" ? null : cursor', to: "cursor", trace: "" },
  { file: "sync/sync.js", from: "cursor !== null && heads.cursor < cursor", to: "false", trace: "" },
  // Memberships.
  { file: "sync/memberships.js", from: "end !== undefined && n < end", to: "false", trace: "" },
  // The outbox.
  { file: "outbox/outbox.js", from: "item.request ??= cx.requests.freshId();", to: "item.request = cx.requests.freshId();", trace: "" },
  { file: "outbox/outbox.js", from: "!item.isPersisted || bytes", to: "bytes", trace: "" },
  { file: "outbox/outbox.js", from: "if (isTemporary(reply.error))", to: "if (false)", trace: "" },
  { file: "outbox/persist.js", from: "outbox.queue.unshift(", to: "outbox.queue.push(", trace: "" },
  // Retries and other components.
  { file: "requests.js", from: "request.attempt += 1;", to: "", trace: "" },
  { file: "reads.js", from: "this.opened.shown + 1 === n", to: "this.opened.shown < n", trace: "" },
  { file: "presence.js", from: "this.due = cx.now + HEARTBEAT_MS_MAX;", to: "", trace: "" },
  { file: "typing.js", from: "cx.now >= last.at + TYPING_INTERVAL_MS", to: "true", trace: "" },
  { file: "levels.js", from: "ORDER.indexOf(level) < ORDER.indexOf(this.all) ? level : this.all", to: "level", trace: "" },
  { file: "blocks.js", from: "isChannel(conversation) && this.users.has(event.from)", to: "this.users.has(event.from)", trace: "" },
];
