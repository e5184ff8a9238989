//! Lines to the client: responses to its commands, and events.

use common::{Error, Target};
use transport::clock;

use super::{Connection, End};
use crate::limits::OUTPUT_BYTES_MAX;
use crate::protocol::capabilities::Cap;
use crate::protocol::line::Line;
use crate::protocol::numerics::Numeric;
use crate::protocol::times;

/// The host of all users: addresses are not shown to other users.
pub(crate) const HOST: &str = "papo";

/// The lines of the response to a command with a label.
#[derive(Default)]
pub(super) struct Response {
    lines: Vec<Line>,
    bytes: usize,
}

impl Connection {
    /// The name of a conversation that the client knows: the current name of a channel, and users without a
    /// sign.
    pub(super) fn shown_target(&self, target: &Target) -> String {
        match target {
            Target::Channel(channel) => self.shown(channel).to_string(),
            Target::User(user) => self.shared.shown(user),
        }
    }

    /// The name by which the server addresses the client.
    pub(super) fn nick(&self) -> String {
        match (&self.user, &self.registration.nick) {
            (Some(user), _) if self.is_welcome => self.shared.shown(user),
            (_, Some(nick)) => self.registration.spelling.clone().unwrap_or_else(|| nick.to_string()),
            (Some(user), None) => user.to_string(),
            (None, None) => "*".to_owned(),
        }
    }

    pub(super) fn server_line(&self, command: &'static str) -> Line {
        Line::new(self.shared.settings.name.clone(), command)
    }

    /// A line of the user, with the current time.
    pub(super) fn own_line(&self, command: &'static str) -> Line {
        let from = self.user.as_ref().map(|user| self.shared.source(user)).unwrap_or_default();
        self.stamped(Line::new(from, command))
    }

    /// Adds the current time and the account of the user to an own line.
    pub(super) fn stamped(&self, line: Line) -> Line {
        let line = line.tag("time", times::written(clock::unix_ms()));
        let Some(user) = &self.user else { return line };
        let line = match self.shared.account(user) {
            Some(account) => line.tag("account", account),
            None => line,
        };
        if self.shared.is_bot(user) { line.tag("bot", "") } else { line }
    }

    /// Sends a line that no command of the client caused.
    pub(super) fn send(&mut self, line: &Line) {
        line.write(self.caps, self.socket.output());
    }

    /// Sends a line of the response to a command.
    pub(super) fn reply(&mut self, line: Line) {
        let Some(response) = &mut self.response else {
            return line.write(self.caps, self.socket.output());
        };
        response.bytes += line.bytes();
        response.lines.push(line);
        if response.bytes > OUTPUT_BYTES_MAX {
            self.end = Some(End::Because("SendQ exceeded".to_owned()));
        }
    }

    /// Replies with a numeric. Its standard text is the last parameter.
    pub(super) fn numeric(&mut self, numeric: Numeric, params: &[&str]) {
        let line = self.server_line(numeric.code()).param(self.nick()).params(params.iter().copied());
        self.reply(if numeric.text().is_empty() { line } else { line.param(numeric.text()) });
    }

    /// Replies with a standard reply.
    pub(super) fn fail(&mut self, command: &str, code: &str, context: &[&str], text: &str) {
        let line = self.server_line("FAIL").param(command).param(code).params(context.iter().copied());
        self.reply(line.param(text));
    }

    /// Replies with the error of the node.
    pub(super) fn fail_with(&mut self, command: &str, context: &[&str], error: &Error) {
        if self.caps.has(Cap::StandardReplies) {
            let code = error.data.reason.to_ascii_uppercase();
            self.fail(command, &code, context, &error.message);
        } else {
            let params: Vec<_> = [command].into_iter().chain(context.iter().copied()).collect();
            let line = self.server_line(Numeric::UnknownError.code()).param(self.nick());
            self.reply(line.params(params).param(error.message.clone()));
        }
    }

    /// A new name of a batch.
    pub(super) fn new_batch(&mut self) -> String {
        self.batches += 1;
        self.batches.to_string()
    }

    /// Starts to collect the response to a command with a label.
    pub(super) fn begin_response(&mut self) {
        self.response = Some(Response::default());
    }

    /// Sends the response to a command: an ACK, a line, or a batch.
    pub(super) fn finish_response(&mut self, label: &str) {
        let Some(Response { lines, .. }) = self.response.take() else { return };
        match <[Line; 1]>::try_from(lines) {
            Ok([line]) => self.send(&line.tag("label", label)),
            Err(lines) if lines.is_empty() => {
                let acknowledged = self.server_line("ACK").tag("label", label);
                self.send(&acknowledged);
            }
            Err(mut lines) if is_one_batch(&lines) => {
                let first = lines.remove(0);
                self.send(&first.tag("label", label));
                lines.iter().for_each(|line| self.send(line));
            }
            Err(lines) => {
                let batch = self.new_batch();
                let begin = self.server_line("BATCH").tag("label", label);
                self.send(&begin.param(format!("+{batch}")).param("labeled-response"));
                for line in lines {
                    self.send(&line.tag("batch", batch.clone()));
                }
                let end = self.server_line("BATCH").param(format!("-{batch}"));
                self.send(&end);
            }
        }
    }

    pub(super) fn refuse_long_line(&mut self) {
        self.numeric(Numeric::InputTooLong, &[]);
    }

    pub(super) fn refuse_bytes(&mut self, command: &str) {
        let command = if command.is_empty() { "*" } else { command };
        let text = "Message rejected, it contained bytes that are not UTF-8";
        self.fail(command, "INVALID_UTF8", &[], text);
    }
}

/// Whether lines are one batch, which can have a label of its own.
fn is_one_batch(lines: &[Line]) -> bool {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return false };
    let name = first.first_param().strip_prefix('+');
    let is_batch = first.command() == "BATCH" && last.command() == "BATCH";
    is_batch && name.is_some() && name == last.first_param().strip_prefix('-')
}
