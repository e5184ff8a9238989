//! The transcript in README.md is what two people see.

use std::path::Path;

use e2e::Node;

use crate::people::{Person, assert_seen};

#[test]
#[expect(clippy::disallowed_methods, reason = "a test that keeps a document")]
fn the_transcript_of_the_readme_is_what_two_people_see() {
    let node = Node::up();
    let alice = Person::register(&node, "alice", "en");
    alice.types("/create #general");
    alice.sees("alice created #general");
    alice.is_asked("#general>");
    let joao = Person::register(&node, "joão", "pt-BR");
    joao.types("/join #general");
    alice.sees("joão joined #general");
    joao.sees("joão entrou em #general");
    joao.is_asked("#general>");
    alice.says("olá João 🙂", &[&joao]);
    joao.says("oi Alice! tudo bem?", &[&alice]);
    alice.types("/msg @joão só para você");
    joao.sees("alice: só para você");
    joao.types("/msg @alice recebi 🎉");
    alice.sees("joão: recebi 🎉");
    joao.is_asked("#general (1)>");
    alice.types("/members");
    alice.sees("@joão\n");
    alice.is_asked("#general (1)>");

    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let mut text = std::fs::read_to_string(&readme).expect("README.md");
    for (head, person) in [("Alice's:\n\n```\n", &alice), ("and João's, in Portuguese:\n\n```\n", &joao)] {
        let begin = text.find(head).expect(head) + head.len();
        let end = begin + text[begin..].find("\n```").expect("the end of the transcript");
        let seen = person.terminal.transcript();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            text.replace_range(begin..end, &seen);
            std::fs::write(&readme, &text).expect("written");
        } else {
            assert_seen(&text[begin..end], &seen);
        }
    }
}
