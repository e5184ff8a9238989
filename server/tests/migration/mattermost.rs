//! The bulk export of Mattermost.

use server::maintenance::migration::mattermost::import as mattermost;
use testkit::team::faulty_disk;
use testkit::user;

use super::{folder, history, import, is_disabled, log};

/// The time of the first post in Unix milliseconds.
const DAY_MS: u64 = 1_736_942_400_000;

/// The lines before the posts.
pub(crate) const HEAD: &str = r#"{"type":"version","version":1,"info":{"generator":"mattermost-server"}}
{"type":"emoji","emoji":{"name":"parrot","image":"p.png"}}
{"type":"team","team":{"name":"team","type":"O"}}
{"type":"channel","channel":{"team":"team","name":"town-square","type":"O","header":"Hello","purpose":""}}
{"type":"channel","channel":{"team":"team","name":"__secret","type":"P"}}
{"type":"user","user":{"username":"bob","first_name":"Bob","last_name":"B","roles":"system_user","teams":[{"name":"team","channels":[{"name":"town-square"},{"name":"__secret"}]}]}}
{"type":"user","user":{"username":"ana","nickname":"Ana","roles":"system_user system_admin","teams":[{"name":"team","channels":[{"name":"town-square"}]}]}}
{"type":"user","user":{"username":"old","delete_at":1,"roles":"system_user"}}
{"type":"bot","bot":{"username":"ci","owner":"ana","display_name":"CI"}}
"#;

/// Posts with replies, reactions and attachments.
pub(crate) fn posts(count: u64) -> String {
    let post = |number: u64| {
        let at = DAY_MS + number * 1_000;
        let attachment =
            if number == 3 { r#","attachments":[{"path":"a/plan.txt"},{"path":"b/notes.txt"}]"# } else { "" };
        format!(
            r#"{{"type":"post","post":{{"team":"team","channel":"town-square","user":"ana","message":"post {number}","create_at":{at}{attachment},"reactions":[{{"user":"bob","create_at":{at},"emoji_name":"heart"}}],"replies":[{{"user":"old","message":"reply {number}","create_at":{}}}]}}}}"#,
            at + 1_500
        )
    };
    // The newest comes first, as the order of an export is not that of the times.
    (0..count).rev().map(|number| post(number) + "\n").collect()
}

/// Entries of each kind, with faults.
const MORE: &str = r#"{"type":"post","post":{"team":"team","channel":"town-square","user":"bob","type":"system_join_channel","message":"bob joined","create_at":1736942400100}}
{"type":"post","post":{"team":"team","channel":"town-square","user":"ci","message":"","props":{"attachments":[{"fallback":"built"}]},"create_at":1736942404000,"edit_at":1736942404500,"is_pinned":true,"flagged_by":["bob"],"attachments":[{"path":"../etc/passwd"},{"path":"a/missing.txt"}]}}
{"type":"post","post":{"team":"team","channel":"__secret","user":"bob","type":"me","message":"thinks","create_at":1736942400000}}
{"type":"direct_channel","direct_channel":{"members":["ana","bob"]}}
{"type":"direct_channel","direct_channel":{"participants":[{"username":"ana"},{"username":"bob"},{"username":"old"}]}}
{"type":"direct_post","direct_post":{"channel_members":["bob","ana"],"user":"bob","message":"hi","create_at":1736942400000,"replies":[{"user":"ana","message":"hello","create_at":1736942401000}]}}
{"type":"direct_post","direct_post":{"channel_members":["ana","bob","old"],"user":"old","message":"three","create_at":1736942400000}}
{"type":"post","post":{"message":3}}
not JSON
"#;

#[test]
fn an_export_is_imported_in_the_order_of_its_times() {
    let head = format!("{HEAD}{}{MORE}", posts(4));
    let export =
        folder(&[("import.jsonl", &head), ("data/a/plan.txt", "a plan"), ("data/b/notes.txt", "notes")]);
    let disk = faulty_disk();
    let (ledger, report) = import(&disk, mattermost, export.path());
    assert_eq!(
        history(&ledger, "ana", "#town-square", DAY_MS),
        [
            "1 0 bob: Created { private: false }",
            "2 0 ana: Joined",
            "3 0 bob: Set { subject: Some(Subject(\"Hello\")), private: None, archived: None }",
            "4 0 ana: post 0",
            "5 0 bob: reacted 4 ❤️",
            "6 1000 ana: post 1",
            "7 1000 bob: reacted 6 ❤️",
            "8 1500 old: Joined",
            "9 1500 old: to 4: reply 0",
            "10 2000 ana: post 2",
            "11 2000 bob: reacted 10 ❤️",
            "12 2500 old: to 6: reply 1",
            "13 3000 ana: post 3",
            "14 3000 ana: file plan.txt 6",
            "15 3000 ana: file notes.txt 5",
            "16 3000 bob: reacted 13 ❤️",
            "17 3500 old: to 10: reply 2",
            "18 4000 ci: Joined",
            "19 4000 ci: built",
            "20 4500 ci: edited 19: built",
            "21 4500 old: to 13: reply 3",
            "22 4500 ci: Left",
            "23 4500 old: Left",
        ]
    );
    assert_eq!(history(&ledger, "ana", "@bob", DAY_MS), ["1 0 bob: hi", "2 1000 ana: to 1: hello"]);
    assert_eq!(history(&ledger, "bob", "#secret", DAY_MS).last().expect("an event"), "2 0 bob: *thinks*");
    let state = ledger.state();
    assert!(state.channels.channel(&testkit::channel("#secret")).expect("a channel").private);
    assert!(state.channels.channel(&testkit::channel("#ana-bob-old")).expect("a group").private);
    assert!(state.users.is_administrator(&user("ana")) && is_disabled(state, "old"));
    assert_eq!(state.users.display_name(&user("bob")).as_str(), "Bob B");
    assert_eq!((report.users, report.bots, report.channels, report.files), (3, 1, 3, 2));
    assert_eq!((report.messages, report.replies, report.reactions), (13, 5, 4));
    let skipped: Vec<_> = report.not_imported.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    assert_eq!(
        skipped,
        [
            "2 attachment that the export does not contain",
            "1 invalid line",
            "1 invalid post",
            "1 line emoji",
            "1 line team",
            "1 pin",
            "1 post of type system_join_channel",
            "1 saved message of a user",
        ]
    );
    assert_eq!(report.problems, Vec::<String>::new());
    let before = log(&disk);
    drop(ledger);
    let (_, again) = import(&disk, mattermost, export.path());
    assert_eq!((log(&disk), again.messages, again.files), (before, 0, 0), "a second import adds nothing");
}

#[test]
fn an_export_has_bounds_and_a_version() {
    let user = r#"{"type":"user","user":{"username":"a"}}"#;
    let long = format!(r#"{{"type":"post","post":{{"message":"{}"}}}}"#, "x".repeat(16 << 20));
    for (lines, expected) in [
        (vec![user; 200_001].join("\n"), "the export has more than 200000 users or conversations"),
        (long, "import.jsonl has an entry of more than 16777216 bytes"),
        (user.to_owned(), "import.jsonl does not exist: this is not a bulk export of Mattermost"),
    ] {
        let export = folder(&[("import.jsonl", &lines)]);
        let error = super::refused(&faulty_disk(), mattermost, &export.path().join("import.jsonl"));
        assert!(error.ends_with(expected), "{error}");
    }
}
