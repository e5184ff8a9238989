//! Errors in words. What the server says comes in English, with a word for its reason: a sentence that is known is said
//! in the person's language (`said.rs`), and of one that is not, at least the reason.

use common::files::FileNameError;
use common::names::NameError;
use common::text::{PasswordError, SubjectTooLong, TextError};
use common::{Error, Reason};

use super::Words;
use crate::cli_error::CliError;

impl Words {
    /// Why something was not done.
    pub(crate) fn cli_error(self, error: &CliError) -> String {
        match error {
            CliError::Server(error) => self.error(error),
            CliError::Refused(words) | CliError::Usage(words) | CliError::Machine(words) => words.clone(),
            CliError::Local(error) => self.local_error(error),
            CliError::LoggedOut(server) => self.nobody_at(server),
            CliError::Busy => self.too_much_at_once(),
            CliError::Unreachable { server, waited, is_plain } => {
                let question = if *is_plain { self.is_plain_node_running() } else { self.is_node_running() };
                self.unreachable(server, waited.as_secs_f32(), &question)
            }
            CliError::ConnectionEnded => self.connection_ended(),
            CliError::Unexpected => self.unexpected_answer(),
            CliError::OutputClosed => self.output_closed(),
            CliError::Reported(error) => self.cli_error(error),
        }
    }

    /// Why the server refused.
    pub(crate) fn error(self, error: &Error) -> String {
        self.said(&error.message).unwrap_or_else(|| self.reason(error))
    }

    /// Why a name cannot be one.
    pub(crate) fn name_error(self, error: &NameError) -> String {
        self.refusal(error)
    }

    /// Why a text cannot be sent.
    pub(crate) fn text_error(self, error: &TextError) -> String {
        self.refusal(error)
    }

    /// Why a file cannot be sent under its name.
    pub(crate) fn file_name_error(self, error: FileNameError) -> String {
        self.refusal(&error)
    }

    /// Why a subject cannot be set.
    pub(crate) fn subject_error(self, error: &SubjectTooLong) -> String {
        self.refusal(error)
    }

    /// Why a password cannot be one.
    pub(crate) fn password_error(self, error: &PasswordError) -> String {
        self.refusal(error)
    }

    /// What is refused here, before the server would.
    fn refusal(self, error: &impl std::error::Error) -> String {
        let english = error.to_string();
        self.said(&english).unwrap_or(english)
    }

    /// What can be said of a sentence that only a later server knows.
    fn reason(self, error: &Error) -> String {
        let sentence = &error.message;
        match error.reason().map_or(Known::Nothing, in_portuguese) {
            Known::All(words) => words.to_owned(),
            Known::Kind(words) => format!("{words} ({sentence})"),
            Known::Nothing => format!("o servidor recusou: {sentence}"),
        }
    }
}

/// How much a reason says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// All there is to say.
    All(&'static str),
    /// What kind of thing it is: the sentence names a parameter, a limit, a time to wait, or what the operator has to
    /// look at.
    Kind(&'static str),
    /// Nothing: it is a reason of a later version.
    Nothing,
}

fn in_portuguese(reason: Reason) -> Known {
    match reason {
        Reason::ParseError | Reason::InvalidRequest => Known::Kind("o servidor não entendeu o pedido"),
        Reason::MethodNotFound => Known::Kind("o servidor não conhece esse pedido"),
        Reason::InvalidParams => Known::Kind("algo no pedido não serve"),
        Reason::TooLarge => Known::Kind("é mais do que um limite permite"),
        Reason::QuotaExceeded => Known::Kind("seus arquivos ocupariam mais do que podem"),
        Reason::RateLimited => Known::Kind("é demais de uma vez: tente de novo daqui a pouco"),
        Reason::Internal => Known::Kind("o servidor falhou"),
        Reason::NotAllowed => Known::Kind("você não pode fazer isso"),
        Reason::Unauthenticated => Known::All("você não está na sua conta: entre com /login NOME"),
        Reason::WrongCredentials => Known::All("usuário ou senha errados"),
        Reason::NotMember => Known::All("só membros do canal podem fazer isso: entre nele primeiro"),
        Reason::Banned => Known::All("há um banimento nesse canal: peça que seja desfeito primeiro"),
        Reason::LastOwner => Known::All("ninguém mais é dono do canal: passe a posse a alguém primeiro"),
        Reason::NoSuchChannel => Known::All("esse canal não existe: crie-o, ou veja /channels"),
        Reason::NoSuchUser => Known::All("esse usuário não existe: veja /users"),
        Reason::NoSuchMember => Known::All("essa pessoa não está no canal: veja /members"),
        Reason::NoSuchInvitation => Known::All("não há convite seu para esse canal: veja /invitations"),
        Reason::NoSuchMessage => Known::All("essa mensagem não existe, ou foi apagada: veja /history"),
        Reason::Unchanged => Known::All("já está assim: nada mudou"),
        Reason::NoSuchSession => Known::All("você não tem essa sessão: veja /sessions"),
        Reason::NoSuchUpload => Known::All("esse envio não existe (mais): comece de novo"),
        Reason::NoSuchFile => Known::All("não há arquivo com esse número, ou foi apagado"),
        Reason::WrongOffset => Known::All("o servidor tem outra parte do arquivo: envie-o de novo"),
        Reason::WrongContent => Known::All("o arquivo que chegou não é o anunciado: envie-o de novo"),
        Reason::NameTaken => Known::All("esse nome já está em uso"),
        Reason::IdTaken => Known::All("o id dessa mensagem já está em uso: mande-a de novo"),
        Reason::Unavailable => {
            Known::All("o servidor não pode guardar nem responder agora: tente mais tarde")
        }
        Reason::NotAdministrator => Known::All("só quem administra o nó pode fazer isto"),
        Reason::Disabled => Known::All("esta conta foi desativada; fale com quem administra o nó"),
        Reason::LastAdministrator => Known::All("é a última conta que administra o nó; promova outra antes"),
        Reason::StorageFull => Known::All("o disco do servidor está cheio: nada foi guardado"),
    }
}

#[cfg(test)]
mod tests {
    use server::domain::DomainError;

    use super::super::Language;
    use super::*;

    #[test]
    fn an_unreachable_server_is_looked_for_in_the_way_it_is_spoken_to() {
        let words = |is_plain| {
            let waited = std::time::Duration::from_millis(1500);
            let failure = CliError::Unreachable { server: "tcp://a:5555".to_owned(), waited, is_plain };
            Words::ENGLISH.cli_error(&CliError::Reported(Box::new(failure)))
        };
        insta::assert_snapshot!([words(true), words(false)].join("\n"), @"
        cannot reach tcp://a:5555 (waited 1.5 s): is `papo up --plaintext` running there?
        cannot reach tcp://a:5555 (waited 1.5 s): is `papo up` running there, and without --plaintext? If so it may have a new key: ask for its new invite
        ");
    }

    #[test]
    fn every_reason_is_said_in_portuguese_whatever_the_sentence() {
        let words = Words::new(Language::Portuguese);
        let said = |reason, message| words.error(&Error::new(reason, message));
        assert_eq!(said(Reason::NameTaken, "the name bob is taken"), "o nome bob já está em uso");
        let later = "a sentence of a later version";
        for reason in Reason::ALL {
            assert!(!said(*reason, later).starts_with(later), "{reason:?}");
            assert_ne!(in_portuguese(*reason), Known::Nothing);
            assert_eq!(Words::ENGLISH.error(&Error::new(*reason, later)), later);
        }
        assert_eq!(
            said(Reason::TooLarge, later),
            "é mais do que um limite permite (a sentence of a later version)"
        );
    }

    #[test]
    fn one_reason_may_have_two_causes() {
        let words = Words::new(Language::Portuguese);
        let ops = || common::ChannelName::new("#ops").expect("a name");
        let said = [DomainError::NotAuthor, DomainError::NotAllowed(ops())]
            .map(|error| words.error(&Error::from(error)));
        insta::assert_snapshot!(said.join("\n"), @"
        só quem escreveu a mensagem pode fazer isso
        seu papel em #ops não permite isso
        ");
    }
}
