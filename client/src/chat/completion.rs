//! Completion of commands, #channels and @users.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::completion::Completer;
use rustyline::{Context, Helper, Highlighter, Hinter, Validator};

use super::commands;

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

    fn beginning_with(&self, beginning: &str) -> Vec<String> {
        let known = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|name| name.starts_with(beginning)).cloned().collect()
    }
}

/// What rustyline asks while a line is typed.
#[derive(Helper, Highlighter, Hinter, Validator)]
pub(super) struct Completion {
    names: Names,
}

impl Completion {
    pub(super) fn new(names: Names) -> Self {
        Self { names }
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

    #[test]
    fn words_are_completed_by_their_sign() {
        let names = Names::default();
        names.add(["#general", "#ops", "@bob", "@joão"].map(str::to_owned));
        let completion = Completion::new(names);
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
