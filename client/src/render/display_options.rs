//! Command-line options of the chat's display: language, colours, plain lines, bell.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use clap::builder::FalseyValueParser;

use crate::i18n::{Language, Words};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DisplayOptions {
    /// Speak this language, instead of that of LC_ALL, LC_MESSAGES or LANG.
    #[arg(long, value_name = "LANGUAGE", env = "PAPO_LANG")]
    lang: Option<Language>,
    /// Use colours; `auto` uses them on a terminal, unless NO_COLOR is set or TERM is `dumb`.
    #[arg(long, value_name = "WHEN", env = "PAPO_COLOR", default_value = "auto")]
    color: ColorChoice,
    /// Write each line once and paint over none, for screen readers: no prompt, no colours. Always on when TERM is
    /// `dumb`.
    #[arg(long, env = "PAPO_PLAIN", value_parser = FalseyValueParser::new())]
    plain: bool,
    /// Ring the terminal's bell when a user mentions you or writes to you alone.
    #[arg(long, env = "PAPO_BELL", value_parser = FalseyValueParser::new())]
    bell: bool,
}

/// The values of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal that has colours, unless NO_COLOR is set.
    Auto,
    /// Also in pipes.
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

    /// Whether the bell rings: only on a terminal.
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

    /// The command line overrides `NO_COLOR`, which is set if it is not empty (no-color.org).
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

/// Whether the terminal can only print lines.
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
    fn colours_need_a_terminal_that_has_them_and_no_objection() {
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
