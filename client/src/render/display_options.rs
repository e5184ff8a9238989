//! Command-line options for the display of the chat.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use clap::builder::FalseyValueParser;

use crate::i18n::{Catalog, Language};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DisplayOptions {
    /// Use this language. The default is the language of LC_ALL, LC_MESSAGES or LANG.
    #[arg(long, value_name = "LANGUAGE", env = "PAPO_LANG")]
    lang: Option<Language>,
    /// Use colours; `auto` uses them on a terminal, unless NO_COLOR is set or TERM is `dumb`.
    #[arg(long, value_name = "WHEN", env = "PAPO_COLOR", default_value = "auto")]
    color: ColorChoice,
    /// Write each line once, without prompt, colours and repaints, for screen readers. Always on if TERM is
    /// `dumb`.
    #[arg(long, env = "PAPO_PLAIN", value_parser = FalseyValueParser::new())]
    plain: bool,
    /// Ring the terminal's bell when a user mentions you or sends you a direct message.
    #[arg(long, env = "PAPO_BELL", value_parser = FalseyValueParser::new())]
    bell: bool,
    /// Show a notification of the desktop when a user mentions you or sends you a direct message. The
    /// terminal shows it, if it knows OSC 9 (iTerm2, Windows Terminal, Ghostty, WezTerm) or OSC 777 (urxvt,
    /// foot, VTE).
    #[arg(long, env = "PAPO_NOTIFY", value_parser = FalseyValueParser::new())]
    notify: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal with colours, unless NO_COLOR is set.
    Auto,
    /// Always, even in a pipe.
    Always,
    /// Without colours.
    Never,
}

impl DisplayOptions {
    pub(crate) fn catalog(&self) -> Catalog {
        Catalog::new(self.lang.unwrap_or_else(Language::from_environment))
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.plain || is_dumb(variable)
    }

    /// The bell rings only on a terminal.
    pub(crate) fn has_bell(&self) -> bool {
        self.bell && io::stdout().is_terminal()
    }

    /// Notifications are only sent to a terminal.
    pub(crate) fn has_notifications(&self) -> bool {
        self.notify && io::stdout().is_terminal()
    }

    pub(crate) fn has_colours(&self) -> bool {
        !self.is_plain() && self.color.has_colours()
    }
}

impl ColorChoice {
    pub(crate) fn has_colours(self) -> bool {
        self.has_colours_in(io::stdout().is_terminal(), variable)
    }

    /// `--color` overrides `NO_COLOR`, which counts as set if it is not empty (no-color.org).
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
    fn auto_colours_need_a_terminal_and_no_no_color() {
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
