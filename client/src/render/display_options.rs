//! How the chat is to look: its language, its colours, and whether it keeps to plain lines.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use clap::builder::FalseyValueParser;

use crate::i18n::{Language, Words};

/// What a person can say about it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DisplayOptions {
    /// The language that papo speaks to you; else that of LC_ALL, LC_MESSAGES or LANG.
    #[arg(long, value_name = "LANGUAGE", env = "PAPO_LANG")]
    lang: Option<Language>,
    /// Whether there are colours; `auto` has them on a terminal, unless NO_COLOR is set or TERM is `dumb`.
    #[arg(long, value_name = "WHEN", env = "PAPO_COLOR", default_value = "auto")]
    color: ColorChoice,
    /// For screen readers: each line is written once and stays; no prompt, no colours, nothing is drawn over. Without
    /// it the chat is plain when TERM is `dumb`.
    #[arg(long, env = "PAPO_PLAIN", value_parser = FalseyValueParser::new())]
    plain: bool,
    /// Ring the terminal's bell when somebody mentions you or writes to you alone.
    #[arg(long, env = "PAPO_BELL", value_parser = FalseyValueParser::new())]
    bell: bool,
}

/// When there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// When the output is a terminal that has them, and nobody objects.
    Auto,
    /// Whatever the surroundings say.
    Always,
    /// Never.
    Never,
}

impl DisplayOptions {
    pub(crate) fn words(&self) -> Words {
        Words::new(self.lang.unwrap_or_else(Language::of_surroundings))
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.plain || is_dumb(variable)
    }

    /// Whether it may ring; where nobody sits at a terminal, there is nobody to be called.
    pub(crate) fn has_bell(&self) -> bool {
        self.bell && io::stdout().is_terminal()
    }

    pub(crate) fn has_colours(&self) -> bool {
        !self.is_plain() && self.color.has_colours()
    }
}

impl ColorChoice {
    pub(crate) fn has_colours(self) -> bool {
        self.has_colours_in(io::stdout().is_terminal(), variable)
    }

    /// What is said on the command line beats `NO_COLOR`, which counts when it is not empty (no-color.org).
    fn has_colours_in(self, is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let is_unwanted = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
                is_terminal && !is_unwanted && !is_dumb(variable)
            }
        }
    }
}

/// A terminal that can only go on to the next line.
fn is_dumb(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("TERM").is_some_and(|term| term == "dumb")
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_have_them_and_people_who_want_them() {
        let has = |when: ColorChoice, is_terminal, variables: &[(&str, &str)]| {
            let value = |name: &str| variables.iter().find(|(other, _)| *other == name);
            when.has_colours_in(is_terminal, |name| value(name).map(|(_, value)| value.into()))
        };
        let xterm = ("TERM", "xterm-256color");
        assert!(has(ColorChoice::Auto, true, &[xterm]));
        assert!(has(ColorChoice::Auto, true, &[xterm, ("NO_COLOR", "")]));
        assert!(!has(ColorChoice::Auto, true, &[xterm, ("NO_COLOR", "1")]));
        assert!(!has(ColorChoice::Auto, true, &[("TERM", "dumb")]));
        assert!(!has(ColorChoice::Auto, false, &[xterm]));
        assert!(has(ColorChoice::Always, false, &[("NO_COLOR", "1"), ("TERM", "dumb")]));
        assert!(!has(ColorChoice::Never, true, &[xterm]));
    }
}
