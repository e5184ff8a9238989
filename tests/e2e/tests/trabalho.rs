//! A working day of a group: five people at five terminals, each in their own language. Their screens are
//! `docs/transcripts/trabalho.md`, which `UPDATE_DOCS=1 cargo test -p e2e trabalho` rewrites.

use std::fmt::Write as _;

use common::hex::to_hex;
use e2e::Node;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::papers::{pdf, png};
use crate::people::{Person, assert_seen, capitalised};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/transcripts/trabalho.md");

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

    bob.types("/search contrato");
    bob.terminal.wait_until("finds it", |screen| {
        screen.matches("alice: bom dia! o contrato está pronto").count() == 2
    });
    bob.is_asked("#trabalho>");

    files(&node, &alice, [&bob, &carlos, &diana]);
    outsider(&node, &eduardo);
    for person in group {
        assert!(!person.terminal.transcript().contains("eduardo"), "he left no trace");
    }
    document(&[&alice, &bob, &carlos, &diana, &eduardo]);
}

/// Alice creates the group and invites three people, who join one after the other.
fn gather(alice: &Person, invited: [(&Person, &str); 3]) {
    alice.types("/create #trabalho private");
    alice.sees("created the private channel #trabalho");
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

/// Alice sends a PDF to the group, Carlos a picture to Diana only. Each arrives unchanged, under a name that
/// says from where.
fn files(node: &Node, alice: &Person, [bob, carlos, diana]: [&Person; 3]) {
    let (contract, photo) = (pdf("Contrato de trabalho"), png());
    alice.has_file("contrato.pdf", &contract);
    alice.types("/send contrato.pdf");
    alice.sees("contrato.pdf was sent: #trabalho 12");
    alice.is_asked("#trabalho>");
    for (person, sent, here) in [
        (bob, "alice enviou contrato.pdf", "contrato.pdf foi salvo"),
        (carlos, "alice enviou contrato.pdf", "contrato.pdf foi salvo"),
        (diana, "alice sent contrato.pdf", "contrato.pdf was saved"),
    ] {
        person.sees(sent);
        person.types("/get");
        person.sees(&format!("{here}: papo_downloads/trabalho_alice_contrato.pdf"));
        person.is_asked("#trabalho>");
        arrived(node, person, "#trabalho", 12, "trabalho_alice_contrato.pdf", &contract);
    }

    carlos.has_file("foto.png", &photo);
    carlos.types("@diana");
    carlos.is_asked("@diana>");
    carlos.types("/send foto.png");
    carlos.sees("foto.png foi enviado: @diana 1");
    carlos.is_asked("@diana>");
    diana.sees("@carlos 1 carlos sent foto.png");
    diana.types("@carlos");
    diana.is_asked("@carlos>");
    diana.types("/get");
    diana.sees("foto.png was saved: papo_downloads/carlos_foto.png");
    diana.is_asked("@carlos>");
    arrived(node, diana, "@carlos", 1, "carlos_foto.png", &photo);
}

/// Asserts that the downloaded file is the one that was sent, and that its event has its SHA-256.
fn arrived(node: &Node, person: &Person, conversation: &str, n: u64, name: &str, sent: &[u8]) {
    let fetched = person.fetched(name);
    assert!(fetched == sent, "{} has another {name}", person.name);
    let before = (n + 1).to_string();
    let history =
        person.script(node, &["history", conversation, "--json", "--before", &before, "--limit", "1"]);
    let event: Value = serde_json::from_str(&history.output).expect("an event");
    let sum = to_hex(&Sha256::digest(&fetched));
    assert_eq!((&event["n"], &event["sha256"]), (&Value::from(n), &Value::from(sum)));
}

/// A user who was not invited can neither find the group, nor read, write, search or subscribe.
fn outsider(node: &Node, eduardo: &Person) {
    let no_such_channel = "o canal #trabalho não existe: crie-o, ou veja /channels";
    for (i, line) in ["/join #trabalho", "/open #trabalho", "/members #trabalho"].iter().enumerate() {
        eduardo.types(line);
        eduardo.terminal.wait_until("refuses", |screen| screen.matches(no_such_channel).count() == i + 1);
        eduardo.is_asked("papo>");
    }
    eduardo.types("/msg #trabalho oi");
    eduardo.sees("não enviada para #trabalho");
    let refused = eduardo.script(node, &["file", "get", "#trabalho", "12"]);
    assert_eq!((refused.code, &*refused.output), (Some(1), ""), "{refused:?}");
    eduardo.types("/search contrato");
    eduardo.sees("nenhuma mensagem encontrada");
    eduardo.types("/channels");
    eduardo.sees("ainda não há canais");
    eduardo.is_asked("papo>");
    // `subscribe` checks the memberships, which the client knows without a request.
    let scripts =
        [("history", "there is no channel #trabalho"), ("subscribe", "you are not a member of #trabalho")];
    for (command, sentence) in scripts {
        let refused = eduardo.script(node, &[command, "#trabalho"]);
        assert_eq!((refused.code, &*refused.output), (Some(1), ""), "{refused:?}");
        assert!(refused.log.contains(sentence), "{refused:?}");
    }
}

/// Writes the transcripts, or compares them with the document.
#[expect(clippy::disallowed_methods, reason = "a test that keeps a document")]
fn document(people: &[&Person]) {
    let mut text = String::from(
        "# A private group at work\n\n\
         Five people at five terminals. Alice creates the private channel `#trabalho` and invites Bob, Carlos and Diana; Eduardo\n\
         is not invited. Alice sends a PDF to the channel, and Carlos sends a picture to Diana only. Alice and Diana use papo in\n\
         English, the others in Portuguese. `tests/e2e/tests/trabalho.rs` writes this page from the real output of the terminals,\n\
         and fails when the output no longer matches it.\n",
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
