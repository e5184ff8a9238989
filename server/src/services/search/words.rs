//! Splits texts and queries into tokens, which the search compares. Case and accents are folded.
//!
//! There are three rules:
//!
//! 1. Latin words: a chat mixes languages, so every word has three tokens: the word itself, its English stem
//!    and its Portuguese stem. A query finds a word by any of these tokens (`deploys` finds *deployed*,
//!    `mensagens` finds *mensagem*).
//!
//! 2. Alphabets without a stemmer: a word is stored as its trigrams and searched as a phrase of trigrams, so
//!    any three consecutive characters of the word find it. A shorter word is one token.
//!
//! 3. Scripts without spaces, and Korean: each character and each pair of characters is a token, so one
//!    character is enough to find a text.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};

use super::characters::{Class, fold, lowercase};

/// The maximum size of an indexed word in bytes. Longer words are usually encoded files or signatures in
/// links.
const WORD_BYTES_MAX: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The word itself.
    Word,
    /// The control character of a language, and a stem of the word.
    Stem,
    /// Three consecutive characters of a word.
    Trigram,
    /// A character of a script without spaces.
    Character,
    /// A character of such a script and the next one.
    Pair,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) position: usize,
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// The control character before the stems of each language. It distinguishes a stem from a word.
const STEMMERS: [(char, Algorithm); 2] = [('\u{1}', Algorithm::English), ('\u{2}', Algorithm::Portuguese)];

/// The tokens of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let text = lowercase(text);
    let (mut tokens, mut position, mut rest) = (Vec::new(), 0, &*text);
    while let Some(first) = rest.chars().next() {
        let class = Class::of(first);
        let end = rest.find(|character| Class::of(character) != class).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        match class {
            Class::Other => {}
            Class::Latin if run.len() <= WORD_BYTES_MAX => {
                push_word(run, position, &mut tokens);
                position += 1;
            }
            Class::Latin => position += 1,
            Class::Spaced => position = push_trigrams(run, position, &mut tokens),
            Class::Unspaced => position = push_characters(run, position, &mut tokens),
        }
        rest = after;
    }
    tokens
}

/// The tokens that a text must have, at consecutive positions, to contain these tokens as a phrase.
pub(super) fn exact(tokens: &[Token]) -> Vec<(usize, &str)> {
    let mut exact: Vec<(usize, &str)> = Vec::new();
    for Token { position, kind, text } in tokens {
        match kind {
            Kind::Stem => {}
            Kind::Pair if exact.last().is_some_and(|(last, _)| last == position) => {
                // The pair replaces its first character, because it is more specific.
                exact.pop();
                exact.push((*position, text));
            }
            Kind::Word | Kind::Trigram | Kind::Character | Kind::Pair => exact.push((*position, text)),
        }
    }
    exact
}

/// The tokens that find a word: the word itself and its stems.
pub(super) fn forms(tokens: &[Token]) -> Vec<String> {
    let mut forms = Vec::new();
    for Token { kind, text, .. } in tokens {
        forms.push(text.clone());
        if *kind == Kind::Stem {
            // If a word equals its stem, the index contains only the word.
            forms.push(text.chars().skip(1).collect());
        } else if *kind == Kind::Word {
            forms.extend(STEMMERS.iter().map(|(mark, _)| format!("{mark}{text}")));
        }
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn push_word(word: &str, position: usize, tokens: &mut Vec<Token>) {
    let folded = fold(word);
    for (mark, algorithm) in STEMMERS {
        // The stem is computed without accents, because many people omit them.
        let word =
            if algorithm == Algorithm::Portuguese { singular(&folded) } else { folded.as_str().into() };
        let stem = Stemmer::new(algorithm).stem(&word);
        if stem != folded {
            tokens.push(Token { position, kind: Kind::Stem, text: format!("{mark}{stem}") });
        }
    }
    tokens.push(Token { position, kind: Kind::Word, text: folded });
}

/// Replaces the Portuguese plural endings that the stemmer does not know.
fn singular(word: &str) -> Cow<'_, str> {
    let plurals = [("oes", "ao"), ("aes", "ao"), ("ns", "m"), ("ais", "al"), ("eis", "el"), ("ois", "ol")];
    let singular =
        plurals.iter().find_map(|(plural, end)| Some(format!("{}{end}", word.strip_suffix(plural)?)));
    singular.map_or(word.into(), Cow::from)
}

/// Adds the trigrams of a word, or the word itself if it has fewer than three characters. Returns the
/// position of the next word. One position after the word stays empty, so no phrase crosses the end of a
/// word.
fn push_trigrams(word: &str, position: usize, tokens: &mut Vec<Token>) -> usize {
    let characters: Vec<char> = fold(word).chars().collect();
    if characters.len() < 3 {
        tokens.push(Token { position, kind: Kind::Word, text: characters.iter().collect() });
    }
    let trigrams = (position..).zip(characters.windows(3));
    tokens.extend(trigrams.map(|(position, trigram)| Token {
        position,
        kind: Kind::Trigram,
        text: trigram.iter().collect(),
    }));
    position + characters.len() + 1
}

/// Adds the characters and pairs of a run. Returns the position after the run.
fn push_characters(run: &str, mut position: usize, tokens: &mut Vec<Token>) -> usize {
    let folded = fold(run);
    let mut characters = folded.chars().peekable();
    while let Some(character) = characters.next() {
        tokens.push(Token { position, kind: Kind::Character, text: character.into() });
        if let Some(next) = characters.peek() {
            tokens.push(Token { position, kind: Kind::Pair, text: [character, *next].iter().collect() });
        }
        position += 1;
    }
    position
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> String {
        let shown = |token: &Token| {
            format!("{}{}", token.position, token.text.replace('\u{1}', "en:").replace('\u{2}', "pt:"))
        };
        tokens(text).iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn case_accents_and_compositions_are_folded() {
        insta::assert_snapshot!(words("AÇÃO ação ac\u{327}a\u{303}o"), @"0pt:aca 0acao 1pt:aca 1acao 2pt:aca 2acao");
        assert_eq!(words("AÇÃO"), words("ac\u{327}a\u{303}o"));
        insta::assert_snapshot!(words("v1.2, foo_bar 한국 Привет"), @"0v1 12 2foo 3bar 4한 4한국 5국 6при 7рив 8иве 9вет");
    }

    #[test]
    fn a_word_is_found_by_its_stems() {
        insta::assert_snapshot!(words("deployed mensagens"), @"0en:deploy 0deployed 1en:mensagen 1pt:mensag 1mensagens");
        let found = |query: &str, text: &str| {
            let (query, text) = (forms(&tokens(query)), tokens(text));
            text.iter().any(|token| query.contains(&token.text))
        };
        for (query, text) in [
            ("deploys", "deployed"),
            ("deploy", "deploying"),
            ("mensagens", "mensagem"),
            ("carro", "carros"),
            ("reunioes", "reunião"),
            ("papéis", "papel"),
        ] {
            assert!(found(query, text) && found(text, query), "{query} {text}");
        }
        assert!(!found("deploy", "depot"));
    }

    /// Whether the index would find a query as a phrase in a text.
    fn contains_phrase(text: &str, query: &str) -> bool {
        let (all, query) = (tokens(text), tokens(query));
        let wanted = exact(&query);
        let has = |at: usize, text: &str| all.iter().any(|token| token.position == at && token.text == text);
        let starts = 0..=all.last().map_or(0, |token| token.position);
        !wanted.is_empty()
            && starts
                .into_iter()
                .any(|start| wanted.iter().all(|(position, text)| has(start + position, text)))
    }

    #[test]
    fn any_part_of_a_word_that_is_not_latin_is_found() {
        for (text, pieces) in [
            ("Привет, мир! Я тут", &["приве", "риве", "ПРИВЕТ", "мир", "я", "вет мир", "мир я"] as &[&str]),
            ("Καλημέρας", &["καλημ", "ΚΑΛΗΜΕΡΑΣ", "λημερ", "ρας"]),
            ("ёлка в лесу", &["елка", "Ёлк", "в"]),
            ("שָׁלוֹם", &["שלו", "לום", "שָׁלוֹם"]),
            ("مَرْحَبًا بالعـــالم", &["مرحب", "العالم", "أهل"]),
            ("ქართული", &["ქართ", "თულ"]),
            ("Հայերեն", &["հայե", "երեն"]),
            ("नमस्ते विद्यार्थी", &["नमस्", "मस्ते", "विद्या", "द्या"]),
            ("می‌خواهم", &["میخوا", "خواهم"]),
            ("한국어 메시지입니다", &["한국", "메시지", "시지입", "어 메"]),
            ("ゲームのアプリケーション", &["ーション", "アプリ", "ｱﾌﾟﾘ", "の"]),
            ("ภาษาไทย", &["ษาไ", "ไทย"]),
            ("в2024году", &["2024", "году", "год"]),
        ] {
            for piece in pieces {
                assert_eq!(contains_phrase(text, piece), *piece != "أهل", "{piece} in {text}");
            }
        }
        // A short word is found only as a whole, and a phrase does not cross the end of a word.
        assert!(!contains_phrase("мир", "ми") && !contains_phrase("мояе", "я"));
        assert!(!contains_phrase("привет мир", "приветмир") && !contains_phrase("приветмир", "привет мир"));
    }

    proptest! {
        #[test]
        fn three_characters_in_a_row_are_found(
            words in proptest::collection::vec("[а-яё]{3,9}|[α-ωά-ώ]{3,9}|[א-ת]{3,9}|[ء-ي]{3,9}|[ऄ-हा-ौ्]{3,9}|[ა-ჰ]{3,9}|[가-힣]{3,9}|[一-鿿]{3,9}", 1..5),
            which in any::<prop::sample::Index>(),
            (from, length) in (0_usize..7, 3_usize..9),
        ) {
            let folded: Vec<char> = fold(which.get::<String>(&words)).chars().collect();
            let from = from.min(folded.len().saturating_sub(3));
            let piece: String = folded.iter().skip(from).take(length).collect();
            prop_assert!(folded.len() < 3 || contains_phrase(&words.join(" "), &piece), "{piece}");
        }
    }

    #[test]
    fn latin_words_contain_digits_ligatures_and_special_letters() {
        let text = "1️⃣ ½ x² µs ﬁn ªº naïve™ 10€ e\u{301}te\u{301} Ⅷ ꞌ ʼn ＡＢＣ İstanbul ß Ærø";
        insta::assert_snapshot!(words(text), @"01 11⁄2 2x2 3μs 4fin 5ao 6en:naiv 6pt:naiv 6naive 710 8ete 9pt:vii 9viii 10ꞌ 11ʼn 12abc 13istanbul 14ß 15ærø");
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_characters_and_pairs() {
        insta::assert_snapshot!(words("我喜欢rust"), @"0我 0我喜 1喜 1喜欢 2欢 3rust");
        let query = tokens("喜欢");
        assert_eq!(exact(&query), [(0, "喜欢"), (1, "欢")]);
    }

    #[test]
    fn separators_and_very_long_words_have_no_tokens() {
        assert_eq!(tokens(" !?. 🙂 "), []);
        assert_eq!(tokens(&"x".repeat(WORD_BYTES_MAX + 1)), []);
    }
}
