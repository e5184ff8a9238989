//! `papo chat --plain`: what a screen reader is given, byte by byte.

use e2e::{Node, Terminal, peers};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";

/// Asserts that lines only ever followed each other: no escape sequence, no backspace, no bell, and no carriage
/// return but the one that the terminal puts before a line's end.
fn assert_only_lines(written: &str) {
    let without_ends = written.replace("\r\n", "\n");
    let control = without_ends.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(control, None, "{written:?}");
}

#[test]
fn plain_lines_are_written_once_and_nothing_is_drawn_over() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    // Even when colours are asked for.
    let alice = Terminal::chat_with(node.server(), config.path(), "--plain --color always");
    alice.wait_for_written("you are not logged in");
    alice.enter("/register alice");
    alice.wait_for_written("choose a password: ");
    alice.enter(PASSWORD);
    alice.wait_for_written("repeat the password: ");
    alice.enter(PASSWORD);
    alice.wait_for_written("you are alice");
    alice.enter("/create #general");
    alice.wait_for_written("alice created #general");
    let [mut bob] = peers(&node, ["bob"]);
    bob.join("#general").expect("joined");
    bob.send("#general", &"a long text ".repeat(20)).expect("sent");
    alice.wait_for_written("a long text");
    alice.enter("olá, 日本語");
    alice.wait_for_written("alice: olá, 日本語");
    alice.enter("/jion #x");
    alice.wait_for_written("papo: there is no command /jion");
    bob.send("#general", "bye").expect("sent");
    alice.wait_for_written("bob: bye");

    let written = alice.written();
    assert_only_lines(&written);
    for once in ["you are alice", "alice created #general", "alice: olá, 日本語", "bob: bye"] {
        assert_eq!(written.matches(once).count(), 1, "{once} in {written:?}");
    }
    assert!(!written.contains(PASSWORD));
    alice.press("C-d");
    alice.wait_for_end();
}

/// Somebody mentions alice and writes to her alone, in a chat with these flags; what her terminal was given.
fn called_with(flags: &str) -> String {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    alice.create("#general").expect("made");
    bob.join("#general").expect("joined");
    let terminal = Terminal::chat_with(node.server(), config.path(), flags);
    terminal.wait_for_written("you are not logged in");
    if !flags.contains("--plain") {
        terminal.wait_for("papo>");
    }
    terminal.enter("/login alice");
    terminal.wait_for_written("password");
    terminal.enter(PASSWORD);
    terminal.wait_for_written("bob joined #general");
    for (to, text) in
        [("#general", "nobody is meant"), ("#general", "@alice: lunch?"), ("@alice", "only you")]
    {
        bob.send(to, text).expect("sent");
        // A name may be painted.
        terminal.wait_for_written(text.trim_start_matches("@alice"));
    }
    // A key that does nothing.
    terminal.press("Tab");
    terminal.enter("/quit");
    terminal.wait_for_end();
    terminal.written()
}

#[test]
fn the_bell_rings_only_when_it_was_asked_for() {
    for silent in ["", "--plain"] {
        assert_eq!(called_with(silent).matches('\x07').count(), 0, "{silent}");
    }
    let written = called_with("--plain --bell");
    assert_eq!(
        written.matches('\x07').count(),
        2,
        "for the mention and for what was said to her: {written:?}"
    );
    assert!(called_with("--bell").matches('\x07').count() >= 2);
}

/// The number before a choice in the list that was written last.
fn number(terminal: &Terminal, choice: &str) -> String {
    terminal.wait_for_written(choice);
    let written = terminal.written();
    let line = written.lines().rev().find(|line| line.ends_with(choice)).expect("the choice");
    line.split_whitespace().next().expect("a number").to_owned()
}

#[test]
fn the_menu_leads_by_numbers_in_the_language_of_the_person() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let [_bob] = peers(&node, ["bob"]);
    let alice = Terminal::chat_with(node.server(), config.path(), "--plain --lang pt-BR");
    alice.wait_for_written("você ainda não entrou");
    alice.enter("/menu");
    alice.enter(&number(&alice, "sua conta"));
    alice.enter(&number(&alice, "cria uma conta e entra nela; o papo pede a senha"));
    alice.wait_for_written("NOME? 0 volta");
    alice.enter("alice");
    alice.wait_for_written("escolha uma senha: ");
    alice.enter(PASSWORD);
    alice.wait_for_written("repita a senha: ");
    alice.enter(PASSWORD);
    alice.wait_for_written("menu: digite um número; Enter mostra as opções de novo");
    alice.enter("0");
    alice.enter(&number(&alice, "canais"));
    alice.enter(&number(&alice, "cria um canal e o abre"));
    alice.wait_for_written("#CANAL? 0 volta");
    alice.enter("#trabalho");
    alice.enter(&number(&alice, "private"));
    alice.wait_for_written("alice criou o canal privado #trabalho");
    alice.enter("");
    alice.enter(&number(&alice, "convida alguém para um canal"));
    alice.enter(&number(&alice, "@bob"));
    alice.wait_for_written("#CANAL? Enter pula; 0 volta");
    alice.enter("");
    alice.wait_for_written("alice convidou bob");
    alice.enter("0");
    alice.enter("0");
    alice.wait_for_written("você voltou à conversa");
    alice.enter("olá");
    alice.wait_for_written("alice: olá");
    assert_only_lines(&alice.written());
}
