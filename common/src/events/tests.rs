//! Tests of the lines of events and notices, byte for byte.

use super::*;

const EVENTS: &str = include_str!("../../../docs/conformance/events.jsonl");
const NOTICES: &str = include_str!("../../../docs/conformance/notices.jsonl");

#[test]
fn only_messages_and_files_are_content() {
    let is_content =
        |line: &&str| serde_json::from_str::<Event<'_>>(line).expect("an event").body.is_content();
    let lines = EVENTS.lines().filter(is_content);
    let kinds: Vec<_> = lines.map(|line| line.split('"').nth(15).expect("a kind")).collect();
    // The third message is a redacted one.
    assert_eq!(kinds, ["message", "message", "message", "file", "message", "message"]);
}

#[test]
fn golden_lines_are_decoded_and_encoded_byte_for_byte() {
    for line in EVENTS.lines() {
        let event: Event<'_> = serde_json::from_str(line).expect(line);
        assert_eq!(event.to_line(), line);
        assert_eq!(event.into_owned().to_line(), line);
    }
}

#[test]
fn a_line_cut_anywhere_is_refused() {
    for line in EVENTS.lines() {
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
    for line in NOTICES.lines() {
        let notice: Notice = serde_json::from_str(line).expect(line);
        assert_eq!(serde_json::to_string(&notice).expect("json"), line);
        assert!(serde_json::from_str::<Event<'_>>(line).is_err(), "no event");
    }
    let notice =
        Notice::Read { conversation: Target::new("@bob").expect("a name"), n: 17, unread: 2, mentions: 1 };
    let line = r#"{"kind":"read","conversation":"@bob","n":17,"unread":2,"mentions":1}"#;
    assert_eq!(serde_json::to_string(&notice).expect("json"), line);
    assert_eq!(serde_json::from_str::<Notice>(line).expect("a notice"), notice);
}
