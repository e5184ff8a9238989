//! Rendered text.

use super::*;
use crate::i18n::Language;
use common::Event;
use jiff::tz::TimeZone;

fn renderer(has_colours: bool) -> Renderer {
    let calendar = Calendar::with_clock(DatePosition::Omitted, TimeZone::UTC, || 0);
    Renderer { calendar, ..Renderer::new(Catalog::ENGLISH, has_colours, || None) }
}

/// A renderer whose current time is 02:00 on 2026-02-01, in UTC+1.
fn dated(dates: DatePosition) -> Renderer {
    let zone = TimeZone::fixed(jiff::tz::offset(1));
    let calendar = Calendar::with_clock(dates, zone, || 1_769_907_600_000);
    Renderer { calendar, ..Renderer::new(Catalog::ENGLISH, false, || None) }
}

/// An event `hours` before the current time of [`dated`].
fn earlier(hours: u64) -> Entry {
    let at = 1_769_907_600_000 - hours * 3_600_000;
    entry(&format!(r##"{{"n":3,"at":{at},"to":"#ops","from":"bob","kind":"channel.joined"}}"##))
}

fn shown(entry: &Entry) -> String {
    renderer(false).entry(entry).expect("something to show")
}

fn entry(event: &str) -> Entry {
    let event: Event<'_> = serde_json::from_str(event).expect("an event");
    let event = event.into_owned();
    Entry {
        conversation: event.to.clone(),
        n: event.n,
        line: "".into(),
        event: Some(event.into()),
        amended: None,
        level: common::notify::Level::All,
        is_hidden: false,
    }
}

fn message(text: &str) -> Entry {
    let text = serde_json::to_string(text).expect("json");
    entry(&format!(
        r##"{{"n":17,"at":1763700000123,"to":"#café","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":{text}}}"##
    ))
}

#[test]
fn a_message_of_a_blocked_user_shows_only_its_number() {
    let hidden = Entry { is_hidden: true, ..message("the text") };
    let line = shown(&hidden);
    assert!(line.ends_with("#café 17 (a message of alice, whom you have blocked)"), "{line}");
    assert!(shown(&message("the text")).contains("the text"));
    let reaction = entry(
        r##"{"n":18,"at":1,"to":"#café","from":"alice","kind":"message.reacted","id":"01970000-0000-7000-8000-000000000002","of":17,"emoji":"x"}"##,
    );
    assert!(renderer(false).entry(&reaction).is_some());
    assert_eq!(renderer(false).entry(&Entry { is_hidden: true, ..reaction }), None);
    let reader = testkit::user("bob");
    let renderer = Renderer { has_bell: true, ..renderer(false) };
    renderer.set_reader(&reader);
    let mention = message("oi @bob");
    let rings = |entry| !renderer.alert([News::Entry(entry)].iter()).is_empty();
    assert!(rings(mention.clone()));
    assert!(!rings(Entry { is_hidden: true, ..mention }));
}

#[test]
fn a_message_of_a_webhook_shows_the_name_of_its_poster() {
    let line = r##"{"n":17,"at":1763700000123,"to":"#ops","from":"alerts","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi","via":{"hook":"alerts"VIA}}"##;
    let shown = |via: &str| shown(&entry(&line.replace("VIA", via)));
    assert!(shown(r#","username":"Graf\u001bana""#).ends_with("#ops 17 alerts (Grafana): oi"));
    assert!(shown("").ends_with("#ops 17 alerts: oi"));
}

#[test]
fn the_bell_rings_for_mentions_and_direct_messages() {
    let renderer = Renderer { has_bell: true, ..renderer(false) };
    renderer.set_reader(&testkit::user("alice"));
    let rings = |renderer: &Renderer, to: &str, from: &str, rest: &str| {
        let id = "01970000-0000-7000-8000-000000000001";
        let line = format!(r##"{{"n":1,"at":0,"to":"{to}","from":"{from}","id":"{id}",{rest}}}"##);
        let alice = testkit::user("alice");
        !renderer.alert([News::Entry(Entry::read(&alice, &line).expect("an event"))].iter()).is_empty()
    };
    let text = |text: &str| format!(r#""kind":"message","text":"{text}""#);
    assert!(rings(&renderer, "#a", "bob", &text("oi @alice")));
    assert!(rings(&renderer, "#a", "bob", &text("@here: lunch")));
    assert!(rings(&renderer, "@alice", "bob", &text("oi")));
    assert!(!rings(&renderer, "#a", "bob", &text("oi @carlos")));
    assert!(!rings(&renderer, "#a", "alice", &text("@here and @alice")), "her own message");
    assert!(!rings(&renderer, "@bob", "alice", &text("oi")), "her own message, from another session");
    assert!(!rings(&renderer, "@alice", "bob", r#""kind":"message.deleted","of":1"#));
    let silent = Renderer { has_bell: false, ..renderer.clone() };
    assert!(!rings(&silent, "@alice", "bob", &text("oi")), "without --bell");
}

#[test]
fn an_event_shows_time_conversation_number_and_sender() {
    insta::assert_snapshot!(shown(&message("oi")), @"04:40 #café 17 alice: oi");
    let joined = r##"{"n":2,"at":0,"to":"#a","from":"bob","kind":"channel.joined"}"##;
    insta::assert_snapshot!(shown(&entry(joined)), @"00:00 #a 2 bob joined #a");
}

#[test]
fn a_date_line_precedes_a_new_day_and_a_page_of_an_earlier_day() {
    let renderer = dated(DatePosition::Between);
    let live = |hours: u64| renderer.news(&News::Entry(earlier(hours))).expect("an event");
    let ops = testkit::target("#ops");
    let rendered = [
        live(0),
        renderer.page(&[earlier(48), earlier(27), earlier(26), earlier(1)]),
        live(1),
        renderer.page(&[earlier(30)]),
        renderer.opened(&ops, &[earlier(30), earlier(29)], 0, 0),
        // A clone shares the date that was shown last.
        renderer.clone().entry(&earlier(0)).expect("an event"),
        renderer.with_dates_in_front().page(&[earlier(30)]),
        live(0),
    ];
    insta::assert_snapshot!(rendered.join("\n"), @"
    02:00 #ops 3 bob joined #ops
    -- 2026-01-30 --
    02:00 #ops 3 bob joined #ops
    23:00 #ops 3 bob joined #ops
    -- 2026-01-31 --
    00:00 #ops 3 bob joined #ops
    -- 2026-02-01 --
    01:00 #ops 3 bob joined #ops
    01:00 #ops 3 bob joined #ops
    -- 2026-01-30 --
    20:00 #ops 3 bob joined #ops
    -- #ops from 3 on --
    -- 2026-01-30 --
    20:00 #ops 3 bob joined #ops
    21:00 #ops 3 bob joined #ops
    -- 2026-02-01 --
    02:00 #ops 3 bob joined #ops
    2026-01-30 20:00 #ops 3 bob joined #ops
    02:00 #ops 3 bob joined #ops
    ");
}

#[test]
fn a_list_shows_local_times_with_dates() {
    let calendar = dated(DatePosition::InFront).calendar;
    insta::assert_snapshot!(calendar.date_and_time(1_769_907_600_000), @"2026-02-01 02:00");
}

#[test]
fn a_date_in_front_is_shown_unless_it_is_today() {
    let renderer = dated(DatePosition::InFront);
    let rendered =
        [earlier(26), earlier(1), earlier(8760)].map(|entry| renderer.entry(&entry).expect("an event"));
    insta::assert_snapshot!(rendered.join("\n"), @"
    2026-01-31 00:00 #ops 3 bob joined #ops
    01:00 #ops 3 bob joined #ops
    2025-02-01 02:00 #ops 3 bob joined #ops
    ");
    insta::assert_snapshot!(renderer.without_dates().entry(&earlier(8760)).expect("an event"), @"02:00 #ops 3 bob joined #ops");
}

#[test]
fn a_text_of_several_lines_is_indented() {
    insta::assert_snapshot!(shown(&message("one\n04:40 #café 18 bob: two")), @r"
    04:40 #café 17 alice: one
                          04:40 #café 18 bob: two
    ");
}

#[test]
fn control_characters_of_a_text_do_not_reach_the_terminal() {
    let shown = renderer(true).entry(&message("\x1b]0;title\x07\x1b[2J")).expect("a message");
    let text = shown.split("alice: ").nth(1).expect("the text");
    insta::assert_snapshot!(text.strip_prefix("\x1b[0m").expect("the end of the colour"), @"␛]0;title␇␛[2J");
    let refused = common::Detail::BadAnswer { error: "\x1b[2J".to_owned() }.into();
    assert!(!renderer(false).news(&News::SessionEnded(refused)).expect("news").contains('\x1b'));
}

#[test]
fn senders_and_mentions_have_styles() {
    let renderer = renderer(true);
    renderer.set_reader(&testkit::user("alice"));
    let bytes = |entry: &Entry| renderer.entry(entry).expect("something to show").replace('\x1b', "␛");
    let from_bob = entry(
        r##"{"n":1,"at":0,"to":"#a","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi @alice, @carlos"}"##,
    );
    let lines = [
        bytes(&message("oi")),
        bytes(&from_bob),
        bytes(&happened(KINDS[2])),
        renderer.note("-- x --").replace('\x1b', "␛"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @"
    ␛[2m04:40 #café 17 ␛[0m␛[1malice: ␛[0moi
    ␛[2m00:00 #a 1 ␛[0m␛[1;33mbob: ␛[0moi ␛[1m@alice␛[0m, @carlos
    ␛[2m00:00 #ops 3 alice joined #ops␛[0m
    ␛[2m-- x --␛[0m
    ");
}

#[test]
fn without_colours_there_are_no_escape_sequences() {
    let renderer = renderer(false);
    renderer.set_reader(&testkit::user("alice"));
    for entry in [message("oi @alice"), happened(KINDS[2])] {
        assert!(!renderer.entry(&entry).expect("something to show").contains('\x1b'));
    }
}

#[test]
fn a_long_text_wraps_and_is_indented() {
    let renderer = Renderer { columns: || Some(30), ..renderer(false) };
    insta::assert_snapshot!(renderer.entry(&message("um dois três quatro")).expect("a message"), @r"
    04:40 #café 17 alice: um dois
                   três quatro
    ");
}

fn happened(rest: &str) -> Entry {
    entry(&format!(r##"{{"n":3,"at":0,"to":"#ops","from":"alice",{rest}}}"##))
}

const KINDS: &[&str] = &[
    r#""kind":"channel.created""#,
    r#""kind":"channel.created","private":true"#,
    r#""kind":"channel.joined""#,
    r#""kind":"channel.left""#,
    r#""kind":"channel.invited","user":"bob""#,
    r#""kind":"channel.kicked","user":"bob""#,
    r#""kind":"channel.banned","user":"bob""#,
    r#""kind":"channel.unbanned","user":"bob""#,
    r#""kind":"channel.role","user":"bob","role":"owner""#,
    r#""kind":"channel.role","user":"bob","role":"member""#,
    r#""kind":"channel.set","subject":"on\u001b call""#,
    r#""kind":"channel.set","subject":"","private":true"#,
    r#""kind":"channel.set","private":false"#,
];

#[test]
fn every_kind_of_event_in_english() {
    let texts: Vec<_> = KINDS.iter().map(|kind| shown(&happened(kind))).collect();
    insta::assert_snapshot!(texts.join("\n"), @"
    00:00 #ops 3 alice created #ops
    00:00 #ops 3 alice created the private channel #ops
    00:00 #ops 3 alice joined #ops
    00:00 #ops 3 alice left #ops
    00:00 #ops 3 alice invited bob
    00:00 #ops 3 alice removed bob
    00:00 #ops 3 alice banned bob
    00:00 #ops 3 alice lifted the ban of bob
    00:00 #ops 3 alice made bob an owner
    00:00 #ops 3 alice made bob a member
    00:00 #ops 3 alice set the subject: on␛ call
    00:00 #ops 3 alice made #ops private and removed the subject
    00:00 #ops 3 alice made #ops public
    ");
}

#[test]
fn every_kind_of_event_in_portuguese() {
    let renderer = Renderer { catalog: Catalog::new(Language::Portuguese), ..renderer(false) };
    let texts: Vec<_> = KINDS.iter().filter_map(|kind| renderer.entry(&happened(kind))).collect();
    insta::assert_snapshot!(texts.join("\n"), @"
    00:00 #ops 3 alice criou #ops
    00:00 #ops 3 alice criou o canal privado #ops
    00:00 #ops 3 alice entrou em #ops
    00:00 #ops 3 alice saiu de #ops
    00:00 #ops 3 alice convidou bob
    00:00 #ops 3 alice removeu bob
    00:00 #ops 3 alice baniu bob
    00:00 #ops 3 alice desfez o banimento de bob
    00:00 #ops 3 alice tornou bob dono(a)
    00:00 #ops 3 alice tornou bob membro
    00:00 #ops 3 alice definiu o assunto: on␛ call
    00:00 #ops 3 alice tornou #ops privado e removeu o assunto
    00:00 #ops 3 alice tornou #ops público
    ");
}

#[test]
fn unknown_kinds_of_events_are_not_shown() {
    assert_eq!(renderer(false).entry(&happened(r#""kind":"poll.opened""#)), None);
    let opened = [happened(r#""kind":"poll.opened""#), happened(r#""kind":"channel.left""#)];
    insta::assert_snapshot!(renderer(false).opened(&testkit::target("#ops"), &opened, 0, 0), @"
    -- #ops from 3 on --
    00:00 #ops 3 alice left #ops
    ");
    insta::assert_snapshot!(renderer(false).opened(&testkit::target("#ops"), &opened, 7, 5), @"
    -- #ops: 7 unread, from 3 on --
    00:00 #ops 3 alice left #ops
    -- 5 more: /next shows them, /read marks them as read --
    ");
}

#[test]
fn events_about_the_reader_address_the_reader() {
    let news = |news: News| renderer(false).news(&news).expect("news");
    let lines = [
        news(News::Invited(happened(r#""kind":"channel.invited","user":"bob""#))),
        news(News::MembershipEnded(happened(r#""kind":"channel.kicked","user":"bob""#))),
        news(News::MembershipEnded(happened(r#""kind":"channel.banned","user":"bob""#))),
        news(News::MembershipEnded(happened(r#""kind":"channel.left""#))),
    ];
    insta::assert_snapshot!(lines.join("\n"), @"
    -- alice invites you to #ops: /accept #ops or /decline #ops --
    -- alice removed you from #ops --
    -- alice banned you from #ops --
    -- you left #ops in another session --
    ");
}
