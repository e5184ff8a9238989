//! The glossary: each term of its tables is an identifier of the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::files::{ROOT, texts};
use crate::prose::Prose;

#[test]
fn every_term_of_the_glossary_is_an_identifier_of_the_code() {
    let crates = [
        "common",
        "transport",
        "disk",
        "broker",
        "proxy",
        "session",
        "server",
        "client",
        "gateway",
        "irc",
        "papo",
    ];
    let sources = crates.iter().flat_map(|name| texts(&ROOT.join(name).join("src")));
    let names: BTreeSet<_> =
        sources.flat_map(|path| Prose::of(&path, &fs::read_to_string(&path).expect("UTF-8")).names).collect();
    let glossary = fs::read_to_string(ROOT.join("docs/GLOSSARY.md")).expect("the glossary");
    let terms: Vec<_> = glossary
        .lines()
        .filter_map(|row| row.strip_prefix("| `")?.split_once('`'))
        .map(|(term, _)| term)
        .collect();
    assert!(terms.len() >= 40, "only {} terms", terms.len());
    let unknown: Vec<_> = terms.iter().filter(|term| !names.contains(**term)).collect();
    assert!(unknown.is_empty(), "terms that are no identifiers of the code: {unknown:?}");
}

/// All identifiers of these Rust files.
pub(crate) fn identifiers(paths: &[PathBuf]) -> BTreeSet<String> {
    let sources = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    sources.flat_map(|path| Prose::of(path, &fs::read_to_string(path).expect("UTF-8")).names).collect()
}
