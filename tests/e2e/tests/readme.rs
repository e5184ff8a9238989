//! Replays the transcripts in README.md and docs/USING.md: one conversation on two terminals.

use std::path::Path;

use e2e::Node;

use crate::terminal_user::{TerminalUser, assert_matches_screen};

#[test]
#[expect(clippy::disallowed_methods, reason = "the test can rewrite a document")]
fn the_transcripts_in_readme_and_using_are_real() {
    let node = Node::up();
    let alice = TerminalUser::register(&node, "alice", "en");
    alice.types("/create #general");
    alice.sees("alice created #general");
    alice.sees_prompt("#general>");
    let joao = TerminalUser::register(&node, "joão", "pt-BR");
    joao.types("/join #general");
    alice.sees("joão joined #general");
    joao.sees("joão entrou em #general");
    joao.sees_prompt("#general>");
    alice.sends("olá João 🙂", &[&joao]);
    joao.sends("oi Alice! tudo bem?", &[&alice]);
    alice.types("/msg @joão só para você");
    joao.sees("alice: só para você");
    joao.types("/msg @alice recebi 🎉");
    alice.sees("joão: recebi 🎉");
    joao.sees_prompt("#general (1)>");
    alice.types("/members");
    alice.sees("@joão\n");
    alice.sees_prompt("#general (1)>");

    for (document, person) in [("README.md", &alice), ("docs/USING.md", &joao)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
        let mut text = std::fs::read_to_string(&path).expect(document);
        let begin = text.find(":\n\n```\n").expect("a transcript") + 7;
        let end = begin + text[begin..].find("\n```").expect("the end of the transcript");
        let seen = person.terminal.transcript();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            text.replace_range(begin..end, &seen);
            std::fs::write(&path, &text).expect(document);
        } else {
            assert_matches_screen(&text[begin..end], &seen);
        }
    }
}
