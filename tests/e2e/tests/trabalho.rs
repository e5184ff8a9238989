//! Five users work in a private group named `#trabalho` (work), send files, and use English or Portuguese, at
//! five terminals. Their screens are `docs/transcripts/trabalho.md`, which `UPDATE_DOCS=1 cargo test -p e2e
//! trabalho` rewrites.

use std::fmt::Write as _;

use common::hex::to_hex;
use e2e::Node;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::sample_files::{pdf, png};
use crate::terminal_user::{TerminalUser, assert_matches_screen, capitalised};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/transcripts/trabalho.md");

#[test]
fn a_private_group_works_together_and_an_outsider_learns_nothing() {
    let node = Node::up();
    let alice = TerminalUser::register(&node, "alice", "en");
    let bob = TerminalUser::register(&node, "bob", "pt-BR");
    let carlos = TerminalUser::register(&node, "carlos", "pt-BR");
    let diana = TerminalUser::register(&node, "diana", "en");
    let eduardo = TerminalUser::register(&node, "eduardo", "pt-BR");

    invite_all(
        &alice,
        [(&bob, "alice convida você"), (&carlos, "alice convida você"), (&diana, "alice invites you")],
    );
    let group = [&alice, &bob, &carlos, &diana];
    alice.sends("bom dia! o contrato está pronto", &group);
    bob.sends("ótimo, vou ler ainda hoje", &group);
    carlos.sends("também leio 👍", &group);
    diana.sends("@alice obrigada!", &group);
    alice.types("/members");
    alice.sees("@diana");
    alice.sees_prompt("#trabalho>");

    bob.types("/search contrato");
    bob.terminal.wait_until("finds it", |screen| {
        screen.matches("alice: bom dia! o contrato está pronto").count() == 2
    });
    bob.sees_prompt("#trabalho>");

    files(&node, &alice, [&bob, &carlos, &diana]);
    assert_outsider_learns_nothing(&node, &eduardo);
    for user in group {
        assert!(!user.terminal.transcript().contains("eduardo"), "the group does not see eduardo");
    }
    document(&[&alice, &bob, &carlos, &diana, &eduardo]);
}

/// Alice creates the group and invites three users, who join one after the other.
fn invite_all(alice: &TerminalUser, invited: [(&TerminalUser, &str); 3]) {
    alice.types("/create #trabalho private");
    alice.sees("created the private channel #trabalho");
    alice.sees_prompt("#trabalho>");
    let mut members = vec![alice];
    for (user, invitation) in invited {
        alice.types(&format!("/invite {}", user.name));
        for member in &members {
            member.sees(user.name);
        }
        user.sees(invitation);
        alice.sees(&format!("alice invited {}", user.name));
        alice.sees_prompt("#trabalho>");
        user.types("/accept");
        members.push(user);
        for member in &members {
            let name = user.name;
            member.terminal.wait_until(&format!("shows the join of {name}"), |screen| {
                screen.contains(&format!("{name} joined")) || screen.contains(&format!("{name} entrou"))
            });
        }
        user.sees_prompt("#trabalho>");
    }
}

/// Alice sends a PDF to the group, and Carlos sends a picture to Diana only. Each file arrives unchanged,
/// under a name that contains its conversation and sender.
fn files(node: &Node, alice: &TerminalUser, [bob, carlos, diana]: [&TerminalUser; 3]) {
    let (contract, photo) = (pdf("Contrato de trabalho"), png());
    alice.write_file("contrato.pdf", &contract);
    alice.types("/send contrato.pdf");
    alice.sees("contrato.pdf was sent: #trabalho 12");
    alice.sees_prompt("#trabalho>");
    for (user, sent, here) in [
        (bob, "alice enviou contrato.pdf", "contrato.pdf foi salvo"),
        (carlos, "alice enviou contrato.pdf", "contrato.pdf foi salvo"),
        (diana, "alice sent contrato.pdf", "contrato.pdf was saved"),
    ] {
        user.sees(sent);
        user.types("/get");
        user.sees(&format!("{here}: papo_downloads/trabalho_alice_contrato.pdf"));
        user.sees_prompt("#trabalho>");
        assert_downloaded(node, user, "#trabalho", 12, "trabalho_alice_contrato.pdf", &contract);
    }

    carlos.write_file("foto.png", &photo);
    carlos.types("@diana");
    carlos.sees_prompt("@diana>");
    carlos.types("/send foto.png");
    carlos.sees("foto.png foi enviado: @diana 1");
    carlos.sees_prompt("@diana>");
    diana.sees("@carlos 1 carlos sent foto.png");
    diana.types("@carlos");
    diana.sees_prompt("@carlos>");
    diana.types("/get");
    diana.sees("foto.png was saved: papo_downloads/carlos_foto.png");
    diana.sees_prompt("@carlos>");
    assert_downloaded(node, diana, "@carlos", 1, "carlos_foto.png", &photo);
}

/// Asserts that the downloaded file equals the sent file, and that its event has the SHA-256 of the file.
fn assert_downloaded(node: &Node, user: &TerminalUser, conversation: &str, n: u64, name: &str, sent: &[u8]) {
    let downloaded = user.downloaded(name);
    assert!(downloaded == sent, "{} has a different {name}", user.name);
    let before = (n + 1).to_string();
    let history =
        user.run_script(node, &["history", conversation, "--json", "--before", &before, "--limit", "1"]);
    let event: Value = serde_json::from_str(&history.output).expect("an event");
    let sum = to_hex(&Sha256::digest(&downloaded));
    assert_eq!((&event["n"], &event["sha256"]), (&Value::from(n), &Value::from(sum)));
}

/// A user who was not invited can neither find the group, nor read, write, search or subscribe.
fn assert_outsider_learns_nothing(node: &Node, eduardo: &TerminalUser) {
    let no_such_channel = "o canal #trabalho não existe: crie-o, ou veja /channels";
    for (i, line) in ["/join #trabalho", "/open #trabalho", "/members #trabalho"].iter().enumerate() {
        eduardo.types(line);
        eduardo.terminal.wait_until("refuses", |screen| screen.matches(no_such_channel).count() == i + 1);
        eduardo.sees_prompt("papo>");
    }
    eduardo.types("/msg #trabalho oi");
    eduardo.sees("não enviada para #trabalho");
    let refused = eduardo.run_script(node, &["file", "get", "#trabalho", "12"]);
    assert_eq!((refused.code, &*refused.output), (Some(1), ""), "{refused:?}");
    eduardo.types("/search contrato");
    eduardo.sees("nenhuma mensagem encontrada");
    eduardo.types("/channels");
    eduardo.sees("ainda não há canais");
    eduardo.sees_prompt("papo>");
    // The client knows its memberships, so `subscribe` needs no request.
    let scripts =
        [("history", "there is no channel #trabalho"), ("subscribe", "you are not a member of #trabalho")];
    for (command, sentence) in scripts {
        let refused = eduardo.run_script(node, &[command, "#trabalho"]);
        assert_eq!((refused.code, &*refused.output), (Some(1), ""), "{refused:?}");
        assert!(refused.log.contains(sentence), "{refused:?}");
    }
}

/// Writes the transcripts, or compares them with the document.
#[expect(clippy::disallowed_methods, reason = "the test can rewrite a document")]
fn document(users: &[&TerminalUser]) {
    let mut text = String::from(
        "# A private group at work\n\n\
         Five people use papo at five terminals. Alice creates the private channel `#trabalho` and invites Bob, Carlos and Diana; Eduardo\n\
         is not invited. Alice sends a PDF to the channel, and Carlos sends a picture to Diana only. Alice and Diana use papo in\n\
         English, the others in Portuguese. `tests/e2e/tests/trabalho.rs` writes this page from the real output of the terminals,\n\
         and fails when the output no longer matches it.\n",
    );
    for user in users {
        let transcript = user.terminal.transcript();
        write!(text, "\n## {}\n\n```\n{transcript}\n```\n", capitalised(user.name)).expect("a string");
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(DOCUMENT, &text).expect("written");
    }
    assert_matches_screen(&std::fs::read_to_string(DOCUMENT).expect("the document"), &text);
}
