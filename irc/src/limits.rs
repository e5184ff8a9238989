//! The limits of the IRC front, with their units and reasons.

/// The maximum bytes of a line from a client without its tags, with its end: RFC 1459, section 2.3.
pub(crate) const LINE_BYTES_MAX: usize = 512;

/// The maximum bytes of the tags of a line from a client, with the `@` and the space: the specification of
/// message-tags.
pub(crate) const TAGS_BYTES_MAX: usize = 4096;

/// The lines that a client can send at once, and then in each second. A message of several lines fits.
pub(crate) const LINES_BURST: u64 = 500;
pub(crate) const LINES_PER_SECOND: u64 = 50;

/// The number of users whom WHO compares with a mask for the price of one further line.
pub(crate) const USERS_PER_LINE: u64 = 100;

/// The maximum number of filters of LIST.
pub(crate) const LIST_FILTERS_MAX: usize = 20;

/// The maximum number of parameters of a line: RFC 1459, section 2.3.
pub(crate) const PARAMS_MAX: usize = 15;

/// The maximum bytes of the name of a user or a channel.
pub(crate) const NAME_BYTES_MAX: usize = 4 * common::limits::NAME_CHARACTERS_MAX + 1;

/// The maximum bytes of the list of names in one line.
pub(crate) const LIST_BYTES_MAX: usize = 380;

/// The maximum bytes that were received from a client and not handled yet. Above it, the front reads no more
/// from the connection.
pub(crate) const INPUT_BYTES_MAX: usize = 2 * (LINE_BYTES_MAX + TAGS_BYTES_MAX);

/// The maximum bytes that wait for a client. A connection above it is closed; a client with CHATHISTORY loads
/// the events from the history.
pub(crate) const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// The bytes that may wait for a client before its next line is handled.
pub(crate) const OUTPUT_BYTES_BEFORE_LINE: usize = 64 << 10;

/// The maximum bytes of items that wait for one connection to handle them. Further events are dropped, and
/// the session requests them. Further notes of other connections are dropped. Replies are never dropped: the
/// session has a bounded number of requests.
pub(crate) const INBOX_BYTES_MAX: usize = 1 << 20;

/// Milliseconds in which a client must register: a user types the password of an account, and a login can
/// wait in the queue of the node.
pub(crate) const REGISTRATION_MS_MAX: u64 = 30_000;

/// Milliseconds of silence after which the front sends a PING, and after which it closes the connection.
pub(crate) const PING_MS: u64 = 90_000;
pub(crate) const SILENT_MS_MAX: u64 = 180_000;

/// The maximum milliseconds that the last lines to a client take, and the last requests of its session.
pub(crate) const CLOSING_MS_MAX: u64 = 3_000;

/// Milliseconds for them when the front is shutting down.
pub(crate) const SHUTDOWN_MS_MAX: u64 = 300;

/// The maximum number of connections of one user.
pub(crate) const USER_CONNECTIONS_MAX: usize = 20;

/// The maximum number of connections of one address, or of one IPv6 network of 64 bits: a few hundred users
/// behind one router.
pub(crate) const ADDRESS_CONNECTIONS_MAX: usize = 2_000;

/// The maximum number of connections.
pub(crate) const CONNECTIONS_MAX: usize = 10_000;

/// The maximum number of connections of other listeners that wait for the front.
pub(crate) const ARRIVALS_MAX: usize = 64;

/// The handshakes of TLS that one network can begin at once, and then in each second: half a millisecond of
/// the processor each.
pub(crate) const HANDSHAKES_BURST: u64 = 100;
pub(crate) const HANDSHAKES_PER_SECOND: u64 = 50;

/// The maximum number of networks whose handshakes are counted. Beyond it, networks without a recent
/// handshake are forgotten.
pub(crate) const HANDSHAKE_NETWORKS_MAX: usize = 10_000;

/// The maximum number of topics of all connections. libzmq accepts 16,384 topics of one subscriber.
pub(crate) const TOPICS_MAX: usize = 16_000;

/// The maximum number of users whom a connection remembers as offline.
pub(crate) const SHOWN_OFFLINE_MAX: usize = 10_000;

/// The maximum number of users that one client monitors.
pub(crate) const MONITOR_MAX: usize = 100;

/// The maximum bytes of a message of several lines, and its maximum number of lines.
pub(crate) const MULTILINE_BYTES_MAX: usize = common::limits::TEXT_BYTES_MAX;
pub(crate) const MULTILINE_LINES_MAX: usize = 200;

/// The maximum number of messages in one page of CHATHISTORY.
pub(crate) const HISTORY_MESSAGES_MAX: usize = 100;

/// The maximum number of pages of the server for one CHATHISTORY: pages can consist of joins alone.
pub(crate) const HISTORY_PAGES_MAX: usize = 10;

/// The maximum bytes of the text of AWAY. Each connection has one text.
pub(crate) const AWAY_BYTES_MAX: usize = 300;

/// The maximum bytes of the reason of a KICK.
pub(crate) const KICK_BYTES_MAX: usize = 300;

/// The maximum number of exact times of read marks that the front remembers: of all users, and of one user.
/// Other read marks have the time of their event.
pub(crate) const MARKS_MAX: usize = 10_000;
pub(crate) const MARKS_PER_USER_MAX: usize = 500;

/// The maximum number of messages whose notes the front remembers: their tags, with at most
/// `TAGS_BYTES_MAX` each, and the lengths of their lines.
pub(crate) const NOTES_MAX: usize = 1_000;

/// The maximum bytes of the written lines that connections share. Beyond it, the front forgets all of them and
/// writes them again.
pub(crate) const WRITTEN_BYTES_MAX: usize = 4 << 20;

/// The maximum number of reasons of KICK and PART that the front remembers, and for how many milliseconds.
pub(crate) const REMARKS_MAX: usize = 100;
pub(crate) const REMARK_MS: u64 = 5_000;

/// The maximum bytes of the user name of USER, and the maximum number of users whose USER the front
/// remembers.
pub(crate) const IDENT_BYTES_MAX: usize = 16;
pub(crate) const FACES_MAX: usize = 10_000;

/// The maximum number of connections that have ended and that WHOWAS can list.
pub(crate) const PAST_FACES_MAX: usize = 1_000;

/// Milliseconds after which the list of users is loaded again when a client asks for a user, and the same for
/// a user whom the list lacks.
pub(crate) const USERS_FRESH_MS: u64 = 5_000;
pub(crate) const USERS_MISSING_MS: u64 = 1_000;

/// The maximum number of own events that a connection expects, and for how many milliseconds.
pub(crate) const EXPECTED_MAX: usize = 64;
pub(crate) const EXPECTED_MS: u64 = 30_000;

/// The maximum milliseconds that the response to a command waits for the event of the command.
pub(crate) const SEEN_MS_MAX: u64 = 1_000;

/// The maximum bytes of events of channels that the client has not joined yet. A connection above it is
/// closed.
pub(crate) const HELD_BYTES_MAX: usize = 1 << 20;

/// The maximum number of events that wait until the connection handles no line. A connection above it is
/// closed.
pub(crate) const LATER_MAX: usize = 2_000;

/// The maximum bytes of the credentials of SASL as base64, with a name and a password of their maximum
/// length.
pub(crate) const SASL_BYTES_MAX: usize = 2_400;

/// The bytes of a line of AUTHENTICATE: a shorter line is the last.
pub(crate) const SASL_LINE_BYTES: usize = 400;

const _: () = assert!(OUTPUT_BYTES_BEFORE_LINE < OUTPUT_BYTES_MAX, "the output of one command fits");
const _: () = assert!(3 * NAME_BYTES_MAX + 100 < LINE_BYTES_MAX, "a line has room for some text");
