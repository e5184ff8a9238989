//! Every maximum of the protocol, with its unit and its reason. A peer may rely on these; `server.info`
//! tells them.

/// Characters in the name of a user or a channel. RFC 8265 sets no maximum; 32 fits a prompt and a topic.
pub const NAME_CHARACTERS_MAX: usize = 32;

/// Bytes in one message's text, as UTF-8. Longer things are files.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// Bytes of what one reacts with: the longest emoji of today, families of many people, have about 35.
pub const EMOJI_BYTES_MAX: usize = 64;

/// Reactions to one message, of all users together: they come with its line in every page.
pub const REACTIONS_MAX: usize = 500;

/// How often one message may be edited. Each edit is an event, and keeps 8 bytes of memory.
pub const EDITS_MAX: usize = 100;

/// Older texts of one message that a page of history shows, the newest ones.
pub const EDITS_SHOWN_MAX: usize = 16;

/// Mentions in one text that count.
pub const MENTIONS_IN_TEXT_MAX: usize = 50;

/// Mentions kept of one user in one conversation, and of everybody in it: the newest ones.
pub const MENTIONS_KEPT_MAX: usize = 200;

/// Mentions in one page of `mention.list`. Each is read from where it lies in the log.
pub const MENTIONS_PAGE_MAX: usize = 50;

/// Bytes in the subject of a channel: what fits above a conversation.
pub const SUBJECT_BYTES_MAX: usize = 512;

/// Users who may be invited to, or banned from, one channel at a time.
pub const CHANNEL_NAMES_MAX: usize = 10_000;

/// Characters a password must have at least (NIST SP 800-63B, section 5.1.1.2).
pub const PASSWORD_CHARACTERS_MIN: usize = 8;

/// Bytes of a password: more is no safer and only costs the hash time.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// Bytes in one request line. A text whose every byte is escaped as `\u00XX` grows sixfold.
pub const LINE_BYTES_MAX: usize = 128 * 1024;

/// Request lines in one frame: what one round of the server's loop may take from one peer.
pub const FRAME_LINES_MAX: usize = 1024;

/// Bytes in one frame. Larger ones are refused by the transport, which cuts the connection.
pub const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of a request's `id`, which every reply carries back.
pub const REQUEST_ID_BYTES_MAX: usize = 64;

/// Characters of an unknown method's name that an error repeats.
pub const METHOD_CHARACTERS_MAX: usize = 64;

/// Characters of a decoder's words that an error repeats: they may quote the whole line.
pub const QUOTED_CHARACTERS_MAX: usize = 256;

/// Bytes of a session token: a signed token of ours is about 250.
pub const TOKEN_BYTES_MAX: usize = 1024;

/// Bytes in a subscription: the longest topic (`channel.`, a name of 32 four-byte characters, a key).
/// With 246 to 255 bytes libzmq 4.3.4 garbles what a subscriber sends next, so the maximum stays well below.
pub const TOPIC_BYTES_MAX: usize = 192;

/// Hexadecimal digits in a topic's key: 128 bits, so that guessing one is hopeless.
pub const TOPIC_KEY_DIGITS: usize = 32;

/// Events in one page of history.
pub const HISTORY_EVENTS_MAX: u64 = 500;

/// Events in a page of history when the request does not say.
pub const HISTORY_EVENTS_DEFAULT: u64 = 50;

/// Bytes of events in one page of history: a page ends early rather than fill a frame.
pub const HISTORY_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a search's query: a few sentences.
pub const SEARCH_QUERY_BYTES_MAX: usize = 1024;

/// Words and phrases in a query: each costs the index a look.
pub const SEARCH_WORDS_MAX: usize = 32;

/// Events in one page of a search.
pub const SEARCH_EVENTS_MAX: u64 = 100;

/// Events in a page of a search when the request does not say: a screen.
pub const SEARCH_EVENTS_DEFAULT: u64 = 20;

/// Names in one page of `user.list`, `channel.list` and `channel.members`.
pub const LIST_NAMES_MAX: usize = 1000;

/// Sessions one user may have open at once; the oldest gives way to the newest.
pub const SESSIONS_PER_USER_MAX: usize = 64;

/// Milliseconds between two `presence.set` of a session that is there.
pub const PRESENCE_HEARTBEAT_MS: u64 = 15_000;

/// Milliseconds after which a session that says nothing counts as gone: two heartbeats may be lost or late. With
/// [`PRESENCE_TELL_EVERY_MS`] everybody knows within 45 seconds.
pub const PRESENCE_GONE_MS: u64 = 40_000;

/// Milliseconds between two notices of presence: a crowd that comes at once is told of in few lines.
pub const PRESENCE_TELL_EVERY_MS: u64 = 1_000;

/// Users in one notice of presence; more are told of in several lines.
pub const PRESENCE_USERS_MAX: usize = 500;

/// Milliseconds between two notices that somebody is writing, of one user in one conversation. More are dropped.
pub const TYPING_EVERY_MS: u64 = 3_000;

/// Milliseconds after which nobody is shown as writing who has not said so again: two notices.
pub const TYPING_SHOWN_MS: u64 = 6_000;

/// Reply bytes that one request frame may cause; later lines of the frame are told to ask again.
pub const REPLY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Bytes of one chunk of a file. Its thousands go through the queues in between one by one, so that a message need not
/// wait behind more than this.
pub const FILE_CHUNK_BYTES_MAX: usize = 256 * 1024;

/// Bytes in the name of a file: what file systems take (255), less a number that keeps two of one name apart.
pub const FILE_NAME_BYTES_MAX: usize = 240;

/// Uploads that one user may have begun and not ended at a time.
pub const UPLOADS_PER_USER_MAX: usize = 16;

// Bounds that must fit into one another.
const _: () = assert!(TEXT_BYTES_MAX * 6 + 4 * 1024 <= LINE_BYTES_MAX, "an escaped text fits its line");
const _: () = assert!(LINE_BYTES_MAX < FRAME_BYTES_MAX, "a line fits its frame");
const _: () = assert!(REPLY_BYTES_MAX + HISTORY_BYTES_MAX < FRAME_BYTES_MAX, "replies fit their frame");
const _: () = assert!(FILE_CHUNK_BYTES_MAX < FRAME_BYTES_MAX, "a chunk fits its frame");
const _: () = assert!(2 * PRESENCE_HEARTBEAT_MS < PRESENCE_GONE_MS, "a heartbeat may be lost");
const _: () = assert!(PRESENCE_GONE_MS + 2 * PRESENCE_TELL_EVERY_MS < 45_000, "noticed within 45 s");
const _: () =
    assert!(PRESENCE_USERS_MAX * (NAME_CHARACTERS_MAX * 4 + 40) < LINE_BYTES_MAX, "a notice fits its line");
const _: () = assert!(NAME_CHARACTERS_MAX * 4 + TOPIC_KEY_DIGITS + 16 < TOPIC_BYTES_MAX, "a topic fits");
