//! Completion of commands, channels, users, and paths of files to send.

use std::borrow::Cow;

use rustyline::completion::{Completer, FilenameCompleter};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::{Context, Helper, Validator};

use super::commands;
use super::input_line::{BlankHint, InputLine};
use super::names::KnownNames;
use crate::i18n::Catalog;
use crate::render::is_control_character;

/// The syntax of a command whose only argument is a path.
const PATH: &str = "PATH";

/// Provides completions, hints and highlighting to rustyline.
#[derive(Helper, Validator)]
pub(super) struct Completion {
    names: KnownNames,
    input_line: InputLine,
}

impl Completion {
    pub(super) fn new(names: KnownNames, input_line: InputLine) -> Self {
        Self { names, input_line }
    }

    /// Returns the position of the word to complete, and the candidates that can replace it.
    fn candidates(&self, line: &str, position: usize) -> (usize, Vec<String>) {
        let typed = line.get(..position).unwrap_or_default();
        if let Some(path) = path_argument(typed) {
            let (start, paths) = paths(path);
            return (typed.len() - path.len() + start, paths);
        }
        let start = typed.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let word = typed.get(start..).unwrap_or_default();
        let candidates = match word.chars().next() {
            Some('/') if start == 0 => {
                let commands = commands::all().map(|command| format!("/{} ", command.name));
                let of_bots = self.names.commands_starting_with(word);
                commands.filter(|command| command.starts_with(word)).chain(of_bots).collect()
            }
            Some('#' | '@') => self.names.starting_with(word),
            Some(_) | None => Vec::new(),
        };
        (start, candidates)
    }
}

/// The path in a line such as `/send PATH`.
fn path_argument(typed: &str) -> Option<&str> {
    let (name, path) = typed.strip_prefix('/')?.split_once(' ')?;
    let command = commands::find(name)?;
    (Catalog::ENGLISH.of(command.arguments) == PATH).then_some(path)
}

/// Returns the position in `path` that a candidate replaces, and the candidates. `path` is the rest of the
/// line and may contain spaces. A quote at its start is kept.
fn paths(path: &str) -> (usize, Vec<String>) {
    let bare = path.strip_prefix(['"', '\'']).unwrap_or(path);
    // Within single quotes no character is escaped.
    let quoted = format!("'{bare}");
    let found = FilenameCompleter::new().complete_path(&quoted, quoted.len()).map(|(_, found)| found);
    let paths = found.unwrap_or_default().into_iter().map(|pair| pair.replacement);
    (path.len() - bare.len(), paths.filter(|path| !path.contains(is_control_character)).collect())
}

impl Hinter for Completion {
    type Hint = BlankHint;

    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<BlankHint> {
        self.input_line.key_typed(line);
        self.input_line.cursor_moved(line, position);
        // rustyline has just installed its handler, if this is the beginning of a line.
        transport::resize::interpose();
        self.input_line.hint(line)
    }
}

impl Highlighter for Completion {
    fn highlight_char(&self, line: &str, position: usize, _: CmdKind) -> bool {
        self.input_line.cursor_moved(line, position);
        false
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, is_default: bool) -> Cow<'b, str> {
        // The search in the history (Ctrl-R) has its own prompt.
        if is_default { self.input_line.highlighted_prompt() } else { Cow::Borrowed(prompt) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.input_line.highlighted_hint(hint)
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
    use crate::client_handle::Keystrokes;

    #[test]
    fn commands_channels_and_users_are_completed() {
        let names = KnownNames::default();
        names.add(["#general", "#ops", "@bob", "@joão"].map(str::to_owned));
        let completion = Completion::new(names, InputLine::new(Keystrokes::ignored(), true));
        let complete = |line: &str| completion.candidates(line, line.len());
        assert_eq!(complete("/jo"), (0, vec!["/join ".to_owned()]));
        assert_eq!(complete("/le"), (0, vec!["/leave ".to_owned()]));
        completion.names.set_commands(["/deploy ".to_owned(), "/leap ".to_owned()]);
        assert_eq!(complete("/le"), (0, vec!["/leave ".to_owned(), "/leap ".to_owned()]));
        assert_eq!(complete("/join #o"), (6, vec!["#ops".to_owned()]));
        assert_eq!(complete("ask @jo"), (4, vec!["@joão".to_owned()]));
        assert_eq!(complete("é @b"), (3, vec!["@bob".to_owned()]));
        assert_eq!(complete("say /jo"), (4, vec![]), "a command is the first word");
        assert_eq!(complete(""), (0, vec![]));
    }

    #[test]
    fn a_path_with_spaces_and_quotes_is_completed() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["plan b.pdf", "plan\u{1b}[2J", "photos"] {
            std::fs::create_dir(folder.path().join(name)).expect("the folder was created");
        }
        let completion = Completion::new(KnownNames::default(), InputLine::new(Keystrokes::ignored(), true));
        let path = folder.path().to_str().expect("UTF-8");
        for quote in ["", "\"", "'"] {
            let line = format!("/send {quote}{path}/pla");
            let whole = vec![format!("{path}/plan b.pdf/")];
            assert_eq!(completion.candidates(&line, line.len()), (6 + quote.len(), whole), "{line}");
        }
        let further = format!("/send {path}/plan b");
        assert_eq!(completion.candidates(&further, further.len()).1.len(), 1);
        let both = format!("/send {path}/p");
        assert_eq!(completion.candidates(&both, both.len()).1.len(), 2, "no name with control characters");
    }
}
