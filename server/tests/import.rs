//! Tests of the import of another chat's files into an empty data folder.

#![expect(
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "test helpers may panic, and the tests look at a few kinds of events only"
)]

use server::maintenance::import::{Import, ImportReport};
use server::storage::ledger::{Ledger, Sizes};
use testkit::team::{NOW_MS, event_lines, faulty_disk, open_ledger, store, sync};

/// The SHA-256 of "test".
const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn empty_ledger() -> Ledger {
    open_ledger(store(&faulty_disk()), Sizes::default())
}

fn import(ledger: &mut Ledger, users: &str, channels: &str, messages: &str) -> ImportReport {
    let mut sync = sync;
    let mut import = Import::new(ledger, &mut sync, NOW_MS);
    import.users(users.replace("HASH", HASH).as_bytes()).expect("users");
    import.channels(channels.as_bytes()).expect("channels");
    if !messages.is_empty() {
        import.messages(messages.as_bytes()).expect("messages");
    }
    import.report
}

/// A short form of each event of a conversation. A message has its time, author and text.
fn history(ledger: &Ledger, by: &str, conversation: &str) -> Vec<String> {
    let summary = |line: &str| {
        let event: common::Event<'_> = serde_json::from_str(line).expect("an event");
        match event.body {
            common::Body::Message { text, .. } => format!("{} {} {}", event.at, event.from, text.as_str()),
            other => format!("{} {other:?}", event.from),
        }
    };
    event_lines(ledger, by, conversation).lines().map(summary).collect()
}

#[test]
fn every_known_shape_of_the_files_is_imported() {
    for users in [
        r#"{"ana":"HASH","João":"HASH"}"#,
        r#"{"ana":{"senha":"HASH"},"João":{"password_hash":"HASH"}}"#,
        r#"[{"username":"ana","password":"HASH"},{"nome":"João","senha":"HASH"}]"#,
        r#"{"usuarios":[{"user":"ana","hash":"HASH"},{"user":"João","hash":"HASH"}]}"#,
    ] {
        for channels in [
            r#"["geral"]"#,
            r##"{"#geral":["João"]}"##,
            r#"{"canais":[{"nome":"geral","membros":["João"]}]}"#,
        ] {
            let mut ledger = empty_ledger();
            let report = import(&mut ledger, users, channels, "");
            assert_eq!(
                (report.users, report.channels, report.skipped),
                (2, 1, 0),
                "{users} {channels} {report:?}"
            );
        }
    }
}

#[test]
fn messages_keep_their_time_and_their_order() {
    let mut ledger = empty_ledger();
    let messages = r##"{"user":"ana","channel":"geral","message":"olá 🙂","timestamp":1600000000.5}
{"de":"João","canal":"#geral","texto":"?","mensagem":"oi","data":"2020-09-13T12:26:42Z"}

{"src":"ana","dst":"João","msg":"só para você","ts":"1600000003000"}
"##;
    let report = import(&mut ledger, r#"{"ana":"HASH","João":"HASH"}"#, r#"["geral"]"#, messages);
    assert_eq!((report.messages, report.skipped), (3, 0), "{report:?}");
    assert_eq!(
        history(&ledger, "ana", "#geral"),
        [
            "ana Created { private: false }",
            "1600000000500 ana olá 🙂",
            "joão Joined",
            "1600000002000 joão oi"
        ]
    );
    assert_eq!(history(&ledger, "ana", "@joão"), ["1600000003000 ana só para você"]);
}

#[test]
fn invalid_entries_are_skipped_and_reported() {
    let mut ledger = empty_ledger();
    let messages = "not json\n{\"user\":\"ana\",\"channel\":\"geral\"}\n{\"user\":\"nobody\",\"channel\":\"geral\",\"text\":\"x\"}\n\
                    {\"user\":\"ana\",\"channel\":\"new one\",\"text\":\"x\"}\n";
    let report = import(&mut ledger, r#"{"ana":"HASH","a b":"HASH","bob":"plain"}"#, "[]", messages);
    assert_eq!((report.users, report.channels, report.messages, report.skipped), (1, 1, 1, 5), "{report:#?}");
    insta::assert_snapshot!(report.problems.join("\n"), @r#"
    user "a b": a name may contain only letters, digits, '.', '_' and '-', and must start with a letter or a digit
    user "bob": no password hash (SHA-256, 64 hexadecimal digits)
    message in line 1: expected ident at line 1 column 2
    message in line 2: it has no text
    message in line 3: there is no user nobody
    "#);
}

#[test]
fn a_second_import_adds_nothing() {
    let (users, channels) = (r#"{"ana":"HASH"}"#, r#"["geral"]"#);
    let messages = r#"{"user":"ana","channel":"geral","text":"olá","ts":1600000000}"#;
    let mut ledger = empty_ledger();
    import(&mut ledger, users, channels, messages);
    let before = ledger.position();
    let report = import(&mut ledger, users, channels, messages);
    assert_eq!(ledger.position(), before);
    assert_eq!((report.known, report.users + report.channels + report.messages), (3, 0), "{report:?}");
}

#[test]
fn a_user_whose_name_is_no_longer_valid_keeps_the_messages() {
    let mut ledger = empty_ledger();
    let messages = r#"{"from":"maria_","to":"ana","text":"oi","timestamp":1763600000}"#;
    let report = import(&mut ledger, r#"{"ana":"HASH","maria_":"HASH"}"#, "[]", messages);
    assert_eq!(report.skipped, 0, "{report:?}");
    assert_eq!(history(&ledger, "ana", "@maria_"), ["1763600000000 maria_ oi"]);
}

#[test]
fn equal_lines_are_equal_messages_and_a_second_import_adds_none_of_them() {
    let users = r#"{"ana":"HASH"}"#;
    let line = r#"{"user":"ana","channel":"geral","text":"+1","ts":1600000000}"#;
    let without_time = r#"{"user":"ana","channel":"geral","text":"sem hora"}"#;
    let messages = [line, line, without_time, line, without_time].join("\n");
    let mut ledger = empty_ledger();
    let report = import(&mut ledger, users, "[]", &messages);
    assert_eq!((report.messages, report.known), (5, 0), "{report:?}");
    let before = ledger.position();
    let mut sync = sync;
    let mut later = Import::new(&mut ledger, &mut sync, NOW_MS + 1000);
    later.messages(messages.as_bytes()).expect("messages");
    assert_eq!((later.report.messages, later.report.known), (0, 5), "{:?}", later.report);
    assert_eq!(ledger.position(), before);
}

#[test]
fn a_list_of_messages_and_a_byte_order_mark_are_read() {
    let line = r#"{"user":"ana","channel":"geral","text":"oi"}"#;
    for messages in [
        format!("\u{feff}{line}\r\n{line}\r\n"),
        format!("[{line},\n{line}]"),
        format!("\u{feff}{{\"messages\":[{line},{line}]}}"),
    ] {
        let mut ledger = empty_ledger();
        let report = import(&mut ledger, "\u{feff}{\"ana\":\"HASH\"}", "\u{feff}[]", &messages);
        assert_eq!((report.users, report.messages, report.skipped), (1, 2, 0), "{messages} {report:?}");
    }
}

#[test]
fn a_file_without_entries_is_an_error() {
    let mut ledger = empty_ledger();
    let mut sync = sync;
    let mut import = Import::new(&mut ledger, &mut sync, NOW_MS);
    for (file, reason) in
        [("", "it is empty"), ("\u{feff} \n", "it is empty"), ("oi\nola", "it is not JSON: ")]
    {
        for outcome in [
            import.users(file.as_bytes()),
            import.channels(file.as_bytes()),
            import.messages(file.as_bytes()),
        ] {
            assert!(outcome.expect_err(file).to_string().starts_with(reason), "{file:?}");
        }
    }
    assert_eq!(import.users(b"7").expect_err("a number").to_string(), "it contains neither a list nor a map");
}
