//! The working day of a group: five people at five terminals, each in their own language. What they see is
//! `docs/transcripts/trabalho.md`: `UPDATE_DOCS=1 cargo test -p e2e trabalho` writes it anew.

use std::fmt::Write as _;

use e2e::Node;

use crate::people::{Person, assert_seen, capitalised};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/transcripts/trabalho.md");

#[test]
fn a_private_group_works_together_and_an_outsider_learns_nothing() {
    let node = Node::up();
    let alice = Person::register(&node, "alice", "en");
    let bob = Person::register(&node, "bob", "pt-BR");
    let carlos = Person::register(&node, "carlos", "pt-BR");
    let diana = Person::register(&node, "diana", "en");
    let eduardo = Person::register(&node, "eduardo", "pt-BR");

    gather(
        &alice,
        [(&bob, "alice convida você"), (&carlos, "alice convida você"), (&diana, "alice invites you")],
    );
    let group = [&alice, &bob, &carlos, &diana];
    alice.says("bom dia! o contrato está pronto", &group);
    bob.says("ótimo, vou ler ainda hoje", &group);
    carlos.says("também leio 👍", &group);
    diana.says("@alice obrigada!", &group);
    alice.types("/members");
    alice.sees("@diana");
    alice.is_asked("#trabalho>");

    outsider(&node, &eduardo);
    for person in group {
        assert!(!person.terminal.transcript().contains("eduardo"), "he left no trace");
    }
    document(&[&alice, &bob, &carlos, &diana, &eduardo]);
}

/// The group is made, and those invited come one after the other.
fn gather(alice: &Person, invited: [(&Person, &str); 3]) {
    alice.types("/create #trabalho private");
    alice.sees("created the private #trabalho");
    alice.is_asked("#trabalho>");
    let mut inside = vec![alice];
    for (person, invitation) in invited {
        alice.types(&format!("/invite {}", person.name));
        for member in &inside {
            member.sees(person.name);
        }
        person.sees(invitation);
        alice.sees(&format!("alice invited {}", person.name));
        alice.is_asked("#trabalho>");
        person.types("/accept");
        inside.push(person);
        for member in &inside {
            let name = person.name;
            member.terminal.wait_until(&format!("tells of {name}"), |screen| {
                screen.contains(&format!("{name} joined")) || screen.contains(&format!("{name} entrou"))
            });
        }
        person.is_asked("#trabalho>");
    }
}

/// Who was not invited can neither find the group, nor read, write, search or subscribe.
fn outsider(node: &Node, eduardo: &Person) {
    let no_such_channel = "esse canal não existe: crie-o, ou veja /channels";
    for (i, line) in ["/join #trabalho", "/open #trabalho", "/members #trabalho"].iter().enumerate() {
        eduardo.types(line);
        eduardo.terminal.wait_until("refuses", |screen| screen.matches(no_such_channel).count() == i + 1);
        eduardo.is_asked("papo>");
    }
    eduardo.types("/msg #trabalho oi");
    eduardo.sees("não enviada para #trabalho");
    eduardo.types("/channels");
    eduardo.sees("não há canais ainda");
    eduardo.is_asked("papo>");
    // What is followed are one's memberships: that there is none is known without asking.
    let scripts =
        [("history", "there is no channel #trabalho"), ("subscribe", "you are not a member of #trabalho")];
    for (command, sentence) in scripts {
        let refused = eduardo.script(node, &[command, "#trabalho"]);
        assert_eq!((refused.code, &*refused.output), (Some(1), ""), "{refused:?}");
        assert!(refused.log.contains(sentence), "{refused:?}");
    }
}

/// Writes what the people have seen, or compares it with what is written.
#[expect(clippy::disallowed_methods, reason = "a test that keeps a document")]
fn document(people: &[&Person]) {
    let mut text = String::from(
        "# A private group at work\n\n\
         Five people at five terminals, as `e2e/tests/trabalho.rs` seats them: Alice makes the private group `#trabalho` and\n\
         invites Bob, Carlos and Diana; Eduardo is not invited. Alice and Diana have papo in English, the others in\n\
         Portuguese. The test writes this page from the terminals' real output, and fails when it is not seen any more.\n",
    );
    for person in people {
        let seen = person.terminal.transcript();
        write!(text, "\n## {}\n\n```\n{seen}\n```\n", capitalised(person.name)).expect("a string");
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(DOCUMENT, &text).expect("written");
    }
    assert_seen(&std::fs::read_to_string(DOCUMENT).expect("the document"), &text);
}
