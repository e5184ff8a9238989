//! Files of an older chat, as they were found, taken over into an empty folder.

#![expect(
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and looks at a few kinds only"
)]

use std::sync::Arc;

use common::Conversation;
use disk::faulty::FaultyDisk;
use server::maintenance::import::{Import, ImportReport};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;

const NOW_MS: u64 = 1_763_700_000_000;

/// The SHA-256 of "test".
const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn empty() -> Ledger {
    Ledger::open(Store::on(Arc::new(FaultyDisk::new())), &CommitMode::WhenPolled).expect("an empty disk")
}

fn sync(ledger: &mut Ledger) {
    while !ledger.is_quiet() {
        ledger.flush();
        ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
    }
}

fn import(ledger: &mut Ledger, users: &str, channels: &str, messages: &str) -> ImportReport {
    let mut sync = sync;
    let mut import = Import::new(ledger, &mut sync, NOW_MS);
    import.users(users.replace("HASH", HASH).as_bytes());
    import.channels(channels.as_bytes());
    import.messages(messages.as_bytes());
    import.report
}

fn history(ledger: &Ledger, by: &str, target: &str) -> Vec<String> {
    let user = testkit::user(by);
    let conversation = Conversation::of(&user, &testkit::target(target));
    let mut lines = Vec::new();
    ledger.read(&conversation, 1, u64::MAX, &mut lines).expect("readable");
    let line = |line: &[u8]| {
        let event: common::Event<'_> = serde_json::from_slice(line).expect("an event");
        match event.body {
            common::Body::Message { text, .. } => format!("{} {} {}", event.at, event.from, text.as_str()),
            other => format!("{} {other:?}", event.from),
        }
    };
    lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(line).collect()
}

#[test]
fn every_shape_that_was_seen_is_understood() {
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
            let mut ledger = empty();
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
    let mut ledger = empty();
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
fn what_makes_no_sense_is_left_out_and_told() {
    let mut ledger = empty();
    let messages = "not json\n{\"user\":\"ana\",\"channel\":\"geral\"}\n{\"user\":\"nobody\",\"channel\":\"geral\",\"text\":\"x\"}\n\
                    {\"user\":\"ana\",\"channel\":\"new one\",\"text\":\"x\"}\n";
    let report = import(&mut ledger, r#"{"ana":"HASH","a b":"HASH","bob":"plain"}"#, "[]", messages);
    assert_eq!((report.users, report.channels, report.messages, report.skipped), (1, 1, 1, 5), "{report:#?}");
    insta::assert_snapshot!(report.problems.join("\n"), @r#"
    user "a b": a name has letters, digits, '.', '_' and '-', no spaces, and begins with a letter or a digit
    user "bob": no password hash (SHA-256, 64 hexadecimal digits)
    message in line 1: expected ident at line 1 column 2
    message in line 2: it has no text
    message in line 3: there is no user nobody
    "#);
}

#[test]
fn doing_it_again_adds_nothing() {
    let (users, channels) = (r#"{"ana":"HASH"}"#, r#"["geral"]"#);
    let messages = r#"{"user":"ana","channel":"geral","text":"olá","ts":1600000000}"#;
    let mut ledger = empty();
    import(&mut ledger, users, channels, messages);
    let before = ledger.position();
    let report = import(&mut ledger, users, channels, messages);
    assert_eq!(ledger.position(), before);
    assert_eq!((report.known, report.users + report.channels + report.messages), (3, 0), "{report:?}");
}

#[test]
fn a_name_that_nobody_could_register_any_more_keeps_its_messages() {
    let mut ledger = empty();
    let messages = r#"{"from":"maria_","to":"ana","text":"oi","timestamp":1763600000}"#;
    let report = import(&mut ledger, r#"{"ana":"HASH","maria_":"HASH"}"#, "[]", messages);
    assert_eq!(report.skipped, 0, "{report:?}");
    assert_eq!(history(&ledger, "ana", "@maria_"), ["1763600000000 maria_ oi"]);
}
