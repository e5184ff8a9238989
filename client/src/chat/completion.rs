//! Completion of commands, #channels and @users.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::{Context, Helper, Validator};

use super::commands;
use super::keyboard::{Blank, Keyboard};

/// Names kept for completion. Beyond, new ones are not learnt.
const NAMES_MAX: usize = 10_000;

/// Names that can be completed, with their signs.
#[derive(Clone, Default)]
pub(super) struct Names {
    shared: Arc<Mutex<BTreeSet<String>>>,
}

impl Names {
    /// Learns names.
    pub(super) fn add(&self, names: impl IntoIterator<Item = String>) {
        let mut known = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let room = NAMES_MAX.saturating_sub(known.len());
        known.extend(names.into_iter().take(room));
    }

    /// Known names, in order.
    pub(super) fn beginning_with(&self, beginning: &str) -> Vec<String> {
        let known = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|name| name.starts_with(beginning)).cloned().collect()
    }
}

/// What rustyline asks while a line is typed.
#[derive(Helper, Validator)]
pub(super) struct Completion {
    names: Names,
    keyboard: Keyboard,
}

impl Completion {
    pub(super) fn new(names: Names, keyboard: Keyboard) -> Self {
        Self { names, keyboard }
    }

    /// Where the word begins that is typed, and what it may become.
    fn candidates(&self, line: &str, position: usize) -> (usize, Vec<String>) {
        let typed = line.get(..position).unwrap_or_default();
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

impl Hinter for Completion {
    type Hint = Blank;

    fn hint(&self, line: &str, _position: usize, _: &Context<'_>) -> Option<Blank> {
        self.keyboard.typed(line);
        self.keyboard.blank(line)
    }
}

impl Highlighter for Completion {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, is_ours: bool) -> Cow<'b, str> {
        // While lines typed before are searched, there is another.
        if is_ours { self.keyboard.painted_prompt() } else { Cow::Borrowed(prompt) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.keyboard.painted(hint)
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
    use crate::desk::Keys;

    #[test]
    fn words_are_completed_by_their_sign() {
        let names = Names::default();
        names.add(["#general", "#ops", "@bob", "@joão"].map(str::to_owned));
        let completion = Completion::new(names, Keyboard::new(Keys::unheard(), true));
        let complete = |line: &str| completion.candidates(line, line.len());
        assert_eq!(complete("/jo"), (0, vec!["/join ".to_owned()]));
        assert_eq!(complete("/le"), (0, vec!["/leave ".to_owned()]));
        assert_eq!(complete("/join #o"), (6, vec!["#ops".to_owned()]));
        assert_eq!(complete("ask @jo"), (4, vec!["@joão".to_owned()]));
        assert_eq!(complete("é @b"), (3, vec!["@bob".to_owned()]));
        assert_eq!(complete("say /jo"), (4, vec![]), "a command stands at the beginning");
        assert_eq!(complete(""), (0, vec![]));
    }
}
