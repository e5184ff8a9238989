//! The chat on a terminal, with a line editor below the output.

use std::path::PathBuf;

use rustyline::config::BellStyle;
use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History as _};
use rustyline::{
    Cmd, ColorMode, CompletionType, Config, Editor, ExternalPrinter, KeyCode, KeyEvent, Modifiers,
};

use super::completion::Completion;
use super::line::Line;
use super::shell::Shell;
use crate::cli_error::CliError;
use crate::local_error::LocalError;

/// The maximum number of lines in the history file.
const HISTORY_LINES_MAX: usize = 1000;

pub(super) struct Terminal {
    editor: Editor<Completion, FileHistory>,
    /// The lines of the history file.
    saved: FileHistory,
    history_file: PathBuf,
}

impl Terminal {
    /// Creates the editor. It controls the terminal only while it reads a line.
    pub(super) fn open(shell: &Shell) -> Result<Self, CliError> {
        let context = &shell.context;
        let config = Config::builder()
            .completion_type(CompletionType::List)
            // rustyline itself uses no colours. The input line applies colours if they are on.
            .color_mode(ColorMode::Enabled)
            // Without `--bell`, rustyline does not ring either.
            .bell_style(if context.renderer.has_bell() { BellStyle::Audible } else { BellStyle::None })
            .max_history_size(HISTORY_LINES_MAX)
            .map_err(terminal_error)?
            .build();
        let mut editor = Editor::with_config(config.clone()).map_err(terminal_error)?;
        // A pasted text keeps its lines, too: the terminal marks its beginning and its end.
        editor.bind_sequence(KeyEvent(KeyCode::Enter, Modifiers::ALT), Cmd::Newline);
        editor.set_helper(Some(Completion::new(context.names.clone(), context.input_line.clone())));
        let history_file = context.handle.config.history_file()?;
        // The file does not exist before the first line.
        let _best_effort = editor.load_history(&history_file);
        let mut saved = FileHistory::with_config(&config);
        let _best_effort = saved.load(&history_file);
        Ok(Self { editor, saved, history_file })
    }

    pub(super) fn printer(&mut self) -> Result<impl ExternalPrinter + Send + 'static, CliError> {
        self.editor.create_external_printer().map_err(terminal_error)
    }

    /// Runs lines until the user quits.
    pub(super) fn run(&mut self, shell: &mut Shell) -> Result<(), CliError> {
        while !shell.has_ended() {
            let prompt = shell.prompt();
            let typed = self.editor.readline(&prompt);
            shell.context.input_line.end();
            match typed {
                Ok(line) => {
                    if !shell.is_in_menu() {
                        self.save(&line);
                    }
                    let outcome = shell.run(&line);
                    shell.report(outcome)?;
                }
                // Ctrl-C discards the line.
                Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => {}
                Err(ReadlineError::Eof) => break,
                Err(error) => return Err(terminal_error(error)),
            }
        }
        shell.finish()
    }

    /// Keeps a line for the Up key. Appends it to the history file immediately: a crash does not lose it. An
    /// unknown command is not in the file, because it may contain a password.
    fn save(&mut self, line: &str) {
        let parsed = Line::parse(line);
        let saved = if parsed.may_be_saved() {
            let added = self.editor.add_history_entry(line).and_then(|_| self.saved.add(line));
            added.and_then(|_| self.saved.append(&self.history_file))
        } else if matches!(parsed, Line::Unknown(..)) {
            self.editor.add_history_entry(line).map(drop)
        } else {
            Ok(())
        };
        if let Err(error) = saved {
            tracing::debug!(%error, "cannot save the line in the history file");
        }
    }
}

fn terminal_error(error: ReadlineError) -> CliError {
    LocalError::Terminal(error.to_string()).into()
}
