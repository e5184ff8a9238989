//! The message catalog of the chat, in English and Brazilian Portuguese: one table per noun. Placeholders are
//! typed arguments. A message without a translation, or with an unknown placeholder, does not compile.
//!
//! Script commands, `--help` and logs are English, because programs and search engines read them.

mod language;
mod accounts;
mod channels;
mod conversations;
mod amendments;
mod reads;
mod files;
mod search;
mod connection;
mod outbox;
mod presence;
mod notify;
mod admin;
mod menu;
mod details;
mod errors;
mod local_errors;

pub(crate) use language::Language;

/// The message catalog in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Catalog {
    language: Language,
}

impl Catalog {
    /// For scripts and logs.
    pub(crate) const ENGLISH: Self = Self::new(Language::English);

    pub(crate) const fn new(language: Language) -> Self {
        Self { language }
    }

    /// A phrase in this language.
    pub(crate) const fn of(self, phrase: Phrase) -> &'static str {
        match self.language {
            Language::English => phrase.en,
            Language::Portuguese => phrase.pt,
        }
    }
}

/// A text without placeholders in all languages, for tables such as the command table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phrase {
    en: &'static str,
    pt: &'static str,
}

/// A text in English and in Brazilian Portuguese.
pub(crate) const fn both(en: &'static str, pt: &'static str) -> Phrase {
    Phrase { en, pt }
}

/// A text that is the same in all languages.
pub(crate) const fn same(text: &'static str) -> Phrase {
    Phrase { en: text, pt: text }
}

/// Declares messages. Each message becomes a method of [`Catalog`], with the placeholders as arguments. A
/// message has the form `one` if the named placeholder is 1.
macro_rules! messages {
    ($($(#[doc = $doc:literal])* $name:ident($($placeholder:ident: $type:ty),*) {
        en: $en:literal, pt: $pt:literal,
        $(one $count:ident: { en: $en_one:literal, pt: $pt_one:literal },)?
    })+) => {
        impl $crate::i18n::Catalog {
            $(
                $(#[doc = $doc])*
                pub(crate) fn $name(self $(, $placeholder: $type)*) -> String {
                    $(if $count == 1 {
                        return match self.language {
                            $crate::i18n::Language::English => format!($en_one),
                            $crate::i18n::Language::Portuguese => format!($pt_one),
                        };
                    })?
                    match self.language {
                        $crate::i18n::Language::English => format!($en),
                        $crate::i18n::Language::Portuguese => format!($pt),
                    }
                }
            )+
        }

        /// All messages of this table, with their placeholders.
        #[cfg(test)]
        pub(super) const MESSAGES: &[(&str, $crate::i18n::Phrase)] =
            &[$((stringify!($name), $crate::i18n::both($en, $pt))
                $(, (stringify!($name), $crate::i18n::both($en_one, $pt_one)))?),+];
    };
}
use messages;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const TABLES: &[&[(&str, Phrase)]] = &[
        accounts::MESSAGES,
        channels::MESSAGES,
        conversations::MESSAGES,
        connection::MESSAGES,
        outbox::MESSAGES,
        presence::MESSAGES,
        notify::MESSAGES,
        menu::MESSAGES,
        admin::MESSAGES,
        amendments::MESSAGES,
        reads::MESSAGES,
        files::MESSAGES,
        search::MESSAGES,
        local_errors::MESSAGES,
    ];

    /// The placeholders of a message. Their order may differ between languages.
    fn placeholders(message: &str) -> BTreeSet<&str> {
        message.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn every_message_is_translated_with_the_same_placeholders() {
        for (name, phrase) in TABLES.iter().copied().flatten() {
            assert!(!phrase.en.is_empty() && !phrase.pt.is_empty(), "{name}");
            assert_ne!(phrase.en, phrase.pt, "{name} is not translated");
            assert_eq!(placeholders(phrase.en), placeholders(phrase.pt), "{name}");
        }
    }

    #[test]
    fn the_placeholders_of_a_message_are_filled_in() {
        let catalog = [Catalog::ENGLISH, Catalog::new(Language::Portuguese)];
        let filled = catalog.map(|catalog| catalog.mistyped_command("jion", "join"));
        insta::assert_snapshot!(filled.join("\n"), @r"
        there is no command /jion: did you mean /join? //jion sends the line as a message, and the Up key brings it back
        o comando /jion não existe: quis dizer /join? //jion envia a linha como mensagem, e a seta para cima a traz de volta
        ");
        let sent = [1, 2].map(|count| catalog.map(|catalog| catalog.messages_not_sent(count)).join("\n"));
        insta::assert_snapshot!(sent.join("\n"), @"
        1 message was not sent
        1 mensagem não foi enviada
        2 messages were not sent
        2 mensagens não foram enviadas
        ");
    }
}
