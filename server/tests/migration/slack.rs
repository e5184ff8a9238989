//! The export of a Slack workspace.

use std::io::Write as _;

use server::maintenance::migration::slack::import as slack;
use testkit::team::faulty_disk;
use testkit::user;

use super::{folder, history, import, is_disabled, log};

/// The time of the first message in Unix milliseconds: 2025-01-15.
const DAY_MS: u64 = 1_736_942_400_000;

const USERS: &str = r#"[
 {"id":"U1","name":"ana","real_name":"Ana Souza","profile":{"display_name":"ana"}},
 {"id":"U2","name":"João Silva","profile":{"real_name":"João Silva"},"is_primary_owner":true,"is_owner":true},
 {"id":"U3","name":"ana","deleted":true,"profile":{}},
 {"id":"U4","name":"build","is_bot":true,"profile":{"real_name":"Build","bot_id":"B4"}},
 "not a user"
]"#;

const CHANNELS: &str = r#"[
 {"id":"C1","name":"general","created":1736900000,"creator":"U2","members":["U1","U2"],
  "topic":{"value":"Ask <@U1>"},"purpose":{"value":"all"}},
 {"id":"C2","name":"old","created":1736900001,"creator":"U1","members":[],"is_archived":true}
]"#;

const GROUPS: &str =
    r#"[{"id":"G1","name":"secret","created":1736900002,"creator":"U1","members":["U1","U2"]}]"#;

const MPIMS: &str = r#"[{"id":"G2","name":"mpdm-ana--joao--build-and-a-long-name-1","created":1736900003,
  "creator":"U1","members":["U1","U2","U4"]}]"#;

const DMS: &str =
    r#"[{"id":"D1","members":["U1","U2"]},{"id":"D2","members":["U1","USLACKBOT"]},{"id":"D3"}]"#;

const DAY: &str = r#"[
 {"type":"message","user":"U1","text":"Hi <@U2> &amp; <!here>: <https://a.example|a page> <#C2>","ts":"1736942400.000100",
  "reactions":[{"name":"+1","users":["U2","U1"],"count":3},{"name":"party_parrot","users":["U2"],"count":1}]},
 {"type":"message","user":"U2","text":"reply","ts":"1736942401.000200","thread_ts":"1736942400.000100"},
 {"type":"message","user":"U1","text":"root","ts":"1736942402.000300","thread_ts":"1736942402.000300",
  "edited":{"user":"U1","ts":"1736942409.000000"},"pinned_to":["C1"]},
 {"type":"message","user":"U3","text":"from a former user","ts":"1736942403.000400"},
 {"type":"message","user":"U9","user_profile":{"name":"guest","real_name":"Guest"},"text":"elsewhere","ts":"1736942404.000500"},
 {"type":"message","user":"U1","text":"","ts":"1736942405.000600",
  "files":[{"name":"a.png","title":"A","url_private":"https://files.example/a.png"}]},
 {"type":"message","user":"U1","text":"lost","ts":"1736942406.000700","thread_ts":"1736900000.000000"},
 {"type":"message","user":"U1","text":"","ts":"1736942407.000800"},
 {"type":"message","user":"U1","text":"no time"},
 {"type":"message","user":"U1","text":42,"ts":"1736942408.000900"}
]"#;

fn files(day: &str) -> [(&'static str, &str); 8] {
    [
        ("users.json", USERS),
        ("channels.json", CHANNELS),
        ("groups.json", GROUPS),
        ("mpims.json", MPIMS),
        ("dms.json", DMS),
        ("general/2025-01-15.json", day),
        ("secret/2025-01-15.json", r#"[{"user":"U3","text":"psst","ts":"1736942400.000100"}]"#),
        (
            "D1/2025-01-15.json",
            r#"[{"user":"U1","text":"for you","ts":"1736942400.000100"},{"user":"U9","text":"?","ts":"1736942400.000200"}]"#,
        ),
    ]
}

#[test]
fn a_workspace_is_imported_with_its_times_threads_and_reactions() {
    let (disk, export) = (faulty_disk(), folder(&files(DAY)));
    let (ledger, report) = import(&disk, slack, export.path());
    assert_eq!(
        history(&ledger, "ana", "#general", DAY_MS),
        [
            "1 -42400000 joão-silva: Created { private: false }",
            "2 -42400000 ana: Joined",
            "3 -42400000 joão-silva: Set { subject: Some(Subject(\"Ask @ana\")), private: None, archived: None }",
            "4 0 ana: Hi @joão-silva & @here: a page (https://a.example) #old",
            "5 0 joão-silva: reacted 4 👍",
            "6 0 ana: reacted 4 👍",
            "7 0 joão-silva: reacted 4 party_parrot",
            "8 1000 joão-silva: to 4: reply",
            "9 2000 ana: root",
            "10 9000 ana: edited 9: root",
            "11 3000 ana-2: Joined",
            "12 3000 ana-2: from a former user",
            "13 4000 guest: Joined",
            "14 4000 guest: elsewhere",
            "15 5000 ana: A: https://files.example/a.png",
            "16 6000 ana: lost",
            "17 6000 ana-2: Left",
            "18 6000 guest: Left",
        ]
    );
    assert_eq!(history(&ledger, "ana", "@joão-silva", DAY_MS), ["1 0 ana: for you"]);
    let state = ledger.state();
    let secret = state.channels.channel(&testkit::channel("#secret")).expect("a channel");
    assert!(secret.private && secret.members.len() == 2, "the former user left the private channel");
    assert!(state.channels.channel(&testkit::channel("#old")).expect("a channel").archived);
    assert!(state.users.is_administrator(&user("joão-silva")), "the primary owner is the administrator");
    assert!(is_disabled(state, "ana-2") && is_disabled(state, "guest"));
    assert!(state.users.accounts()[&user("build")].bot.is_some() && state.users.exists(&user("slackbot")));
    assert_eq!(state.users.display_name(&user("ana")).as_str(), "Ana Souza");
    let unread = server::domain::reads::reading(state, &user("ana"), &testkit::target("#general"));
    assert_eq!(unread.expect("a conversation").unread, 0);

    assert_eq!((report.users, report.bots, report.channels), (4, 2, 4));
    assert_eq!((report.messages, report.replies, report.reactions, report.edits), (9, 1, 3, 1));
    let skipped: Vec<_> = report.not_imported.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    assert_eq!(
        skipped,
        [
            "1 direct conversation without members",
            "1 invalid entry of users.json",
            "1 invalid message",
            "1 message of another user in a direct conversation",
            "1 message without a text",
            "1 message without a time",
            "1 pin",
            "1 reaction without its user",
            "1 reply mark of a message whose parent is missing",
        ]
    );
    let renamed: Vec<_> = report.renamed.iter().map(|name| format!("{} {}", name.from, name.to)).collect();
    assert_eq!(
        renamed,
        [
            "João Silva joão-silva",
            "ana ana-2",
            "#mpdm-ana--joao--build-and-a-long-name-1 #mpdm-ana--joao--build-and-a",
        ]
    );
    assert_eq!(report.problems, Vec::<String>::new());

    let before = log(&disk);
    drop(ledger);
    let (_, again) = import(&disk, slack, export.path());
    assert_eq!(log(&disk), before, "a second import adds nothing");
    assert_eq!((again.users, again.channels, again.messages, again.reactions), (0, 0, 0, 0));
}

#[test]
fn a_zip_file_gives_the_log_of_its_folder() {
    let (disk, export) = (faulty_disk(), folder(&files(DAY)));
    drop(import(&disk, slack, export.path()));
    let path = export.path().join("export.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file"));
    for (name, content) in files(DAY) {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a member");
        zip.write_all(content.as_bytes()).expect("written");
    }
    zip.finish().expect("a ZIP file");
    let unpacked = faulty_disk();
    drop(import(&unpacked, slack, &path));
    assert_eq!(log(&unpacked), log(&disk));
}

/// Slack's published list of subtypes, in the order of its documentation.
const PUBLISHED: [&str; 36] = [
    "assistant_app_thread",
    "bot_add",
    "bot_message",
    "bot_remove",
    "channel_archive",
    "channel_convert_to_private",
    "channel_convert_to_public",
    "channel_join",
    "channel_leave",
    "channel_name",
    "channel_posting_permissions",
    "channel_purpose",
    "channel_topic",
    "channel_unarchive",
    "document_mention",
    "ekm_access_denied",
    "file_comment",
    "file_mention",
    "file_share",
    "group_archive",
    "group_join",
    "group_leave",
    "group_name",
    "group_purpose",
    "group_topic",
    "group_unarchive",
    "huddle_thread",
    "me_message",
    "message_changed",
    "message_deleted",
    "message_replied",
    "pinned_item",
    "reminder_add",
    "reply_broadcast",
    "thread_broadcast",
    "unpinned_item",
];

/// A message of each published subtype, and of an unknown one.
fn message_of_each_subtype() -> String {
    let mut day = vec![
        r#"{"user":"U1","text":"first","ts":"1736942400.000100"}"#.to_owned(),
        r#"{"user":"U2","text":"to delete","ts":"1736942400.000200"}"#.to_owned(),
    ];
    for (number, subtype) in PUBLISHED.iter().chain(&["new_in_2030"]).enumerate() {
        let ts = format!("{}.000000", 1_736_942_410 + number);
        let more = match *subtype {
            "bot_message" => {
                r#""bot_id":"B9","username":"ci","text":"","attachments":[{"fallback":"built"}]"#
            }
            "file_comment" => r#""comment":{"user":"U2","comment":"nice"}"#,
            "file_share" => {
                r#""user":"U1","text":"see","file":{"name":"b.txt","url_private":"https://f.example/b"}"#
            }
            "message_changed" => {
                r#""hidden":true,"message":{"user":"U1","text":"changed","ts":"1736942400.000100","edited":{"ts":"1736942500.000000"}}"#
            }
            "message_deleted" => r#""hidden":true,"deleted_ts":"1736942400.000200""#,
            "thread_broadcast" => r#""user":"U2","text":"for all","thread_ts":"1736942400.000100""#,
            subtype => &format!(r#""user":"U1","text":"text of {subtype}""#),
        };
        day.push(format!(r#"{{"type":"message","subtype":"{subtype}","ts":"{ts}",{more}}}"#));
    }
    format!("[{}]", day.join(","))
}

#[test]
fn every_published_subtype_is_imported_or_counted() {
    let day = message_of_each_subtype();
    let (disk, export) = (faulty_disk(), folder(&files(&day)));
    let (ledger, report) = import(&disk, slack, export.path());
    let events: Vec<_> = history(&ledger, "ana", "#general", DAY_MS)
        .into_iter()
        .skip(3)
        .map(|line| line.splitn(3, ' ').nth(2).unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        events,
        [
            "ana: first",
            "joão-silva: to delete",
            "ana: text of assistant_app_thread",
            "ci: Joined",
            "ci: built",
            "ana: text of document_mention",
            "joão-silva: nice",
            "ana: text of file_mention",
            "ana: see\nb.txt: https://f.example/b",
            "ana: *text of me_message*",
            "ana: edited 4: changed",
            "joão-silva: deleted 5",
            "joão-silva: to 4: for all",
            "ana: text of new_in_2030",
            "ci: Left",
        ]
    );
    let imported = [
        "assistant_app_thread",
        "bot_message",
        "document_mention",
        "file_comment",
        "file_mention",
        "file_share",
    ];
    let imported =
        [&imported[..], &["me_message", "message_changed", "message_deleted", "thread_broadcast"]].concat();
    for subtype in PUBLISHED {
        let counted = report.not_imported.get(&format!("subtype {subtype}")).copied().unwrap_or_default();
        assert_eq!(counted, u64::from(!imported.contains(&subtype)), "{subtype}");
    }
    assert_eq!(report.not_imported["unknown subtype new_in_2030 (the text was imported)"], 1);
    assert_eq!((report.edits, report.deletions), (1, 1));
    assert_eq!(report.problems, Vec::<String>::new());
}

#[test]
fn a_private_channel_never_becomes_a_public_one() {
    let disk = faulty_disk();
    drop(import(&disk, slack, folder(&[("users.json", USERS), ("channels.json", CHANNELS)]).path()));
    let groups = r#"[{"id":"G7","name":"general","created":1736900002,"creator":"U1","members":["U1"]}]"#;
    let export = folder(&[("users.json", USERS), ("groups.json", groups)]);
    let (ledger, report) = import(&disk, slack, export.path());
    assert!(ledger.state().channels.channel(&testkit::channel("#general-2")).expect("a channel").private);
    assert_eq!(report.channels, 1);
}

#[test]
fn an_export_with_too_many_users_is_refused_before_a_record() {
    let users = vec![r#"{"id":"U1","name":"a"}"#; 200_001].join(",");
    let export = folder(&[("users.json", &format!("[{users}]"))]);
    let (disk, before) = (faulty_disk(), log(&faulty_disk()));
    let error = super::refused(&disk, slack, export.path());
    assert_eq!(error, "the export has more than 200000 users or conversations");
    assert_eq!(log(&disk), before);
}

#[test]
fn a_folder_without_users_is_not_an_export() {
    let error = super::refused(&faulty_disk(), slack, folder(&[("channels.json", "[]")]).path());
    assert_eq!(error, "users.json does not exist: this is not an export of a Slack workspace");
}
