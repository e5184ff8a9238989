// Mutations of the core that the traces must catch. Each names the file, the text that it replaces, and a
// trace that fails.

/** @type {{ file: string, from: string, to: string, trace: string }[]} */
export const MUTATIONS = [
  // The order of events.
  {
    file: "sync/timeline.js",
    from: "entry.n < this.next || this.early.has(entry.n)",
    to: "false",
    trace: "unit/a_gap_is_repaired_once_and_events_are_emitted_once_and_in_order.1.jsonl",
  },
  {
    file: "sync/timeline.js",
    from: "this.early.size > 0 ? Math.min(...this.early.keys()) : this.head + 1",
    to: "this.head + 1",
    trace: "unit/a_new_direct_conversation_is_emitted_from_its_first_event.1.jsonl",
  },
  {
    file: "sync/events.js",
    from: "cx.now + GAP_GRACE_MS",
    to: "cx.now",
    trace: "unit/an_acknowledgement_gives_the_proxy_time_to_publish_earlier_events.1.jsonl",
  },
  // A page without a new event is requested again at once.
  {
    file: "sync/timelines.js",
    from: "isSame ? cx.now + HEADS_INTERVAL_MS : cx.now",
    to: "cx.now",
    trace: "sim/098.jsonl.gz",
  },
  // Subscriptions and heads.
  {
    file: "sync/topics.js",
    from: '[topic, ...this.old]',
    to: "[topic]",
    trace: "unit/topic_moves.a_restored_session_learns_its_moved_topic_from_the_heads.1.jsonl",
  },
  {
    file: "sync/sync.js",
    from: 'heads === "all" ? null : cursor',
    to: "cursor",
    trace: "unit/topic_moves.ending_other_sessions_moves_the_own_topic_and_private_channels.1.jsonl",
  },
  {
    file: "sync/sync.js",
    from: "cursor !== null && heads.cursor < cursor",
    to: "false",
    trace: "unit/rollback.after_a_rollback_one_followed_conversation_continues_from_the_servers_head.1.jsonl",
  },
  // Memberships.
  {
    file: "sync/memberships.js",
    from: "n < (sync.ended.get(conversation)?.n ?? 0)",
    to: "false",
    trace: "unit/memberships.a_join_that_arrives_after_the_user_left_is_ignored.1.jsonl",
  },
  {
    file: "sync/sync.js",
    from: " || hasEndedAfter(this, conversation, n)",
    to: "",
    trace: "unit/memberships.heads_that_are_older_than_the_end_of_a_membership_do_not_begin_it_again.1.jsonl",
  },
  {
    file: "sync/events.js",
    from: "entry.n <= (sync.ended.get(entry.conversation)?.shown ?? 0)",
    to: "false",
    trace: "unit/memberships.a_message_that_is_acknowledged_after_the_user_left_is_shown_once.1.jsonl",
  },
  // The outbox.
  {
    file: "outbox/outbox.js",
    from: "item.request ??= cx.requests.freshId();",
    to: "item.request = cx.requests.freshId();",
    trace: "unit/a_message_without_a_reply_is_sent_again.1.jsonl",
  },
  {
    file: "outbox/outbox.js",
    from: "!item.isPersisted || bytes",
    to: "bytes",
    trace: "unit/persist.messages_of_an_earlier_run_are_sent_first_and_in_order.1.jsonl",
  },
  {
    file: "outbox/outbox.js",
    from: "if (isTemporary(reply.error))",
    to: "if (false)",
    trace: "unit/rate_limits.a_very_short_delay_is_raised_to_the_minimum.1.jsonl",
  },
  {
    file: "outbox/persist.js",
    from: "outbox.queue.unshift(",
    to: "outbox.queue.push(",
    trace: "unit/persist.messages_of_an_earlier_run_are_sent_first_and_in_order.1.jsonl",
  },
  // Retries and other components.
  {
    file: "requests.js",
    from: "request.attempt += 1;",
    to: "",
    trace: "unit/links.a_ping_without_a_login_shows_the_connectivity.1.jsonl",
  },
  {
    file: "reads.js",
    from: "this.opened.shown + 1 === n",
    to: "this.opened.shown < n",
    trace: "sim/001.jsonl.gz",
  },
  {
    file: "presence.js",
    from: "this.due = cx.now + HEARTBEAT_MS_MAX;",
    to: "",
    trace: "unit/presence.the_presence_of_the_other_user_of_the_open_conversation_is_emitted.1.jsonl",
  },
  {
    file: "typing.js",
    from: "cx.now >= last.at + TYPING_INTERVAL_MS",
    to: "true",
    trace: "sim/184.jsonl.gz",
  },
  {
    file: "blocks.js",
    from: "isChannel(conversation) && this.users.has(event.from)",
    to: "this.users.has(event.from)",
    trace: "sim/017.jsonl.gz",
  },
];
