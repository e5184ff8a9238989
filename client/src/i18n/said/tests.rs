//! Every sentence that the code has is translated: they are looked for in the sources.

use std::path::{Path, PathBuf};

use super::*;

/// Where errors are made that a person can meet.
const SOURCES: &[&str] = &[
    "common/src",
    "server/src/calls",
    "server/src/domain",
    "server/src/files/uploads.rs",
    "server/src/jobs.rs",
    "server/src/ledger.rs",
    "server/src/engine.rs",
    "client/src/session",
    "client/src/network",
];

/// Those of operators and of programs that write requests or subscriptions by hand: nobody in the chat meets them.
const NOT_MET: &[&str] = &[
    "a topic has at most 7 bytes",
    "subscribe to a whole topic: <kind>.<name>.<7 hex digits>",
    "7: 7",
    " at line ",
    "not the usual form",
    "cannot start a thread: 7",
];

/// What stands before a sentence: an error, or the variable or the field that becomes one.
const BEFORE: &[&str] =
    &["Error::new(", "refused(", "#[error(", "custom(", "let message =", "let sentence =", "refusal: "];

/// The sentences in a source, with `7` in their gaps.
fn sentences(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let begins = BEFORE.iter().flat_map(|mark| code.match_indices(mark).map(|(at, mark)| at + mark.len()));
    begins.filter_map(|begin| sentence(&code[begin..])).collect()
}

/// The text between the first quotes of a statement.
fn sentence(code: &str) -> Option<String> {
    let begin = code.find('"')?;
    if code[..begin].contains([';', '}']) {
        return None;
    }
    let mut characters = code[begin + 1..].chars();
    let mut sentence = String::new();
    loop {
        match characters.next()? {
            '"' => break,
            '\\' => match characters.next()? {
                '\n' => characters = characters.as_str().trim_start().chars(),
                escaped => sentence.push(escaped),
            },
            '{' => {
                sentence.push('7');
                let _gap = characters.find(|c| *c == '}');
            }
            other => sentence.push(other),
        }
    }
    sentence.contains(' ').then_some(sentence)
}

/// The files of a folder, or the file itself.
fn files(path: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(path).map(|all| all.map(|file| file.expect("a file").path()));
    let is_source = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "rs");
    files.map_or_else(|_no_folder| vec![path.to_owned()], |all| all.filter(is_source).collect())
}

#[test]
fn every_sentence_in_the_sources_is_said_in_portuguese() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = SOURCES.iter().flat_map(|path| files(&workspace.join(path)));
    let found: Vec<_> =
        files.flat_map(|file| sentences(&std::fs::read_to_string(file).expect("a source"))).collect();
    assert!(found.len() > 80, "they are found: {}", found.len());
    let is_missing = |said: &&String| !NOT_MET.contains(&said.as_str()) && in_portuguese(said).is_none();
    let missing: Vec<_> = found.iter().filter(is_missing).collect();
    assert_eq!(missing, [""; 0], "said in English to who reads Portuguese");
}

#[test]
fn each_sentence_differs_from_its_translation_and_has_the_same_gaps() {
    let tables = [NAMES_AND_TEXTS, ACCOUNTS, CHANNELS, MESSAGES, FILES, SEARCH, THE_SERVER, REQUESTS];
    for (english, portuguese) in tables.into_iter().flatten() {
        assert_ne!(english, portuguese);
        let gaps = english.matches("{}").count();
        assert_eq!(portuguese.matches('{').count(), gaps, "{english}");
        assert!((0..gaps).all(|i| portuguese.contains(&format!("{{{i}}}"))), "{portuguese}");
    }
}

#[test]
fn what_was_filled_in_is_kept() {
    let said = [
        "the name bob is taken",
        "the name bob is taken (perhaps by this very request, whose first answer was lost: try to log in)",
        "there is no message 17 in #ops, or it was deleted",
        "before: needs a date behind it, such as before:2026-01-31",
        "message.send: a message has at most 16384 bytes; send a longer text in parts",
        "a file has at most 104857600 bytes, this one has 104857601",
    ];
    let portuguese = said.map(|english| in_portuguese(english).expect(english));
    insta::assert_snapshot!(portuguese.join("\n"), @"
    o nome bob já está em uso
    o nome bob já está em uso (talvez por este mesmo pedido, cuja primeira resposta se perdeu: tente entrar)
    não há mensagem 17 em #ops, ou foi apagada: veja /history
    before: precisa de uma data depois, como before:2026-01-31
    uma mensagem tem no máximo 16384 bytes; mande um texto maior em partes
    um arquivo tem no máximo 104857600 bytes, este tem 104857601
    ");
    assert_eq!(in_portuguese("the moon is full"), None);
}
