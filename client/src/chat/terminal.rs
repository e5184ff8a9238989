//! The terminal: editing a line, with history and completion, while the rest of the screen lives on.

use std::path::PathBuf;
use std::time::Duration;

use rustyline::config::BellStyle;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, Editor, ExternalPrinter};

use super::completion::Completion;
use super::line::Line;
use super::room::Room;
use crate::cli_error::CliError;
use crate::local_error::LocalError;

/// Lines typed that are kept.
const LINES_TYPED_MAX: usize = 1000;

/// The line editor.
pub(super) struct Terminal {
    editor: Editor<Completion, FileHistory>,
    lines_typed: PathBuf,
}

impl Terminal {
    /// Takes the terminal over for as long as a line is being typed.
    pub(super) fn open(room: &Room) -> Result<Self, CliError> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            // It colours nothing by itself; what is painted beside the line comes without colours when they are unwanted.
            .color_mode(ColorMode::Enabled)
            // Whoever wants no bell wants none for a key that does nothing, either.
            .bell_style(if room.renderer.has_bell() { BellStyle::Audible } else { BellStyle::None })
            .max_history_size(LINES_TYPED_MAX)
            .map_err(machine)?
            .build();
        let mut editor = Editor::with_config(config).map_err(machine)?;
        editor.set_helper(Some(Completion::new(room.names.clone(), room.input_line.clone())));
        let lines_typed = room.handle.config.lines_typed()?;
        // There is none the first time, and one that cannot be read is no reason not to chat.
        let _none_yet = editor.load_history(&lines_typed);
        Ok(Self { editor, lines_typed })
    }

    /// What prints above the line being typed.
    pub(super) fn printer(&mut self) -> Result<impl ExternalPrinter + Send + 'static, CliError> {
        self.editor.create_external_printer().map_err(machine)
    }

    /// Reads lines and obeys them, until the person has had enough.
    pub(super) fn run(&mut self, room: &mut Room) -> Result<(), CliError> {
        while !room.is_over() {
            let prompt = room.prompt();
            let typed = self.editor.readline(&prompt);
            room.input_line.close();
            match typed {
                Ok(line) => {
                    if !room.is_in_menu() {
                        self.keep(&line);
                    }
                    let outcome = room.obey(&line);
                    room.report(outcome)?;
                }
                // Ctrl-C: the line is thrown away.
                Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => {}
                Err(ReadlineError::Eof) => break,
                Err(error) => return Err(machine(error)),
            }
        }
        room.leave_transfers()?;
        // Whoever wants to leave waits no longer than for any other answer.
        room.wait_until_all_is_sent(Duration::ZERO)
    }

    /// Keeps a line at once, so that a crash costs none.
    fn keep(&mut self, line: &str) {
        if Line::read(line).may_be_kept() {
            let kept = self
                .editor
                .add_history_entry(line)
                .and_then(|_| self.editor.append_history(&self.lines_typed));
            if let Err(error) = kept {
                tracing::debug!(%error, "the line could not be kept");
            }
        }
    }
}

fn machine(error: ReadlineError) -> CliError {
    LocalError::Terminal(error.to_string()).into()
}
