"""Mutations of the core that the traces must catch.

Each names the file, the text that it replaces, and a trace that fails.
"""

MUTATIONS = [
    # The order of events.
    (
        "sync/timeline.py",
        "n < self.next or n in self.early",
        "False",
        "unit/a_gap_is_repaired_once_and_events_are_emitted_once_and_in_order.1.jsonl",
    ),
    (
        "sync/timeline.py",
        "min(self.early) if self.early else self.head + 1",
        "self.head + 1",
        "unit/a_new_direct_conversation_is_emitted_from_its_first_event.1.jsonl",
    ),
    (
        "sync/events.py",
        "cx.now + GAP_GRACE_MS",
        "cx.now",
        "unit/an_acknowledgement_gives_the_proxy_time_to_publish_earlier_events.1.jsonl",
    ),
    # A page without a new event is requested again at once.
    (
        "sync/timelines.py",
        "cx.now + HEADS_INTERVAL_MS if is_same else cx.now",
        "cx.now",
        "sim/098.jsonl.gz",
    ),
    # Subscriptions and heads.
    (
        "sync/topics.py",
        '"unsubscribe", topic, *self.old)',
        '"unsubscribe", topic)',
        "unit/topic_moves.a_restored_session_learns_its_moved_topic_from_the_heads.1.jsonl",
    ),
    (
        "sync/sync.py",
        'heads == "all" or self.cursor is None',
        "self.cursor is None",
        "unit/topic_moves.ending_other_sessions_moves_the_own_topic_and_private_channels.1.jsonl",
    ),
    (
        "sync/sync.py",
        'cursor is not None and heads["cursor"] < cursor',
        "False",
        "unit/rollback.after_a_rollback_one_followed_conversation_continues_from_the_servers_head"
        ".1.jsonl",
    ),
    # Memberships.
    (
        "sync/memberships.py",
        "n < sync.ended.get(conversation, (0, 0))[0]",
        "False",
        "unit/memberships.a_join_that_arrives_after_the_user_left_is_ignored.1.jsonl",
    ),
    (
        "sync/sync.py",
        " or memberships.has_ended_after(self, conversation, n)",
        "",
        "unit/memberships.heads_that_are_older_than_the_end_of_a_membership_do_not_begin_it_again"
        ".1.jsonl",
    ),
    (
        "sync/events.py",
        'entry["n"] <= shown',
        "False",
        "unit/memberships.a_message_that_is_acknowledged_after_the_user_left_is_shown_once.1.jsonl",
    ),
    # The outbox.
    (
        "outbox.py",
        "if item.request is None:",
        "if True:",
        "unit/a_message_without_a_reply_is_sent_again.1.jsonl",
    ),
    (
        "outbox.py",
        "not item.is_persisted or size",
        "size",
        "unit/persist.messages_of_an_earlier_run_are_sent_first_and_in_order.1.jsonl",
    ),
    (
        "outbox.py",
        'if is_temporary(reply["error"]):',
        "if False:",
        "unit/rate_limits.a_very_short_delay_is_raised_to_the_minimum.1.jsonl",
    ),
    (
        "persist.py",
        "outbox.queue[:0] =",
        "outbox.queue[len(outbox.queue) :] =",
        "unit/persist.messages_of_an_earlier_run_are_sent_first_and_in_order.1.jsonl",
    ),
    # Retries and other components.
    (
        "requests.py",
        "request.attempt += 1",
        "request.attempt += 0",
        "unit/links.a_ping_without_a_login_shows_the_connectivity.1.jsonl",
    ),
    (
        "reads.py",
        "self.opened == (conversation, n - 1)",
        "self.opened[0] == conversation and self.opened[1] < n",
        "sim/001.jsonl.gz",
    ),
    (
        "presence.py",
        "self.due = cx.now + HEARTBEAT_MS_MAX",
        "pass",
        "unit/presence.the_presence_of_the_other_user_of_the_open_conversation_is_emitted.1.jsonl",
    ),
    (
        "typing_users.py",
        "cx.now >= last[1] + TYPING_INTERVAL_MS",
        "True",
        "sim/184.jsonl.gz",
    ),
    (
        "blocks.py",
        'event is not None and "id" in event and is_channel(entry["conversation"])',
        "event is not None",
        "sim/017.jsonl.gz",
    ),
]
