//! Completion of commands, #channels, @users, and paths of files to send.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustyline::completion::{Completer, FilenameCompleter};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::{Context, Helper, Validator};

use super::commands;
use super::input_line::{Blank, InputLine};
use crate::render::is_harmful;

/// What stands before the path of a file to send.
const SEND: &str = "/send ";

/// Names kept for completion. Beyond, new ones are not learnt.
const NAMES_MAX: usize = 10_000;

/// Names that can be completed or chosen, with their signs.
#[derive(Clone, Default)]
pub(super) struct Names {
    shared: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    all: BTreeSet<String>,
    /// The channels that one is in. Nothing until they have been listed.
    own: Option<BTreeSet<String>>,
    /// Those that one is invited to, likewise.
    invited: Option<BTreeSet<String>>,
}

/// Which channels may be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    /// Any.
    All,
    /// Those that one is in.
    Own,
    /// Those that one is invited to.
    Invited,
    /// One that there is not yet.
    New,
}

impl Names {
    /// Learns names.
    pub(super) fn add(&self, names: impl IntoIterator<Item = String>) {
        let mut known = self.known();
        let room = NAMES_MAX.saturating_sub(known.all.len());
        known.all.extend(names.into_iter().take(room));
    }

    /// Learns which channels one is in now.
    pub(super) fn set_own(&self, names: impl IntoIterator<Item = String>) {
        self.known().own = Some(names.into_iter().take(NAMES_MAX).collect());
    }

    /// Learns which channels one is invited to now.
    pub(super) fn set_invited(&self, names: impl IntoIterator<Item = String>) {
        self.known().invited = Some(names.into_iter().take(NAMES_MAX).collect());
    }

    /// Known names, in order.
    pub(super) fn beginning_with(&self, beginning: &str) -> Vec<String> {
        self.known().all.iter().filter(|name| name.starts_with(beginning)).cloned().collect()
    }

    /// Known channels that may be meant, in order.
    pub(super) fn channels(&self, which: Channels) -> Vec<String> {
        let listed = match which {
            Channels::All => None,
            Channels::Own => self.known().own.clone(),
            Channels::Invited => self.known().invited.clone(),
            Channels::New => Some(BTreeSet::new()),
        };
        listed.map_or_else(|| self.beginning_with("#"), |listed| listed.into_iter().collect())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What rustyline asks while a line is typed.
#[derive(Helper, Validator)]
pub(super) struct Completion {
    names: Names,
    input_line: InputLine,
}

impl Completion {
    pub(super) fn new(names: Names, input_line: InputLine) -> Self {
        Self { names, input_line }
    }

    /// Where the word begins that is typed, and what it may become.
    fn candidates(&self, line: &str, position: usize) -> (usize, Vec<String>) {
        let typed = line.get(..position).unwrap_or_default();
        if let Some(path) = typed.strip_prefix(SEND) {
            return paths(path);
        }
        let start = typed.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let word = typed.get(start..).unwrap_or_default();
        let candidates = match word.chars().next() {
            Some('/') if start == 0 => {
                let commands = commands::all().map(|command| format!("/{} ", command.name));
                commands.filter(|command| command.starts_with(word)).collect()
            }
            Some('#' | '@') => self.names.beginning_with(word),
            Some(_) | None => Vec::new(),
        };
        (start, candidates)
    }
}

/// Where the name begins that is typed of a path, and what it may become: the rest of the line is one path, spaces and
/// all, which begins behind a quote, if there is one.
fn paths(path: &str) -> (usize, Vec<String>) {
    let bare = path.strip_prefix(['"', '\'']).unwrap_or(path);
    let begin = SEND.len() + path.len() - bare.len();
    // Within these quotes nothing is escaped.
    let quoted = format!("'{bare}");
    let Ok((_, found)) = FilenameCompleter::new().complete_path(&quoted, quoted.len()) else {
        return (begin, Vec::new());
    };
    let paths = found.into_iter().map(|pair| pair.replacement).filter(|path| !path.contains(is_harmful));
    (begin, paths.collect())
}

impl Hinter for Completion {
    type Hint = Blank;

    fn hint(&self, line: &str, _position: usize, _: &Context<'_>) -> Option<Blank> {
        self.input_line.typed(line);
        self.input_line.blank(line)
    }
}

impl Highlighter for Completion {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, is_ours: bool) -> Cow<'b, str> {
        // While lines typed before are searched, there is another.
        if is_ours { self.input_line.painted_prompt() } else { Cow::Borrowed(prompt) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.input_line.painted(hint)
    }
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(line, position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_handle::Keys;

    #[test]
    fn words_are_completed_by_their_sign() {
        let names = Names::default();
        names.add(["#general", "#ops", "@bob", "@joão"].map(str::to_owned));
        let completion = Completion::new(names, InputLine::new(Keys::unheard(), true));
        let complete = |line: &str| completion.candidates(line, line.len());
        assert_eq!(complete("/jo"), (0, vec!["/join ".to_owned()]));
        assert_eq!(complete("/le"), (0, vec!["/leave ".to_owned()]));
        assert_eq!(complete("/join #o"), (6, vec!["#ops".to_owned()]));
        assert_eq!(complete("ask @jo"), (4, vec!["@joão".to_owned()]));
        assert_eq!(complete("é @b"), (3, vec!["@bob".to_owned()]));
        assert_eq!(complete("say /jo"), (4, vec![]), "a command stands at the beginning");
        assert_eq!(complete(""), (0, vec![]));
    }

    #[test]
    fn the_path_of_a_file_to_send_is_completed_as_a_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["plan b.pdf", "plan\u{1b}[2J", "photos"] {
            std::fs::create_dir(folder.path().join(name)).expect("made");
        }
        let completion = Completion::new(Names::default(), InputLine::new(Keys::unheard(), true));
        let path = folder.path().to_str().expect("UTF-8");
        for quote in ["", "\"", "'"] {
            let line = format!("/send {quote}{path}/pla");
            let whole = vec![format!("{path}/plan b.pdf/")];
            assert_eq!(completion.candidates(&line, line.len()), (6 + quote.len(), whole), "{line}");
        }
        let further = format!("/send {path}/plan b");
        assert_eq!(completion.candidates(&further, further.len()).1.len(), 1);
        let both = format!("/send {path}/p");
        assert_eq!(completion.candidates(&both, both.len()).1.len(), 2, "nothing that a terminal obeys");
    }
}
