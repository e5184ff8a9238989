//! Rendering: what a person sees of an event or a list, and the only place that prints.

mod admin;
mod events;
mod lists;
mod sanitise;

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use common::Target;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr as _;

use crate::session::{Entry, News};
use crate::words::Words;
pub(crate) use admin::{disabled, overview, promoted};
pub(crate) use events::to_reader;
pub(crate) use lists::{channel, member, session, user};
pub(crate) use sanitise::sanitise;

/// How things look: in which language, with or without colours, and in which time zone.
#[derive(Clone)]
pub(crate) struct Renderer {
    words: Words,
    has_colours: bool,
    zone: TimeZone,
}

/// The few styles there are, as ECMA-48 numbers them.
#[derive(Clone, Copy)]
enum Style {
    Bold = 1,
    Dim = 2,
}

impl Renderer {
    /// Colours are for terminals, unless `NO_COLOR` is set (no-color.org).
    pub(crate) fn for_standard_output(words: Words) -> Self {
        let is_colour_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let has_colours = io::stdout().is_terminal() && !is_colour_unwanted;
        Self { words, has_colours, zone: TimeZone::system() }
    }

    /// The language of what is shown.
    pub(crate) fn words(&self) -> Words {
        self.words
    }

    /// Whether text may be coloured.
    pub(crate) fn has_colours(&self) -> bool {
        self.has_colours
    }

    /// An event, in one line or more: time, conversation, number, sender, text. Nothing for one of a kind that this
    /// version does not know.
    pub(crate) fn entry(&self, entry: &Entry) -> Option<String> {
        let event = entry.event.as_ref()?;
        let (head, text) = events::in_words(self.words, event)?;
        let place = format!("{} {} {} ", self.time(event.at), entry.conversation, entry.n);
        // Further lines are indented, so that no text can look like a line of somebody else's.
        let indent = " ".repeat(place.width() + head.width());
        let text = text.replace('\n', &format!("\n{indent}"));
        Some(format!("{}{}{text}", self.styled(Style::Dim, &place), self.styled(Style::Bold, &head)))
    }

    /// A conversation that was opened, with its newest events.
    pub(crate) fn opened(&self, conversation: &Target, entries: &[Entry]) -> String {
        let head = match entries {
            [] => self.words.nothing_said(conversation),
            [first, ..] => self.words.shown_from(conversation, first.n),
        };
        let mut lines = vec![self.note(&head)];
        lines.extend(entries.iter().filter_map(|entry| self.entry(entry)));
        lines.join("\n")
    }

    /// What happened, if the person is to see it.
    pub(crate) fn news(&self, news: &News) -> Option<String> {
        match news {
            News::Entry(entry) => self.entry(entry),
            News::Opened { conversation, entries } => Some(self.opened(conversation, entries)),
            News::Invited(entry) | News::MembershipEnded(entry) => {
                Some(self.note(&format!("-- {} --", to_reader(self.words, entry))))
            }
            News::Presence(change) => {
                Some(self.note(&self.words.is_now(&change.user, &self.words.state(change.state))))
            }
            // That stands behind the line being typed.
            News::Typing(_) => None,
            // It is shown in its place, as the event it has become.
            News::Sent { outcome: Ok(_), .. } => None,
            News::Sent { message, outcome: Err(error) } => {
                let error = self.words.error(error);
                Some(self.note(&self.words.not_sent(&message.to, &error, message.text.as_str())))
            }
            News::ConnectionLost => Some(self.note(&self.words.connection_lost())),
            News::ConnectionRestored => Some(self.note(&self.words.connection_restored())),
            News::SessionEnded(error) => Some(self.note(&self.words.session_ended(&self.words.error(error)))),
        }
    }

    /// Something that papo itself says.
    pub(crate) fn note(&self, words: &str) -> String {
        self.styled(Style::Dim, &sanitise(words))
    }

    fn time(&self, unix_ms: u64) -> String {
        let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let zoned = time.unwrap_or_default().to_zoned(self.zone.clone());
        format!("{:02}:{:02}", zoned.hour(), zoned.minute())
    }

    fn styled(&self, style: Style, words: &str) -> String {
        if self.has_colours { format!("\x1b[{}m{words}\x1b[0m", style as u8) } else { words.to_owned() }
    }
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
        Renderer { words: Words::ENGLISH, has_colours, zone: TimeZone::UTC }
    }

    fn shown(entry: &Entry) -> String {
        renderer(false).entry(entry).expect("something to show")
    }

    fn entry(event: &str) -> Entry {
        let event: Event<'_> = serde_json::from_str(event).expect("an event");
        let event = event.into_owned();
        Entry { conversation: event.to.clone(), n: event.n, line: "".into(), event: Some(event) }
    }

    fn message(text: &str) -> Entry {
        let text = serde_json::to_string(text).expect("json");
        entry(&format!(
            r##"{{"n":17,"at":1763700000123,"to":"#café","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":{text}}}"##
        ))
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
        insta::assert_snapshot!(text.strip_prefix("\x1b[0m").expect("end of bold"), @"␛]0;title␇␛[2J");
        let refused = common::Error::new(common::Reason::Internal, "\x1b[2J");
        assert!(!renderer(false).news(&News::SessionEnded(refused)).expect("news").contains('\x1b'));
    }

    #[test]
    fn without_colours_there_are_no_escapes_at_all() {
        let has_escapes =
            |renderer: Renderer| renderer.entry(&message("oi")).is_some_and(|shown| shown.contains('\x1b'));
        assert!(has_escapes(renderer(true)));
        assert!(!has_escapes(renderer(false)));
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
        insta::assert_snapshot!(renderer(false).opened(&Target::new("#ops").expect("a name"), &opened), @"
        -- #ops from 3 on --
        00:00 #ops 3 alice left #ops
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
        -- alice invites you to #ops: /join #ops --
        -- alice removed you from #ops --
        -- alice banned you from #ops --
        -- you left #ops in another session --
        ");
    }
}
