//! Tests of the lines of events and notices, byte for byte.

use super::*;

const GOLDEN: [&str; 21] = [
    r##"{"n":17,"at":1763700000123,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi, João 🙂\n\"tudo bem\"?"}"##,
    r##"{"n":18,"at":1763700000123,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"sim","reply":17}"##,
    r##"{"n":19,"at":1763700000123,"to":"#general","from":"alice","kind":"message.edited","id":"01970000-0000-7000-8000-000000000001","of":17,"text":"olá"}"##,
    r##"{"n":20,"at":1763700000123,"to":"#general","from":"alice","kind":"message.deleted","id":"01970000-0000-7000-8000-000000000001","of":17}"##,
    r##"{"n":21,"at":1763700000123,"to":"#general","from":"alice","kind":"message.reacted","id":"01970000-0000-7000-8000-000000000001","of":17,"emoji":"👍"}"##,
    r##"{"n":22,"at":1763700000123,"to":"#general","from":"alice","kind":"message.unreacted","id":"01970000-0000-7000-8000-000000000001","of":17,"emoji":"👍"}"##,
    r##"{"n":17,"at":1763700000123,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"","deleted":true}"##,
    r##"{"n":19,"at":1763700000123,"to":"#general","from":"alice","kind":"message.edited","id":"01970000-0000-7000-8000-000000000001","of":17,"text":"","deleted":true}"##,
    r##"{"n":18,"at":1763700000123,"to":"@bob","from":"alice","kind":"file","id":"01970000-0000-7000-8000-000000000001","name":"plan.pdf","bytes":1258291,"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"##,
    r##"{"n":1,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.created"}"##,
    r##"{"n":1,"at":1763700000123,"to":"#board","from":"alice","kind":"channel.created","private":true}"##,
    r##"{"n":2,"at":1763700000123,"to":"#general","from":"bob","kind":"channel.joined"}"##,
    r##"{"n":3,"at":1763700000123,"to":"#general","from":"bob","kind":"channel.left"}"##,
    r##"{"n":4,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.invited","user":"bob"}"##,
    r##"{"n":5,"at":1763700000123,"to":"#general","from":"bob","kind":"channel.declined"}"##,
    r##"{"n":5,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.kicked","user":"bob"}"##,
    r##"{"n":6,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.banned","user":"bob"}"##,
    r##"{"n":7,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.unbanned","user":"bob"}"##,
    r##"{"n":8,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.role","user":"bob","role":"moderator"}"##,
    r##"{"n":9,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.set","subject":"all and nothing","private":false}"##,
    r##"{"n":10,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.renamed","new_name":"#all"}"##,
];

#[test]
fn only_messages_and_files_are_content() {
    let is_content =
        |line: &&&str| serde_json::from_str::<Event<'_>>(line).expect("an event").body.is_content();
    let lines = GOLDEN.iter().filter(is_content);
    let kinds: Vec<_> = lines.map(|line| line.split('"').nth(15).expect("a kind")).collect();
    // The third message is a redacted one.
    assert_eq!(kinds, ["message", "message", "message", "file"]);
}

#[test]
fn golden_lines_are_decoded_and_encoded_byte_for_byte() {
    for line in GOLDEN {
        let event: Event<'_> = serde_json::from_str(line).expect(line);
        assert_eq!(event.to_line(), line);
        assert_eq!(event.into_owned().to_line(), line);
    }
}

#[test]
fn a_line_cut_anywhere_is_refused() {
    for line in GOLDEN {
        for end in 0..line.len() {
            assert!(
                serde_json::from_slice::<Event<'_>>(&line.as_bytes()[..end]).is_err(),
                "{line} cut at {end}"
            );
        }
    }
}

#[test]
fn an_event_without_a_required_field_is_refused() {
    let refusal = |rest: &str| {
        let line = format!(r##"{{"n":1,"at":1,"to":"#a","from":"alice",{rest}}}"##);
        serde_json::from_str::<Event<'_>>(&line).expect_err("refused").to_string()
    };
    assert_eq!(refusal(r#""kind":"message""#), "an event of this kind needs an \"id\"");
    assert_eq!(
        refusal(r#""kind":"file","id":"01970000-0000-7000-8000-000000000001","bytes":7"#),
        "a file needs a \"name\", \"bytes\" and a \"sha256\""
    );
    assert_eq!(refusal(r#""kind":"channel.kicked""#), "an event of this kind needs a \"user\"");
    assert_eq!(refusal(r#""kind":"channel.role","user":"bob""#), "a role event needs a \"role\"");
}

#[test]
fn unknown_fields_and_kinds_are_accepted() {
    let line = r##"{"n":3,"at":1,"to":"#g","from":"bob","kind":"channel.left","reason":"kicked"}"##;
    assert_eq!(serde_json::from_str::<Event<'_>>(line).expect("an event").body, Body::Left);
    let line = r##"{"n":4,"at":1,"to":"#g","from":"bob","kind":"poll.opened","options":["a","b"]}"##;
    let event = serde_json::from_str::<Event<'_>>(line).expect("an event");
    assert_eq!((event.n, event.body), (4, Body::Unknown));
}

#[test]
fn notices_are_encoded_and_decoded() {
    let topic = "channel.general.9d8c7b6a5f4e3d2c1b0a998877665544".to_owned();
    let notice = Notice::TopicMoved { to: ChannelName::new("#general").expect("a name"), topic };
    let line = r##"{"kind":"topic.moved","to":"#general","topic":"channel.general.9d8c7b6a5f4e3d2c1b0a998877665544"}"##;
    assert_eq!(serde_json::to_string(&notice).expect("json"), line);
    assert_eq!(serde_json::from_str::<Notice>(line).expect("a notice"), notice);
    for line in [
        r#"{"kind":"presence","at":7,"users":[{"user":"bob","state":"online"},{"user":"eva","state":"away"}]}"#,
        r##"{"kind":"typing","at":7,"to":"#general","from":"bob","typing":true}"##,
    ] {
        let notice: Notice = serde_json::from_str(line).expect("a notice");
        assert_eq!(serde_json::to_string(&notice).expect("json"), line);
        assert!(serde_json::from_str::<Event<'_>>(line).is_err(), "no event");
    }
    let notice =
        Notice::Read { conversation: Target::new("@bob").expect("a name"), n: 17, unread: 2, mentions: 1 };
    let line = r#"{"kind":"read","conversation":"@bob","n":17,"unread":2,"mentions":1}"#;
    assert_eq!(serde_json::to_string(&notice).expect("json"), line);
    assert_eq!(serde_json::from_str::<Notice>(line).expect("a notice"), notice);
}
