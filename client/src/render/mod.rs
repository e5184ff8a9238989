//! Rendering: what a person sees of an event or a list, and the only place that prints.

mod looks;
mod style;
mod wrap;
mod admin;
mod events;
mod lists;
mod sanitise;
mod status;
mod progress;

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use common::{Target, UserName};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr as _;

use crate::session::{Entry, Message, News};
use crate::words::Words;
pub(crate) use admin::{disabled, overview, promoted};
pub(crate) use events::to_reader;
pub(crate) use lists::{channel, invitation, member, reading, session, user};
pub(crate) use looks::{Looks, When};
pub(crate) use progress::{Progress, columns_for_bars};
pub(crate) use sanitise::{is_harmful, sanitise};
pub(crate) use status::{beside_prompt, status};
use style::{Style, mentions_painted};
pub(crate) use wrap::fitting;

/// Messages shown of those that waited when the client was started: a few, so that the screen has room for others.
const RECALLED_SHOWN_MAX: usize = 5;

/// How things look: in which language, with or without colours, how wide, and in which time zone.
#[derive(Clone)]
pub(crate) struct Renderer {
    words: Words,
    has_colours: bool,
    /// Whether it rings when the reader is called.
    has_bell: bool,
    /// How many columns there are, when there is an edge that long lines are to be broken at.
    columns: fn() -> Option<usize>,
    zone: TimeZone,
    /// Who reads: known from the login on, to all clones.
    reader: Arc<Mutex<Option<UserName>>>,
}

impl Renderer {
    /// For results: in English, as long as they are.
    pub(crate) fn for_scripts() -> Self {
        Self::new(Words::ENGLISH, When::Auto.has_colours(), || None)
    }

    /// For the chat. A screen reader, and a pipe, gets each line whole.
    pub(crate) fn for_chat(looks: &Looks) -> Self {
        let is_screen = io::stdout().is_terminal() && !looks.is_plain();
        let columns = if is_screen { columns_of_screen } else { || None };
        Self { has_bell: looks.has_bell(), ..Self::new(looks.words(), looks.has_colours(), columns) }
    }

    fn new(words: Words, has_colours: bool, columns: fn() -> Option<usize>) -> Self {
        Self {
            words,
            has_colours,
            has_bell: false,
            columns,
            zone: TimeZone::system(),
            reader: Arc::default(),
        }
    }

    /// From now on this person reads: what calls them stands out.
    pub(crate) fn read_by(&self, user: &UserName) {
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(user.clone());
    }

    /// The language of what is shown.
    pub(crate) fn words(&self) -> Words {
        self.words
    }

    /// Whether the terminal's bell may ring at all.
    pub(crate) fn has_bell(&self) -> bool {
        self.has_bell
    }

    /// Whether the bell is to ring for what has happened.
    pub(crate) fn rings_for(&self, news: &News) -> bool {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = |entry: &Entry| reader.as_ref().is_some_and(|reader| entry.calls(reader));
        self.has_bell && matches!(news, News::Entry(entry) if calls(entry))
    }

    /// Whether text may be coloured.
    pub(crate) fn has_colours(&self) -> bool {
        self.has_colours
    }

    /// An event, in one line or more: time, conversation, number, sender, text. Nothing for one of a kind that this
    /// version does not know.
    pub(crate) fn entry(&self, entry: &Entry) -> Option<String> {
        let event = entry.event.as_ref()?;
        let (head, mut text) = events::in_words(self.words, event)?;
        if let Some(present) = &entry.present {
            text += &events::became(self.words, present, |at| self.time(at));
        }
        let place = format!("{} {} {} ", self.time(event.at), entry.conversation, entry.n);
        let text = wrap::wrap(&text, place.width() + head.width(), (self.columns)());
        if !self.has_colours {
            return Some(place + &head + &text);
        }
        if head.is_empty() {
            return Some(Style::System.paint(&(place + &text)));
        }
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let head = Style::of(&event.from, reader.as_ref()).paint(&head);
        Some(Style::System.paint(&place) + &head + &mentions_painted(&text, reader.as_ref()))
    }

    /// A page of history as it is at present: what became of its messages is said with them, not once more.
    pub(crate) fn page(&self, entries: &[Entry]) -> String {
        let is_here = |n| entries.iter().any(|entry| entry.n == n);
        let amends = |entry: &Entry| entry.event.as_ref().and_then(|event| event.body.amends());
        let rest = entries.iter().filter(|entry| !amends(entry).is_some_and(is_here));
        rest.filter_map(|entry| self.entry(entry)).collect::<Vec<_>>().join("\n")
    }

    /// A conversation that was opened, with its newest events, or those from the first unread one on.
    pub(crate) fn opened(&self, conversation: &Target, entries: &[Entry], unread: u64, more: u64) -> String {
        let head = match entries {
            [] => self.words.nothing_said(conversation),
            [first, ..] if unread > 0 => self.words.shown_unread(conversation, unread, first.n),
            [first, ..] => self.words.shown_from(conversation, first.n),
        };
        let mut lines = vec![self.note(&head)];
        lines.extend(Some(self.page(entries)).filter(|page| !page.is_empty()));
        if more > 0 {
            lines.push(self.note(&self.words.more_to_read(more)));
        }
        lines.join("\n")
    }

    /// What happened, if the person is to see it.
    pub(crate) fn news(&self, news: &News) -> Option<String> {
        match news {
            News::Entry(entry) => self.entry(entry),
            News::Opened { conversation, entries, unread, more } => {
                Some(self.opened(conversation, entries, *unread, *more))
            }
            // It is seen in the counts.
            News::Read(_) => None,
            News::Invited(entry) | News::MembershipEnded(entry) => {
                Some(self.note(&format!("-- {} --", to_reader(self.words, entry))))
            }
            News::Presence(change) => {
                Some(self.note(&self.words.is_now(&change.user, &self.words.state(change.state))))
            }
            // That stands behind the line being typed.
            News::Typing(_) => None,
            News::Recalled(messages) => Some(self.recalled(messages)),
            News::Pending(message) => {
                Some(self.note(&self.words.pending(&message.to, message.text.as_str())))
            }
            // It is shown in its place, as the event it has become.
            News::Sent { outcome: Ok(_), is_told: true, .. } => None,
            News::Sent { outcome: Ok(entry), is_told: false, .. } => self.entry(entry),
            News::Sent { message, outcome: Err(error), .. } => {
                let error = self.words.error(error);
                Some(self.note(&self.words.not_sent(&message.to, &error, message.text.as_str())))
            }
            News::ConnectionLost => Some(self.note(&self.words.connection_lost())),
            News::ConnectionRestored => Some(self.note(&self.words.connection_restored())),
            News::SessionEnded(error) => Some(self.note(&self.words.session_ended(&self.words.error(error)))),
        }
    }

    /// What waited already when the client was started: the newest few.
    fn recalled(&self, messages: &[Message]) -> String {
        let mut lines = vec![self.words.recalled(messages.len())];
        let newest = messages.get(messages.len().saturating_sub(RECALLED_SHOWN_MAX)..).unwrap_or_default();
        lines.extend(newest.iter().map(|message| format!("   {}: {}", message.to, message.text.as_str())));
        lines.iter().map(|line| self.note(line)).collect::<Vec<_>>().join("\n")
    }

    /// Something that papo itself says.
    pub(crate) fn note(&self, words: &str) -> String {
        let words = sanitise(words);
        if self.has_colours { Style::System.paint(&words) } else { words.into_owned() }
    }

    fn time(&self, unix_ms: u64) -> String {
        let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let zoned = time.unwrap_or_default().to_zoned(self.zone.clone());
        format!("{:02}:{:02}", zoned.hour(), zoned.minute())
    }
}

fn columns_of_screen() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// Standard output. What is printed is seen after [`flush`](Self::flush).
pub(crate) struct Output {
    out: BufWriter<Stdout>,
    is_terminal: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        let out = io::stdout();
        let is_terminal = out.is_terminal();
        Self { out: BufWriter::new(out), is_terminal }
    }

    /// Prints what a renderer has made.
    pub(crate) fn print(&mut self, rendered: &str) -> io::Result<()> {
        writeln!(self.out, "{rendered}")
    }

    /// Prints a line for programs as it is; on a terminal, made harmless.
    pub(crate) fn print_json(&mut self, line: &str) -> io::Result<()> {
        if self.is_terminal { self.print(&sanitise(line)) } else { self.print(line) }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Prints a failure, or another word beside the results.
#[expect(clippy::print_stderr, reason = "this is the one place that prints")]
pub(crate) fn complain(words: &str) {
    eprintln!("papo: {}", sanitise(words));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;
    use common::Event;

    fn renderer(has_colours: bool) -> Renderer {
        Renderer { zone: TimeZone::UTC, ..Renderer::new(Words::ENGLISH, has_colours, || None) }
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
            event: Some(event),
            present: None,
        }
    }

    fn message(text: &str) -> Entry {
        let text = serde_json::to_string(text).expect("json");
        entry(&format!(
            r##"{{"n":17,"at":1763700000123,"to":"#café","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":{text}}}"##
        ))
    }

    #[test]
    fn the_bell_rings_for_whoever_is_called_and_wants_it() {
        let renderer = Renderer { has_bell: true, ..renderer(false) };
        renderer.read_by(&UserName::new("alice").expect("a name"));
        let rings = |renderer: &Renderer, to: &str, from: &str, rest: &str| {
            let id = "01970000-0000-7000-8000-000000000001";
            let line = format!(r##"{{"n":1,"at":0,"to":"{to}","from":"{from}","id":"{id}",{rest}}}"##);
            let alice = UserName::new("alice").expect("a name");
            renderer.rings_for(&News::Entry(Entry::read(&alice, &line).expect("an event")))
        };
        let text = |text: &str| format!(r#""kind":"message","text":"{text}""#);
        assert!(rings(&renderer, "#a", "bob", &text("oi @alice")));
        assert!(rings(&renderer, "#a", "bob", &text("@here: lunch")));
        assert!(rings(&renderer, "@alice", "bob", &text("oi")));
        assert!(!rings(&renderer, "#a", "bob", &text("oi @carlos")));
        assert!(!rings(&renderer, "#a", "alice", &text("@here and @alice")), "her own");
        assert!(!rings(&renderer, "@bob", "alice", &text("oi")), "her own, from another session");
        assert!(!rings(&renderer, "@alice", "bob", r#""kind":"message.deleted","of":1"#));
        let silent = Renderer { has_bell: false, ..renderer.clone() };
        assert!(!rings(&silent, "@alice", "bob", &text("oi")), "nobody asked for it");
    }

    #[test]
    fn a_message_with_time_place_number_and_sender() {
        insta::assert_snapshot!(shown(&message("oi")), @"04:40 #café 17 alice: oi");
        let joined = r##"{"n":2,"at":0,"to":"#a","from":"bob","kind":"channel.joined"}"##;
        insta::assert_snapshot!(shown(&entry(joined)), @"00:00 #a 2 bob joined #a");
    }

    #[test]
    fn a_text_of_many_lines_cannot_pose_as_another_message() {
        insta::assert_snapshot!(shown(&message("one\n04:40 #café 18 bob: two")), @r"
        04:40 #café 17 alice: one
                              04:40 #café 18 bob: two
        ");
    }

    #[test]
    fn what_a_text_holds_never_reaches_the_terminal_as_a_command() {
        let shown = renderer(true).entry(&message("\x1b]0;title\x07\x1b[2J")).expect("a message");
        let text = shown.split("alice: ").nth(1).expect("the text");
        insta::assert_snapshot!(text.strip_prefix("\x1b[0m").expect("the end of the colour"), @"␛]0;title␇␛[2J");
        let refused = common::Error::new(common::Reason::Internal, "\x1b[2J");
        assert!(!renderer(false).news(&News::SessionEnded(refused)).expect("news").contains('\x1b'));
    }

    #[test]
    fn colours_say_who_is_who_and_who_is_meant() {
        let renderer = renderer(true);
        renderer.read_by(&UserName::new("alice").expect("a name"));
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
    fn without_colours_there_are_no_escapes_at_all() {
        let renderer = renderer(false);
        renderer.read_by(&UserName::new("alice").expect("a name"));
        for entry in [message("oi @alice"), happened(KINDS[2])] {
            assert!(!renderer.entry(&entry).expect("something to show").contains('\x1b'));
        }
    }

    #[test]
    fn a_long_text_hangs_under_its_beginning() {
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
    fn every_kind_of_event_in_words() {
        let words: Vec<_> = KINDS.iter().map(|kind| shown(&happened(kind))).collect();
        insta::assert_snapshot!(words.join("\n"), @"
        00:00 #ops 3 alice created #ops
        00:00 #ops 3 alice created the private #ops
        00:00 #ops 3 alice joined #ops
        00:00 #ops 3 alice left #ops
        00:00 #ops 3 alice invited bob
        00:00 #ops 3 alice removed bob
        00:00 #ops 3 alice banned bob
        00:00 #ops 3 alice took the ban of bob back
        00:00 #ops 3 alice made bob an owner
        00:00 #ops 3 alice made bob a member
        00:00 #ops 3 alice set the subject: on␛ call
        00:00 #ops 3 alice made #ops private and took the subject away
        00:00 #ops 3 alice made #ops public
        ");
    }

    #[test]
    fn every_kind_of_event_in_portuguese() {
        let renderer = Renderer { words: Words::new(Language::Portuguese), ..renderer(false) };
        let words: Vec<_> = KINDS.iter().filter_map(|kind| renderer.entry(&happened(kind))).collect();
        insta::assert_snapshot!(words.join("\n"), @"
        00:00 #ops 3 alice criou #ops
        00:00 #ops 3 alice criou o grupo privado #ops
        00:00 #ops 3 alice entrou em #ops
        00:00 #ops 3 alice saiu de #ops
        00:00 #ops 3 alice convidou bob
        00:00 #ops 3 alice removeu bob
        00:00 #ops 3 alice baniu bob
        00:00 #ops 3 alice desfez o banimento de bob
        00:00 #ops 3 alice deu a bob a posse do canal
        00:00 #ops 3 alice passou bob a membro
        00:00 #ops 3 alice definiu o assunto: on␛ call
        00:00 #ops 3 alice tornou #ops privado e tirou o assunto
        00:00 #ops 3 alice tornou #ops público
        ");
    }

    #[test]
    fn what_is_not_known_is_not_shown() {
        assert_eq!(renderer(false).entry(&happened(r#""kind":"poll.opened""#)), None);
        let opened = [happened(r#""kind":"poll.opened""#), happened(r#""kind":"channel.left""#)];
        insta::assert_snapshot!(renderer(false).opened(&Target::new("#ops").expect("a name"), &opened, 0, 0), @"
        -- #ops from 3 on --
        00:00 #ops 3 alice left #ops
        ");
        insta::assert_snapshot!(renderer(false).opened(&Target::new("#ops").expect("a name"), &opened, 7, 5), @"
        -- #ops: 7 unread, from 3 on --
        00:00 #ops 3 alice left #ops
        -- 5 more: /next --
        ");
    }

    #[test]
    fn what_happens_to_the_reader_is_said_to_the_reader() {
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
}
