//! Every limit of the protocol, with its unit and its reason. `server.info` returns some of them.

/// The maximum number of characters in the name of a user or a channel. RFC 8265 sets no maximum; 32 fits
/// into a prompt and a topic.
pub const NAME_CHARACTERS_MAX: usize = 32;

/// The maximum bytes in the text of a message, as UTF-8. Users can send longer texts as files.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// The maximum bytes of a reaction. The longest emoji, families of four, have about 35.
pub const EMOJI_BYTES_MAX: usize = 64;

/// The maximum number of reactions to one message, of all users together. Each page of history repeats them.
pub const REACTIONS_MAX: usize = 500;

/// The maximum number of edits of one message. Each edit is an event, and keeps 8 bytes of memory.
pub const EDITS_MAX: usize = 100;

/// The maximum number of earlier texts of one message in a page of history. The page has the newest texts.
pub const EDITS_SHOWN_MAX: usize = 16;

/// The maximum number of mentions in one text. The server ignores further mentions.
pub const MENTIONS_IN_TEXT_MAX: usize = 50;

/// The maximum number of mentions that the server stores for one user, or for `@here`, in one conversation.
/// The server keeps the newest mentions.
pub const MENTIONS_KEPT_MAX: usize = 200;

/// The maximum number of mentions in one page of `mention.list`. The server reads each mention from the log.
pub const MENTIONS_PAGE_MAX: usize = 50;

/// The maximum bytes in the subject of a channel: a line above the conversation.
pub const SUBJECT_BYTES_MAX: usize = 512;

/// The maximum number of characters in a display name: a long full name with a title.
pub const DISPLAY_NAME_CHARACTERS_MAX: usize = 64;

/// The maximum number of names of one channel, with its former names. The server keeps all of them, and no
/// other channel can have them.
pub const NAMES_PER_CHANNEL_MAX: usize = 10;

/// The maximum number of open invitations to one channel, and of bans in one channel.
pub const CHANNEL_NAMES_MAX: usize = 10_000;

/// The maximum number of channels in which one user is a member, without `*`. A person follows some dozens;
/// clients load all conversations of their user at startup. Older memberships beyond the limit stay.
pub const MEMBERSHIPS_MAX: usize = 1_000;

/// The maximum number of channels that one user has created. The server keeps every channel in memory.
pub const CHANNELS_CREATED_MAX: usize = 200;

/// The minimum number of characters in a new password (NIST SP 800-63B, section 5.1.1.2).
pub const PASSWORD_CHARACTERS_MIN: usize = 8;

/// The maximum bytes of a password. A longer password is no safer, and takes longer to hash.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// The maximum bytes in one request line. A text grows sixfold if each byte is escaped as `\u00XX`.
pub const LINE_BYTES_MAX: usize = 128 * 1024;

/// The maximum number of request lines in one frame. It bounds the work for one client in one round of the
/// server's loop.
pub const FRAME_LINES_MAX: usize = 1024;

/// The maximum bytes in one frame. The transport closes a connection that sends a larger frame.
pub const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The maximum bytes of the `id` of a request. The reply repeats the `id`.
pub const REQUEST_ID_BYTES_MAX: usize = 64;

/// The maximum number of characters of an unknown method that an error repeats.
pub const METHOD_CHARACTERS_MAX: usize = 64;

/// The maximum number of characters of a decoder's error in a reply. The decoder can quote the whole line.
pub const QUOTED_CHARACTERS_MAX: usize = 256;

/// The maximum number of conversations with a notification level of their own. Clients load all of them.
pub const LEVELS_MAX: usize = 1000;

/// The maximum number of users whom one user blocks. Clients load all of them.
pub const BLOCKS_MAX: usize = 1000;

/// The maximum bytes of a session token. The server's tokens have about 250.
pub const TOKEN_BYTES_MAX: usize = 1024;

/// The maximum bytes in a subscription. The longest topic (`channel.`, a name of 32 four-byte characters, a
/// key) fits. libzmq 4.3.4 garbles the frame after a subscription of 246 to 255 bytes, so the maximum is far
/// below.
pub const TOPIC_BYTES_MAX: usize = 192;

/// The number of hexadecimal digits in the key of a topic: 128 bits, too many to guess.
pub const TOPIC_KEY_DIGITS: usize = 32;

/// The maximum number of events in one page of history.
pub const HISTORY_EVENTS_MAX: u64 = 500;

/// The number of events in a page of history if the request has no `limit`.
pub const HISTORY_EVENTS_DEFAULT: u64 = 50;

/// The maximum bytes of events in one page of history. The page has fewer events above this limit.
pub const HISTORY_BYTES_MAX: usize = 1024 * 1024;

/// The maximum bytes of a search query: a few sentences.
pub const SEARCH_QUERY_BYTES_MAX: usize = 1024;

/// The maximum number of words and phrases in a search query. The index looks up each word.
pub const SEARCH_WORDS_MAX: usize = 32;

/// The maximum number of events in one page of a search.
pub const SEARCH_EVENTS_MAX: u64 = 100;

/// The number of events in a page of a search if the request has no `limit`: a screen.
pub const SEARCH_EVENTS_DEFAULT: u64 = 20;

/// The maximum number of names in one page of a list, such as `user.list`.
pub const LIST_NAMES_MAX: usize = 1000;

/// The maximum number of open sessions of one user. A further login ends the oldest session.
pub const SESSIONS_PER_USER_MAX: usize = 64;

/// The maximum number of keys of one user's clients. A login with a new key replaces the oldest key. A user
/// has a few devices.
pub const CLIENTS_PER_USER_MAX: usize = 16;

/// Join codes that can be used at a time. One page lists them all.
pub const JOIN_CODES_MAX: usize = 1_000;

/// Accounts that can be registered with one join code: a large team.
pub const JOIN_CODE_USES_MAX: u32 = 1_000;

/// Days after which a join code expires: a year.
pub const JOIN_CODE_DAYS_MAX: u32 = 365;

/// Bytes in the note of a join code.
pub const JOIN_CODE_NOTE_BYTES_MAX: usize = 128;

/// Hooks of one channel. One page lists them all.
pub const HOOKS_PER_CHANNEL_MAX: usize = 50;

/// Hooks of a node. The server finds the hook of a post by its digest.
pub const HOOKS_MAX: usize = 5_000;

/// Bytes of the address of an outgoing hook's receiver.
pub const HOOK_URL_BYTES_MAX: usize = 2_048;

/// Events in one run of an outgoing hook. A gateway that is killed repeats at most one run.
pub const RUN_EVENTS_MAX: u64 = 32;

/// Bytes of the events in one run. A run has at least one event.
pub const RUN_BYTES_MAX: usize = 256 * 1024;

/// Runs that a gateway has at a time. Each is one connection to a receiver.
pub const RUNS_MAX: usize = 64;

/// The maximum number of these runs for the hooks that one user has created, so that slow receivers of one
/// user do not delay the receivers of all others.
pub const RUNS_PER_CREATOR_MAX: usize = RUNS_MAX / 4;

/// Milliseconds for which a run belongs to the gateway that took it. Afterwards, another gateway may take it.
pub const RUN_LEASE_MS: u64 = 15_000;

/// Milliseconds after which an outgoing hook is paused if every delivery failed: a day.
pub const DELIVERY_FAILING_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// Milliseconds between two attempts of a delivery: at first, and at most. The delay doubles in between.
pub const RETRY_MS_MIN: u64 = 250;
/// See [`RETRY_MS_MIN`].
pub const RETRY_MS_MAX: u64 = 60 * 60 * 1_000;

/// Characters of the error of a delivery.
pub const DELIVERY_ERROR_CHARACTERS_MAX: usize = 200;

/// The maximum number of browsers of one user that receive pushes.
pub const PUSH_SUBSCRIPTIONS_MAX: usize = 16;

/// Milliseconds between a message and its push. A user who reads the message in this time gets no push, and
/// one push announces all messages of this time.
pub const PUSH_DELAY_MS: u64 = 2_000;

/// Milliseconds after which a message is considered again whose user was online when it arrived: the computer
/// of this user may sleep, which the server learns after [`PRESENCE_TIMEOUT_MS`].
pub const PUSH_LATE_MS: u64 = PRESENCE_TIMEOUT_MS + 5_000;

/// Runs for the browsers of one user at a time, so that slow push services of one user do not delay others.
pub const PUSH_RUNS_PER_USER_MAX: usize = 4;

/// Pushes in one run of a browser. A gateway that is killed repeats at most one run.
pub const RUN_PUSHES_MAX: usize = 8;

/// Seconds for which a push service stores a push for a browser that is not connected: a day.
pub const PUSH_TTL_S: u64 = 24 * 60 * 60;

/// Milliseconds after which the pushes for a browser are dropped if every attempt failed: an hour.
pub const PUSH_FAILING_MS_MAX: u64 = 60 * 60 * 1_000;

/// The maximum number of tokens of bots that one user has created.
pub const BOT_TOKENS_PER_USER_MAX: usize = 50;

/// The maximum number of tokens of bots of a node. Each use of a token stores at most one record a day.
pub const BOT_TOKENS_MAX: usize = 1_000;

/// The maximum number of tokens in one page of `bot.list`: with their conversations, less than a frame.
pub const BOT_TOKENS_PER_PAGE: usize = 100;

/// The maximum number of conversations of one token of a bot.
pub const BOT_CONVERSATIONS_MAX: usize = 100;

/// The maximum number of slash commands of one token of a bot.
pub const COMMANDS_PER_TOKEN_MAX: usize = 20;

/// The maximum number of slash commands of all bots in one channel. One page lists them all.
pub const COMMANDS_PER_CHANNEL_MAX: usize = 100;

/// The maximum number of characters in the description and in the usage of a slash command: a line of a
/// terminal.
pub const COMMAND_TEXT_CHARACTERS_MAX: usize = 100;

/// Characters of the name that the sender of a hook's post gave itself.
pub const POSTER_CHARACTERS_MAX: usize = 64;

/// Milliseconds after which the code of `admin.reset_password` expires: a day.
pub const RESET_CODE_MS: u64 = 24 * 60 * 60 * 1_000;

/// Milliseconds between two heartbeats (`presence.set`) of a session.
pub const PRESENCE_HEARTBEAT_MS: u64 = 15_000;

/// Milliseconds without a heartbeat after which a session is offline: two heartbeats may be lost or late. All
/// users receive the notice within 45 seconds.
pub const PRESENCE_TIMEOUT_MS: u64 = 40_000;

/// The maximum number of connections of a session that send heartbeats. A further connection replaces the one
/// whose last heartbeat is the oldest. A user has a few programs on a machine.
pub const PRESENCE_CONNECTIONS_MAX: usize = 16;

/// Milliseconds between two notices of presence. One notice has all changes of this interval.
pub const PRESENCE_NOTICE_INTERVAL_MS: u64 = 1_000;

/// The maximum number of users in one notice of presence. Further changes are published in a further notice.
pub const PRESENCE_USERS_MAX: usize = 500;

/// The minimum time between two typing notices of a user in a conversation, in milliseconds. The server drops
/// earlier notices.
pub const TYPING_INTERVAL_MS: u64 = 3_000;

/// Milliseconds for which a client shows that a user is typing after a notice: two intervals.
pub const TYPING_SHOWN_MS: u64 = 6_000;

/// The maximum reply bytes of one request frame. The requests of further lines fail with `reply_too_long`.
pub const REPLY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The maximum bytes of one chunk of a file. A message in the same queue waits for at most one chunk.
pub const FILE_CHUNK_BYTES_MAX: usize = 256 * 1024;

/// The maximum bytes in the name of a file. File systems allow 255; a client may append a number to
/// distinguish equal names.
pub const FILE_NAME_BYTES_MAX: usize = 240;

/// The maximum number of incomplete uploads of one user.
pub const UPLOADS_PER_USER_MAX: usize = 16;

/// The maximum hours until a link to a file expires: a week.
pub const LINK_HOURS_MAX: u32 = 7 * 24;

/// The maximum bytes of the code of a link to a file: two names of 32 characters, encrypted and in Base64.
pub const LINK_CODE_BYTES_MAX: usize = 640;

// Relations between the limits.
const _: () = assert!(TEXT_BYTES_MAX * 6 + 4 * 1024 <= LINE_BYTES_MAX, "an escaped text fits its line");
const _: () = assert!(LINE_BYTES_MAX < FRAME_BYTES_MAX, "a line fits its frame");
const _: () = assert!(REPLY_BYTES_MAX + HISTORY_BYTES_MAX < FRAME_BYTES_MAX, "replies fit their frame");
const _: () = assert!(RUN_BYTES_MAX * 4 + 2 * LINE_BYTES_MAX < REPLY_BYTES_MAX, "the runs of one reply fit");
const _: () = assert!(FILE_CHUNK_BYTES_MAX < FRAME_BYTES_MAX, "a chunk fits its frame");
const _: () = assert!(2 * PRESENCE_HEARTBEAT_MS < PRESENCE_TIMEOUT_MS, "a heartbeat may be lost");
const _: () = assert!(PRESENCE_TIMEOUT_MS + 2 * PRESENCE_NOTICE_INTERVAL_MS < 45_000, "within 45 s");
const _: () =
    assert!(PRESENCE_USERS_MAX * (NAME_CHARACTERS_MAX * 4 + 40) < LINE_BYTES_MAX, "a notice fits its line");
const _: () = assert!(NAME_CHARACTERS_MAX * 4 + TOPIC_KEY_DIGITS + 16 < TOPIC_BYTES_MAX, "a topic fits");
