//! Checks that the tables in `docs/PROTOCOL.md` are equal to the tables in the code. `UPDATE_DOCS=1 cargo
//! test -p common` rewrites them.

#![expect(clippy::disallowed_methods, reason = "this test reads and writes a document, not the data folder")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use common::bots::Scope;
use common::methods::{Method, Rights};
use common::{Detail, Reason, limits};

fn methods() -> String {
    let mut text = String::from("| method | who | bots | what |\n|---|---|---|---|\n");
    for about in Method::ALL.iter().map(|method| method.description()) {
        let _ = writeln!(
            text,
            "| [`{}`](#{}) | {} | {} | {} |",
            about.name,
            anchor(about.name),
            caller(about.rights),
            scope(about.rights, about.scope),
            about.help
        );
    }
    for about in Method::ALL.iter().map(|method| method.description()) {
        let _ = write!(
            text,
            "\n#### `{}`\n\n{}\n\n```json\n{}\n```\n\nreturns\n\n```json\n{}\n```\n",
            about.name, about.help, about.params, about.result
        );
    }
    text
}

/// The anchor that Markdown renderers derive from the heading of a method.
fn anchor(name: &str) -> String {
    name.replace('.', "")
}

fn caller(rights: Rights) -> &'static str {
    match rights {
        Rights::Anyone => "anyone",
        Rights::Session => "a session",
        Rights::Administrator => "an administrator",
        Rights::Gateway => "the gateway",
    }
}

/// The scope that the token of a bot needs.
fn scope(rights: Rights, scope: Scope) -> &'static str {
    match (rights, scope) {
        (Rights::Anyone, _) => "",
        (_, Scope::Read) => "`read`",
        (_, Scope::Write) => "`write`",
        (_, Scope::Admin) => "`admin`",
        (_, Scope::Person) => "no",
    }
}

fn errors() -> String {
    let mut text = String::from("| code | `data.reason` | meaning |\n|---|---|---|\n");
    for reason in Reason::ALL {
        let _ = writeln!(text, "| {} | `{}` | {} |", reason.code(), reason.word(), reason.meaning());
    }
    text += "\n| `data.reason` | `data.detail` | `data.args` | `message` |\n|---|---|---|---|\n";
    for detail in Detail::ALL.iter().filter(|detail| detail.is_sent) {
        let args: Vec<_> =
            detail.args.iter().map(|(name, kind)| format!("`{name}`: {}", json_type(kind))).collect();
        let (reason, word, args) = (detail.reason.word(), detail.word, args.join(", "));
        let _ = writeln!(text, "| `{reason}` | `{word}` | {args} | {} |", detail.sentence);
    }
    text
}

/// The JSON type of an argument.
fn json_type(kind: &str) -> &'static str {
    match kind {
        "u32" | "u64" | "usize" => "number",
        "String" | "UserName" | "ChannelName" | "Target" => "string",
        other => panic!("add the JSON type of {other} to this table"),
    }
}

fn limits() -> String {
    let rows = [
        ("characters in a name", limits::NAME_CHARACTERS_MAX),
        ("characters in a display name", limits::DISPLAY_NAME_CHARACTERS_MAX),
        ("names of a channel, with its former names", limits::NAMES_PER_CHANNEL_MAX),
        ("bytes in a text", limits::TEXT_BYTES_MAX),
        ("characters in a password, at least", limits::PASSWORD_CHARACTERS_MIN),
        ("bytes in a password", limits::PASSWORD_BYTES_MAX),
        ("bytes in a request's `id`", limits::REQUEST_ID_BYTES_MAX),
        ("bytes in a line", limits::LINE_BYTES_MAX),
        ("lines in a frame", limits::FRAME_LINES_MAX),
        ("bytes in a frame; a larger one ends the connection", limits::FRAME_BYTES_MAX),
        ("events in a page of history", limits::HISTORY_EVENTS_MAX as usize),
        ("events in a page of history without `limit`", limits::HISTORY_EVENTS_DEFAULT as usize),
        ("bytes in a page of history; a larger one ends early", limits::HISTORY_BYTES_MAX),
        ("names in a page of a list", limits::LIST_NAMES_MAX),
        ("open sessions of a user; a new login ends the oldest", limits::SESSIONS_PER_USER_MAX),
        ("channels in which a user is a member, without `*`", limits::MEMBERSHIPS_MAX),
        ("channels that a user has created", limits::CHANNELS_CREATED_MAX),
        ("webhooks of a channel", limits::HOOKS_PER_CHANNEL_MAX),
        ("webhooks of a node", limits::HOOKS_MAX),
        ("bytes in the address of a webhook's receiver", limits::HOOK_URL_BYTES_MAX),
        ("events that a receiver gets again after a crash", limits::RUN_EVENTS_MAX as usize),
        ("tokens of bots that a user has created", limits::BOT_TOKENS_PER_USER_MAX),
        ("tokens of bots of a node", limits::BOT_TOKENS_MAX),
        ("conversations of the token of a bot", limits::BOT_CONVERSATIONS_MAX),
        ("slash commands of the token of a bot", limits::COMMANDS_PER_TOKEN_MAX),
        ("slash commands in a channel", limits::COMMANDS_PER_CHANNEL_MAX),
        ("bytes in a chunk of a file", limits::FILE_CHUNK_BYTES_MAX),
        ("bytes in the name of a file", limits::FILE_NAME_BYTES_MAX),
        ("incomplete uploads of a user", limits::UPLOADS_PER_USER_MAX),
        ("bytes in a topic", limits::TOPIC_BYTES_MAX),
    ];
    let mut text = String::from("| what | maximum |\n|---|---|\n");
    for (what, maximum) in rows {
        let _ = writeln!(text, "| {what} | {maximum} |");
    }
    text
}

#[test]
fn the_tables_of_the_document_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROTOCOL.md");
    let written = fs::read_to_string(&path).expect("docs/PROTOCOL.md");
    let mut current = written.clone();
    for (name, table) in [("methods", methods()), ("errors", errors()), ("limits", limits())] {
        let (start, end) = (format!("<!-- {name}: generated -->\n"), format!("<!-- {name}: end -->"));
        let (before, rest) = current.split_once(&start).expect("the start of the table");
        let (_, after) = rest.split_once(&end).expect("the end of the table");
        current = format!("{before}{start}{table}{end}{after}");
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &current).expect("docs/PROTOCOL.md");
    } else {
        assert_eq!(written, current, "run `UPDATE_DOCS=1 cargo test -p common --test protocol_document`");
    }
}
