//! Tests of `papo chat --plain`: the exact output for a screen reader.

use e2e::{Node, Terminal, peers};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";

/// Asserts that the output has no control characters except line ends: no escape sequences, backspaces or
/// bells.
fn assert_only_lines(output: &str) {
    let without_ends = output.replace("\r\n", "\n");
    let control = without_ends.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(control, None, "{output:?}");
}

#[test]
fn plain_mode_writes_each_line_once_without_escape_sequences() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    // --plain overrides --color.
    let alice = Terminal::chat_with(node.server(), config.path(), "--plain --color always");
    alice.wait_for_output("you are not logged in");
    alice.enter("/register alice");
    alice.wait_for_output("choose a password: ");
    alice.enter(PASSWORD);
    alice.wait_for_output("repeat the password: ");
    alice.enter(PASSWORD);
    alice.wait_for_output("you are alice");
    alice.enter("/create #general");
    alice.wait_for_output("alice created #general");
    let [mut bob] = peers(&node, ["bob"]);
    bob.join("#general").expect("joined");
    bob.send("#general", &"a long text ".repeat(20)).expect("sent");
    alice.wait_for_output("a long text");
    alice.enter("olá, 日本語");
    alice.wait_for_output("alice: olá, 日本語");
    alice.enter("/jion #x");
    alice.wait_for_output("papo: there is no command /jion");
    bob.send("#general", "bye").expect("sent");
    alice.wait_for_output("bob: bye");

    let output = alice.output();
    assert_only_lines(&output);
    for once in ["you are alice", "alice created #general", "alice: olá, 日本語", "bob: bye"] {
        assert_eq!(output.matches(once).count(), 1, "{once} in {output:?}");
    }
    assert!(!output.contains(PASSWORD));
    alice.press("C-d");
    alice.wait_for_end();
}

/// The output of alice's chat with these flags while bob mentions her and sends her a direct message.
fn chat_output(flags: &str) -> String {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    alice.create("#general").expect("made");
    bob.join("#general").expect("joined");
    let terminal = Terminal::chat_with(node.server(), config.path(), flags);
    terminal.wait_for_output("you are not logged in");
    if !flags.contains("--plain") {
        terminal.wait_for("papo>");
    }
    terminal.enter("/login alice");
    terminal.wait_for_output("password");
    terminal.enter(PASSWORD);
    terminal.wait_for_output("bob joined #general");
    for (to, text) in
        [("#general", "nobody is meant"), ("#general", "@alice: lunch?"), ("@alice", "only you")]
    {
        bob.send(to, text).expect("sent");
        // The colour of a mention splits the text.
        terminal.wait_for_output(text.trim_start_matches("@alice"));
    }
    // Tab has no effect in plain mode.
    terminal.press("Tab");
    terminal.enter("/quit");
    terminal.wait_for_end();
    terminal.output()
}

#[test]
fn the_bell_rings_only_with_its_flag() {
    for silent in ["", "--plain"] {
        assert_eq!(chat_output(silent).matches('\x07').count(), 0, "{silent}");
    }
    let output = chat_output("--plain --bell");
    assert_eq!(output.matches('\x07').count(), 2, "for the mention and for the direct message: {output:?}");
    assert!(chat_output("--bell").matches('\x07').count() >= 2);
}

/// The number of a choice in the last printed menu.
fn number(terminal: &Terminal, choice: &str) -> String {
    terminal.wait_for_output(choice);
    let output = terminal.output();
    let line = output.lines().rev().find(|line| line.ends_with(choice)).expect("the choice");
    line.split_whitespace().next().expect("a number").to_owned()
}

#[test]
fn the_menu_works_by_numbers_in_the_language_of_the_user() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let [_bob] = peers(&node, ["bob"]);
    let alice = Terminal::chat_with(node.server(), config.path(), "--plain --lang pt-BR");
    alice.wait_for_output("você ainda não entrou");
    alice.enter("/menu");
    alice.enter(&number(&alice, "sua conta"));
    alice.enter(&number(&alice, "cria uma conta e entra nela; o papo pede a senha"));
    alice.wait_for_output("NOME? 0 volta");
    alice.enter("alice");
    alice.wait_for_output("escolha uma senha: ");
    alice.enter(PASSWORD);
    alice.wait_for_output("repita a senha: ");
    alice.enter(PASSWORD);
    alice.wait_for_output("menu: digite um número; Enter mostra as opções de novo");
    alice.enter("0");
    alice.wait_until_output("the menu again", |output| output.matches("encerrar o papo").count() == 2);
    alice.enter(&number(&alice, "canais"));
    alice.enter(&number(&alice, "cria um canal e o abre"));
    alice.wait_for_output("#CANAL? 0 volta");
    alice.enter("#trabalho");
    alice.enter(&number(&alice, "private"));
    alice.wait_for_output("alice criou o canal privado #trabalho");
    alice.enter("");
    alice.enter(&number(&alice, "convida alguém para um canal"));
    alice.enter(&number(&alice, "@bob"));
    alice.wait_for_output("#CANAL? Enter pula; 0 volta");
    alice.enter("");
    alice.wait_for_output("alice convidou bob");
    alice.enter("0");
    alice.enter("0");
    alice.wait_for_output("você voltou à conversa");
    alice.enter("olá");
    alice.wait_for_output("alice: olá");
    assert_only_lines(&alice.output());
}
