//! Errors in words. What the server says comes in English, with a word for its reason: where a sentence about the
//! reason is as clear as the server's own, it is said in the person's language, else the server's is shown.

use common::files::FileNameError;
use common::limits::{
    FILE_NAME_BYTES_MAX, NAME_CHARACTERS_MAX, PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN, SUBJECT_BYTES_MAX,
    TEXT_BYTES_MAX,
};
use common::names::NameError;
use common::text::{PasswordError, SubjectTooLong, TextError};
use common::{Error, Reason};

use super::{Language, Words};
use crate::failure::Failure;

impl Words {
    /// Why something was not done.
    pub(crate) fn failure(self, failure: &Failure) -> String {
        match failure {
            Failure::Server(error) => self.error(error),
            Failure::Refused(words) | Failure::Usage(words) | Failure::Machine(words) => words.clone(),
            Failure::Here(trouble) => self.trouble(trouble),
            Failure::LoggedOut(server) => self.nobody_at(server),
            Failure::Busy => self.too_much_at_once(),
            Failure::Unreachable { server, waited, is_plain } => {
                let question = if *is_plain { self.is_plain_node_running() } else { self.is_node_running() };
                self.unreachable(server, waited.as_secs_f32(), &question)
            }
            Failure::ConnectionEnded => self.connection_ended(),
            Failure::Unexpected => self.unexpected_answer(),
            Failure::OutputClosed => self.output_closed(),
            Failure::Told(failure) => self.failure(failure),
        }
    }

    /// Why the server refused.
    pub(crate) fn error(self, error: &Error) -> String {
        let translated = match self.language {
            Language::English => None,
            Language::Portuguese => error.reason().and_then(in_portuguese),
        };
        translated.map_or_else(|| error.message.clone(), str::to_owned)
    }

    /// Why a name cannot be one.
    pub(crate) fn name_error(self, error: &NameError) -> String {
        match (self.language, error) {
            (Language::English, error) => error.to_string(),
            (Language::Portuguese, NameError::Empty) => {
                "um nome precisa de pelo menos um caractere".to_owned()
            }
            (Language::Portuguese, NameError::TooLong) => {
                format!("um nome tem no máximo {NAME_CHARACTERS_MAX} caracteres")
            }
            (Language::Portuguese, NameError::Characters) => {
                "nomes têm letras, dígitos, '.', '_' e '-', sem espaços, e começam com letra ou dígito"
                    .to_owned()
            }
            (Language::Portuguese, NameError::NoHash) => "o nome de um canal começa com '#'".to_owned(),
        }
    }

    /// Why a text cannot be sent.
    pub(crate) fn text_error(self, error: &TextError) -> String {
        match (self.language, error) {
            (Language::English, error) => error.to_string(),
            (Language::Portuguese, TextError::Empty) => "uma mensagem precisa de algum texto".to_owned(),
            (Language::Portuguese, TextError::TooLong) => {
                format!("uma mensagem tem no máximo {TEXT_BYTES_MAX} bytes; mande um texto maior em partes")
            }
        }
    }

    /// Why a file cannot be sent under its name.
    pub(crate) fn file_name_error(self, error: FileNameError) -> String {
        match (self.language, error) {
            (Language::English, error) => error.to_string(),
            (Language::Portuguese, FileNameError::Empty) => {
                "o nome de um arquivo precisa de uma letra ou um dígito".to_owned()
            }
            (Language::Portuguese, FileNameError::TooLong) => {
                format!("o nome de um arquivo tem no máximo {FILE_NAME_BYTES_MAX} bytes")
            }
            (Language::Portuguese, FileNameError::Characters) => {
                "o nome de um arquivo não tem '/', nem '\\', nem caracteres de controle".to_owned()
            }
        }
    }

    /// Why a subject cannot be set.
    pub(crate) fn subject_error(self, error: &SubjectTooLong) -> String {
        match self.language {
            Language::English => error.to_string(),
            Language::Portuguese => format!("um assunto tem no máximo {SUBJECT_BYTES_MAX} bytes"),
        }
    }

    /// Why a password cannot be one.
    pub(crate) fn password_error(self, error: &PasswordError) -> String {
        match (self.language, error) {
            (Language::English, error) => error.to_string(),
            (Language::Portuguese, PasswordError::TooShort) => {
                format!("uma senha tem pelo menos {PASSWORD_CHARACTERS_MIN} caracteres")
            }
            (Language::Portuguese, PasswordError::TooLong) => {
                format!("uma senha tem no máximo {PASSWORD_BYTES_MAX} bytes")
            }
            (Language::Portuguese, PasswordError::Characters) => {
                "uma senha não pode ser vazia nem ter caracteres de controle".to_owned()
            }
        }
    }
}

/// A sentence for a reason; nothing where only the server's own sentence says what is to be done.
fn in_portuguese(reason: Reason) -> Option<&'static str> {
    match reason {
        // They name a parameter, a limit, a time to wait, or what the operator has to look at.
        Reason::ParseError
        | Reason::InvalidRequest
        | Reason::MethodNotFound
        | Reason::InvalidParams
        | Reason::TooLarge
        | Reason::QuotaExceeded
        | Reason::RateLimited
        | Reason::Internal => None,
        Reason::Unauthenticated => Some("você não está na sua conta: entre com /login NOME"),
        Reason::WrongCredentials => Some("usuário ou senha errados"),
        Reason::NotMember => Some("só membros do canal podem fazer isso: entre nele primeiro"),
        Reason::NotAllowed => Some("seu papel no canal não permite isso"),
        Reason::Banned => Some("há um banimento nesse canal: peça que seja desfeito primeiro"),
        Reason::LastOwner => Some("ninguém mais é dono do canal: passe a posse a alguém primeiro"),
        Reason::NoSuchChannel => Some("esse canal não existe: crie-o, ou veja /channels"),
        Reason::NoSuchUser => Some("esse usuário não existe: veja /users"),
        Reason::NoSuchMember => Some("essa pessoa não está no canal: veja /members"),
        Reason::NoSuchInvitation => Some("não há convite seu para esse canal: veja /invitations"),
        Reason::NoSuchMessage => Some("essa mensagem não existe, ou foi apagada: veja /history"),
        Reason::Unchanged => Some("já está assim: nada mudou"),
        Reason::NoSuchSession => Some("você não tem essa sessão: veja /sessions"),
        Reason::NoSuchUpload => Some("esse envio não existe (mais): comece de novo"),
        Reason::NoSuchFile => Some("não há arquivo com esse número, ou foi apagado"),
        Reason::WrongOffset => Some("o servidor tem outra parte do arquivo: envie-o de novo"),
        Reason::WrongContent => Some("o arquivo que chegou não é o anunciado: envie-o de novo"),
        Reason::NameTaken => Some("esse nome já está em uso"),
        Reason::IdTaken => Some("o id dessa mensagem já está em uso: mande-a de novo"),
        Reason::Unavailable => Some("o servidor não pode guardar nem responder agora: tente mais tarde"),
        Reason::NotAdministrator => Some("só quem administra o nó pode fazer isto"),
        Reason::Disabled => Some("esta conta foi desativada; fale com quem administra o nó"),
        Reason::LastAdministrator => Some("é a última conta que administra o nó; promova outra antes"),
        Reason::StorageFull => Some("o disco do servidor está cheio: nada foi guardado"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreachable_server_is_looked_for_in_the_way_it_is_spoken_to() {
        let words = |is_plain| {
            let waited = std::time::Duration::from_millis(1500);
            let failure = Failure::Unreachable { server: "tcp://a:5555".to_owned(), waited, is_plain };
            Words::ENGLISH.failure(&Failure::Told(Box::new(failure)))
        };
        insta::assert_snapshot!([words(true), words(false)].join("\n"), @"
        cannot reach tcp://a:5555 (waited 1.5 s): is `papo up --plaintext` running there?
        cannot reach tcp://a:5555 (waited 1.5 s): is `papo up` running there, and without --plaintext? If so it may have a new key: ask for its new invite
        ");
    }

    #[test]
    fn the_server_is_translated_by_reason_and_quoted_where_its_own_sentence_says_more() {
        let words = Words::new(Language::Portuguese);
        let said = |reason, message| words.error(&Error::new(reason, message));
        assert_eq!(said(Reason::NameTaken, "the name bob is taken"), "esse nome já está em uso");
        let wait = "you send too fast: wait 7 ms, then send it again";
        assert_eq!(said(Reason::RateLimited, wait), wait);
        for reason in Reason::ALL {
            assert_eq!(Words::ENGLISH.error(&Error::new(*reason, wait)), wait);
        }
    }
}
