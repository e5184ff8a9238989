// Every limit and delay of the core, as in session/src/limits.rs, which has the reasons. Times are
// milliseconds.

export const REPLY_WAIT_MS = 2_000;
export const REPLY_WAIT_MS_MAX = 10_000;
export const ENDPOINT_SWITCH_MS_MIN = 1_500;
export const OFFLINE_AFTER_MS = 30_000;
export const AWAY_AFTER_MS = 600_000;
export const HEARTBEAT_MS_MIN = 1_000;
export const HEARTBEAT_MS_MAX = 60_000;
export const TYPING_USERS_SHOWN_MAX = 3;
export const HEADS_INTERVAL_MS = 10_000;
export const GAP_GRACE_MS = 300;
export const FANOUT_GRACE_MS = 2_000;
export const OUTBOX_MESSAGES_MAX = 4_096;
export const OUTBOX_BYTES_MAX = 16 * 1024 * 1024;
export const DELAYED_AFTER_MS = 500;
export const POSTPONED_MS_MIN = 100;
export const FLIGHT_MESSAGES_MAX = 512;
export const FLIGHT_BYTES_MAX = 1024 * 1024;
export const EARLY_EVENTS_MAX = 1_024;
export const OLD_TOPICS_MAX = 64;
export const COMMANDS_PENDING_MAX = 64;
export const REPAIRS_MAX = 2;
export const LIST_PAGES_MAX = 100;
export const OPENING_EVENTS = 20;
export const UNREAD_EVENTS = 50;
export const MARK_INTERVAL_MS = 3_000;
export const OWN_UNREAD_MAX = 10_000;

// Limits of the protocol, as in common/src/limits.rs.

export const NAME_CHARACTERS_MAX = 32;
export const TEXT_BYTES_MAX = 16 * 1024;
export const SUBJECT_BYTES_MAX = 512;
export const EMOJI_BYTES_MAX = 64;
export const FILE_NAME_BYTES_MAX = 240;
export const MENTIONS_IN_TEXT_MAX = 50;
export const HISTORY_EVENTS_MAX = 500;
export const LIST_NAMES_MAX = 1_000;
export const TYPING_INTERVAL_MS = 3_000;
export const TYPING_SHOWN_MS = 6_000;

/** The protocol versions that this client supports. */
export const PROTOCOL = { min: 1, max: 1 };
