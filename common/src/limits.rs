//! Every limit of the protocol, with its unit and its reason. `server.info` returns some of them.

/// Characters in the name of a user or a channel. RFC 8265 sets no maximum; 32 fits a prompt and a topic.
pub const NAME_CHARACTERS_MAX: usize = 32;

/// Bytes in one message's text, as UTF-8. Users send longer contents as files.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a reaction. The longest emoji of today, families of four, have about 35.
pub const EMOJI_BYTES_MAX: usize = 64;

/// Reactions to one message, of all users together: each page of history repeats them.
pub const REACTIONS_MAX: usize = 500;

/// Edits of one message. Each edit is an event, and keeps 8 bytes of memory.
pub const EDITS_MAX: usize = 100;

/// Earlier texts of one message in a page of history, the newest ones.
pub const EDITS_SHOWN_MAX: usize = 16;

/// Mentions in one text. The server ignores further ones.
pub const MENTIONS_IN_TEXT_MAX: usize = 50;

/// Mentions that the server stores for one user, or for `@here`, in one conversation: the newest ones.
pub const MENTIONS_KEPT_MAX: usize = 200;

/// Mentions in one page of `mention.list`. The server reads each from the log.
pub const MENTIONS_PAGE_MAX: usize = 50;

/// Bytes in the subject of a channel: a line above the conversation.
pub const SUBJECT_BYTES_MAX: usize = 512;

/// Users who are invited to one channel at a time. The same limit holds for banned users.
pub const CHANNEL_NAMES_MAX: usize = 10_000;

/// The minimum of characters in a new password (NIST SP 800-63B, section 5.1.1.2).
pub const PASSWORD_CHARACTERS_MIN: usize = 8;

/// Bytes of a password. A longer one is no safer, and hashing it takes time.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// Bytes in one request line. A text whose every byte is escaped as `\u00XX` grows sixfold.
pub const LINE_BYTES_MAX: usize = 128 * 1024;

/// Request lines in one frame: the share of one client in one round of the server's loop.
pub const FRAME_LINES_MAX: usize = 1024;

/// Bytes in one frame. The transport closes a connection that sends a larger frame.
pub const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of a request's `id`, which its reply repeats.
pub const REQUEST_ID_BYTES_MAX: usize = 64;

/// Characters of an unknown method's name that an error repeats.
pub const METHOD_CHARACTERS_MAX: usize = 64;

/// Characters of a decoder's error that a reply repeats. The decoder may quote the whole line.
pub const QUOTED_CHARACTERS_MAX: usize = 256;

/// Bytes of a session token. The server's own tokens have about 250.
pub const TOKEN_BYTES_MAX: usize = 1024;

/// Bytes in a subscription: the longest topic (`channel.`, a name of 32 four-byte characters, a key).
/// With 246 to 255 bytes libzmq 4.3.4 garbles the subscriber's next frame, so the maximum is well below.
pub const TOPIC_BYTES_MAX: usize = 192;

/// Hexadecimal digits in a topic's key: 128 bits, which nobody can guess.
pub const TOPIC_KEY_DIGITS: usize = 32;

/// Events in one page of history.
pub const HISTORY_EVENTS_MAX: u64 = 500;

/// Events in a page of history whose request has no `limit`.
pub const HISTORY_EVENTS_DEFAULT: u64 = 50;

/// Bytes of events in one page of history. A page with more bytes ends early.
pub const HISTORY_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a search query: a few sentences.
pub const SEARCH_QUERY_BYTES_MAX: usize = 1024;

/// Words and phrases in a search query. The index looks up each of them.
pub const SEARCH_WORDS_MAX: usize = 32;

/// Events in one page of a search.
pub const SEARCH_EVENTS_MAX: u64 = 100;

/// Events in a page of a search whose request has no `limit`: a screen.
pub const SEARCH_EVENTS_DEFAULT: u64 = 20;

/// Names in one page of a list, such as `user.list`.
pub const LIST_NAMES_MAX: usize = 1000;

/// Open sessions of one user. A new login ends the oldest.
pub const SESSIONS_PER_USER_MAX: usize = 64;

/// Known clients of one user: their keys have logged in. A new one replaces the oldest. A user has a few
/// devices.
pub const CLIENTS_PER_USER_MAX: usize = 16;

/// Join codes that can be used at a time. One page lists them all.
pub const JOIN_CODES_MAX: usize = 1_000;

/// Accounts that can be registered with one join code: a large team.
pub const JOIN_CODE_USES_MAX: u32 = 1_000;

/// Days after which a join code expires: a year.
pub const JOIN_CODE_DAYS_MAX: u32 = 365;

/// Bytes in the note of a join code.
pub const JOIN_CODE_NOTE_BYTES_MAX: usize = 128;

/// Milliseconds after which the code of `admin.reset_password` expires: a day.
pub const RESET_CODE_MS: u64 = 24 * 60 * 60 * 1_000;

/// Milliseconds between two heartbeats (`presence.set`) of a session.
pub const PRESENCE_HEARTBEAT_MS: u64 = 15_000;

/// Milliseconds without a heartbeat after which a session is offline: two heartbeats may be lost or late.
/// With [`PRESENCE_NOTICE_INTERVAL_MS`] all users learn it within 45 seconds.
pub const PRESENCE_TIMEOUT_MS: u64 = 40_000;

/// Milliseconds between two notices of presence: one notice collects all changes of that time.
pub const PRESENCE_NOTICE_INTERVAL_MS: u64 = 1_000;

/// Users in one notice of presence. Further users get another notice.
pub const PRESENCE_USERS_MAX: usize = 500;

/// Milliseconds between two typing notices of a user in a conversation. The server drops earlier ones.
pub const TYPING_INTERVAL_MS: u64 = 3_000;

/// Milliseconds for which a client shows that a user is typing, unless the notice is repeated: two intervals.
pub const TYPING_SHOWN_MS: u64 = 6_000;

/// Reply bytes of one request frame. The frame's later lines get the error `reply_too_long`.
pub const REPLY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Bytes of one chunk of a file. A message in the same queue waits for at most one chunk.
pub const FILE_CHUNK_BYTES_MAX: usize = 256 * 1024;

/// Bytes in the name of a file: 255, as in file systems, minus a number that tells equal names apart.
pub const FILE_NAME_BYTES_MAX: usize = 240;

/// Incomplete uploads of one user at a time.
pub const UPLOADS_PER_USER_MAX: usize = 16;

// Relations between the limits.
const _: () = assert!(TEXT_BYTES_MAX * 6 + 4 * 1024 <= LINE_BYTES_MAX, "an escaped text fits its line");
const _: () = assert!(LINE_BYTES_MAX < FRAME_BYTES_MAX, "a line fits its frame");
const _: () = assert!(REPLY_BYTES_MAX + HISTORY_BYTES_MAX < FRAME_BYTES_MAX, "replies fit their frame");
const _: () = assert!(FILE_CHUNK_BYTES_MAX < FRAME_BYTES_MAX, "a chunk fits its frame");
const _: () = assert!(2 * PRESENCE_HEARTBEAT_MS < PRESENCE_TIMEOUT_MS, "a heartbeat may be lost");
const _: () = assert!(PRESENCE_TIMEOUT_MS + 2 * PRESENCE_NOTICE_INTERVAL_MS < 45_000, "within 45 s");
const _: () =
    assert!(PRESENCE_USERS_MAX * (NAME_CHARACTERS_MAX * 4 + 40) < LINE_BYTES_MAX, "a notice fits its line");
const _: () = assert!(NAME_CHARACTERS_MAX * 4 + TOPIC_KEY_DIGITS + 16 < TOPIC_BYTES_MAX, "a topic fits");
