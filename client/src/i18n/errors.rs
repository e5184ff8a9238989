//! Error messages in the language of the user.

use common::{Detail, Error};

use super::details::in_portuguese;
use super::{Catalog, Language};
use crate::cli_error::CliError;

impl Catalog {
    pub(crate) fn cli_error(self, error: &CliError) -> String {
        match error {
            CliError::Server(error) => self.error(error),
            CliError::Failed(message) | CliError::Usage(message) => message.clone(),
            CliError::System(error) => self.io_error(error),
            CliError::Local(error) => self.local_error(error),
            CliError::LoggedOut(server) => self.not_logged_in_at(server),
            CliError::Busy => self.too_many_commands(),
            CliError::Unreachable { server, waited, is_plain } => {
                let question = if *is_plain { self.question_plain() } else { self.question_encrypted() };
                self.unreachable(server, waited.as_secs_f32(), &question)
            }
            CliError::ConnectionEnded => self.connection_ended(),
            CliError::UnexpectedAnswer => self.unexpected_answer(),
            CliError::OutputClosed => self.output_closed(),
            CliError::Reported(error) => self.cli_error(error),
        }
    }

    /// The error of a request. If this version does not know the detail, the English message of the server is
    /// shown.
    pub(crate) fn error(self, error: &Error) -> String {
        error.detail().map_or_else(|| error.message.clone(), |detail| self.detail(detail))
    }

    /// The detail of an error.
    pub(crate) fn detail(self, detail: &Detail) -> String {
        match self.language {
            Language::English => detail.to_string(),
            Language::Portuguese => in_portuguese(detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_an_unreachable_server_depends_on_the_encryption() {
        let catalog = |is_plain| {
            let waited = std::time::Duration::from_millis(1500);
            let failure = CliError::Unreachable { server: "tcp://a:5555".to_owned(), waited, is_plain };
            Catalog::ENGLISH.cli_error(&CliError::Reported(Box::new(failure)))
        };
        insta::assert_snapshot!([catalog(true), catalog(false)].join("\n"), @"
        cannot reach tcp://a:5555 (waited 1.5 s): is `papo up --plaintext` running there?
        cannot reach tcp://a:5555 (waited 1.5 s): is `papo up` running there without --plaintext? If it is, its key may have changed: ask for the new invite
        ");
    }

    #[test]
    fn a_known_error_is_translated_and_an_unknown_one_is_shown_as_sent() {
        let catalog = [Catalog::ENGLISH, Catalog::new(Language::Portuguese)];
        let render = |error: &Error| catalog.map(|catalog| catalog.error(error)).join("\n");
        let known = r##"{"code":4040,"message":"not shown","data":{"reason":"no_such_message","detail":"no_such_message","args":{"n":17,"conversation":"#ops"}}}"##;
        let later = r##"{"code":4040,"message":"there is no thread 17","data":{"reason":"no_such_thread","detail":"no_such_thread","args":{"n":17}}}"##;
        let [known, later] = [known, later].map(|line| serde_json::from_str(line).expect("an error"));
        insta::assert_snapshot!(render(&known), @"
        there is no message 17 in #ops, or it was deleted
        a mensagem 17 de #ops não existe, ou foi apagada: veja /history
        ");
        insta::assert_snapshot!(render(&later), @"
        there is no thread 17
        there is no thread 17
        ");
    }
}
