//! Tests of `papo chat` in real terminals.

use e2e::{Node, PASSWORD, Process, Terminal, peers};
use serde_json::json;
use tempfile::TempDir;

fn register(node: &Node, config: &TempDir, name: &str) -> Terminal {
    Terminal::registered(node.server(), config.path(), name)
}

#[test]
fn two_users_chat_in_a_channel_and_directly() {
    let node = Node::up();
    let configs = [TempDir::new().expect("a folder"), TempDir::new().expect("a folder")];
    let [alice, joao] =
        [("alice", &configs[0]), ("João", &configs[1])].map(|(name, config)| register(&node, config, name));
    joao.wait_for("you are joão");
    alice.enter("/create #general");
    alice.wait_for("#general>");
    joao.enter("/join #general");
    alice.wait_for("joão joined #general");
    alice.enter("olá João 🙂");
    joao.wait_for("alice: olá João 🙂");
    joao.enter("oi! 日本語, é ção");
    alice.wait_for("joão: oi! 日本語, é ção");
    alice.enter("/msg @joão só para você");
    joao.wait_for("alice: só para você");
    joao.enter("/msg @alice recebi 🎉");
    alice.wait_for("joão: recebi 🎉");
    alice.enter("/history");
    alice.wait_until("shows the history", |screen| screen.matches("alice: olá João 🙂").count() == 2);

    // A message that arrives while a user types appears above the input line, which stays unchanged.
    alice.type_text("half a sen");
    joao.enter("an interruption");
    alice.wait_for("joão: an interruption");
    alice.wait_until("keeps the line", |screen| screen.trim_end().ends_with("#general (1)> half a sen"));
    alice.type_text("tence");
    alice.press("Enter");
    joao.wait_for("alice: half a sentence");
    assert!(!node.log("up").contains(PASSWORD));
}

#[test]
fn tab_ctrl_c_and_ctrl_d_work_as_in_a_shell() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let alice = register(&node, &config, "alice");
    alice.enter("/create #general");
    alice.wait_for("#general>");
    alice.type_text("/hist");
    alice.press("Tab");
    alice.wait_for("/history");
    alice.press("C-c");
    alice.wait_until("has an empty prompt", |screen| screen.trim_end().ends_with("#general>"));
    alice.type_text("/leave #gen");
    alice.press("Tab");
    alice.wait_for("/leave #general");
    alice.press("C-c");
    // Wait for the prompt. Before it, the chat does not read the terminal, and Ctrl-D would be lost.
    alice.wait_until("has an empty prompt", |screen| screen.trim_end().ends_with("#general>"));
    alice.press("C-d");
    alice.wait_for_end();

    // The session is stored: the next chat needs no login.
    let again = Terminal::chat(node.server(), config.path());
    again.wait_for("#general>");
    again.enter("/quit");
    again.wait_for_end();
}

#[test]
fn the_chat_uses_the_language_of_the_user() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let joao = Terminal::chat_with(node.server(), config.path(), "--lang pt-BR");
    joao.wait_for("você ainda não entrou: /login NOME ou /register NOME");
    joao.enter("/register joão");
    joao.wait_for("escolha uma senha:");
    joao.enter(PASSWORD);
    joao.wait_for("repita a senha:");
    joao.enter(PASSWORD);
    joao.wait_for("você é joão");
    joao.enter("/create #geral");
    joao.wait_for("joão criou #geral");
    let [mut alice] = peers(&node, ["alice"]);
    alice.join("#geral").expect("joined");
    alice.send("#geral", "hello").expect("sent");
    joao.wait_for("alice entrou em #geral");
    joao.wait_for("alice: hello");
    joao.enter("/kick bob");
    joao.wait_for("papo: bob não está em #geral: veja /members");
    joao.enter("/kick");
    joao.wait_for("papo: uso: /kick USUÁRIO [#CANAL]: ");
    joao.enter("/login");
    joao.wait_for("papo: uso: /login NOME: ");
    joao.enter("/xyz");
    joao.wait_for("papo: o comando /xyz não existe: /help lista os comandos");
}

#[test]
fn escape_sequences_never_reach_a_terminal() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let alice = register(&node, &config, "alice");
    alice.enter("/create #general");
    alice.wait_for("#general>");
    let [mut eve] = peers(&node, ["eve"]);
    eve.join("#general").expect("joined");
    eve.send("#general", "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}gone").expect("sent");
    alice.wait_for("gone");
    let screen = alice.screen();
    assert!(screen.contains("eve joined #general"), "the screen was not cleared:\n{screen}");
    assert!(
        screen.contains("[2J"),
        "the sequence is shown as text:
{screen}"
    );

    // Scripts escape the sequences in JSON, which keeps the value.
    let config = config.path().to_str().expect("UTF-8");
    let common = ["#general", "--json", "--server", node.server(), "--config", config];
    eve.send("#general", "\u{9b}31m\u{202e}txt.exe").expect("sent");
    let history = Process::run([&["history"][..], &common].concat());
    let last = history.output.lines().last().expect("an event");
    assert!(last.contains(r#""text":"\u009b31m\u202etxt.exe""#), "{last}");
    assert!(!history.output.contains(['\u{9b}', '\u{202e}', '\u{1b}']), "{}", history.output);
    let event: serde_json::Value = serde_json::from_str(last).expect("json");
    assert_eq!(event["text"], "\u{9b}31m\u{202e}txt.exe");
}

#[test]
fn the_prompt_counts_unread_messages_and_keeps_wide_characters_intact() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let [mut bob] = peers(&node, ["bob"]);
    let alice = register(&node, &config, "alice");
    alice.enter("/create #日本語");
    alice.wait_for("alice created #日本語");
    alice.wait_until("shows the prompt", |screen| screen.trim_end().ends_with("#日本語>"));
    bob.send("@alice", "one").expect("sent");
    bob.send("@alice", "two").expect("sent");
    alice.wait_for("bob: two");
    // The prompt was drawn without an unread count.
    alice.wait_until("counts", |screen| screen.trim_end().ends_with("#日本語>  (2)"));
    alice.press("Enter");
    alice.wait_until("counts", |screen| screen.trim_end().ends_with("#日本語 (2)>"));
    // Output above the input line does not change the line. A wide character has two columns, a combining
    // mark has none.
    alice.type_text("e\u{301} 你好");
    bob.join("#日本語").expect("joined");
    bob.send("#日本語", "three").expect("sent");
    alice.wait_for("bob: three");
    alice.wait_until("keeps the line", |screen| screen.trim_end().ends_with("#日本語 (2)> e\u{301} 你好"));
    alice.press("Enter");
    alice.wait_for("alice: e\u{301} 你好");
    alice.enter("@bob");
    alice.wait_until("has read", |screen| screen.trim_end().ends_with("@bob>"));
}

#[test]
fn the_unread_count_in_the_prompt_updates_without_input() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let [mut bob] = peers(&node, ["bob"]);
    bob.create("#gone").expect("made");
    let alice = register(&node, &config, "alice");
    alice.enter("/join #gone");
    alice.wait_for("#gone>");
    alice.enter("/create #u");
    alice.wait_for("#u>");
    for text in ["one", "two", "three"] {
        bob.send("#gone", text).expect("sent");
    }
    alice.wait_until("counts", |screen| screen.trim_end().ends_with("#u>  (3)"));
    alice.press("Enter");
    alice.wait_until("counts", |screen| screen.trim_end().ends_with("#u (3)>"));
    bob.send("#gone", "four").expect("sent");
    alice.wait_until("updates the count", |screen| screen.trim_end().ends_with("#u (4)>"));
    alice.type_text("half a sen");
    bob.call("channel.kick", json!({"channel": "#gone", "user": "alice"})).expect("removed");
    alice.wait_for("bob removed you from #gone");
    alice.wait_until("shows no count", |screen| screen.trim_end().ends_with("\n    #u> half a sen"));
    alice.press("Enter");
    alice.wait_for("alice: half a sen");
    alice.wait_until("shows no count", |screen| screen.trim_end().ends_with("\n#u>"));
}

#[test]
fn status_reports_the_connection_before_the_login() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::chat(node.server(), config.path());
    alice.wait_for("papo>");
    alice.wait_until("is connected", |screen| {
        alice.enter("/status");
        screen.contains("connected to tcp://")
    });
    let (key, _) = node.server().split_once('@').expect("an invite");
    let lost = Terminal::chat(&format!("{key}@127.0.0.1:9"), config.path());
    lost.wait_for("the server does not answer");
    lost.enter("/status");
    lost.wait_for("offline: tcp://127.0.0.1:9 does not answer");
    lost.enter("#general");
    lost.wait_for("log in first");
}

#[test]
fn an_earlier_refusal_does_not_fail_the_chat_at_quit() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let alice = register(&node, &config, "alice");
    alice.enter("/msg #nowhere oi");
    alice.wait_for("not sent to #nowhere");
    alice.enter("/create #general");
    alice.wait_for("#general>");
    alice.enter("/quit");
    alice.wait_for_end();
    let output = alice.output();
    assert!(!output.contains("papo: "), "{output}");
}

#[test]
fn no_new_size_of_the_terminal_loses_a_line() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let alice = register(&node, &config, "alice");
    alice.enter("/create #general");
    alice.wait_for("#general>");
    for number in 1..=6 {
        alice.enter(&format!("message {number}"));
        alice.wait_for(&format!("alice: message {number}"));
    }
    let typed = "0123456789".repeat(14);
    alice.type_text(&typed);
    alice.wait_until("shows the line", |screen| screen.lines().collect::<String>().contains(&typed));
    // At each size, a key shows that the program has drawn the line.
    let mut line = typed;
    let sizes = [
        (120, 30),
        (60, 30),
        (200, 30),
        (45, 24),
        (90, 24),
        (170, 40),
        (150, 40),
        (40, 40),
        (250, 20),
        (80, 50),
        (149, 30),
        (30, 45),
    ];
    for (columns, rows) in sizes {
        // tmux reports the new size a moment after it has wrapped the lines again.
        let before = alice.output().len();
        alice.resize(columns, rows);
        alice.wait_until_output("the line again", |output| {
            output.len() > before && output.ends_with("\u{1b}[?2026l")
        });
        alice.type_text("x");
        line.push('x');
        let is_drawn = |screen: &str| screen.lines().collect::<String>().ends_with(&line);
        alice.wait_until(&format!("is drawn at {columns}x{rows}"), is_drawn);
        let transcript = alice.transcript();
        for number in 1..=6 {
            let message = format!("alice: message {number}");
            assert_eq!(transcript.matches(&message).count(), 1, "{columns}x{rows}, {message}:\n{transcript}");
        }
    }
    alice.press("Enter");
    alice.wait_until("shows the message", |screen| screen.trim_end().ends_with("#general>"));
}

#[test]
fn a_message_has_several_lines_and_its_marks_are_styles() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let alice = register(&node, &config, "alice");
    alice.enter("/create general");
    alice.wait_for("#general>");
    alice.paste("first line\nsecond line");
    alice.press("Enter");
    alice.wait_for("#general 2 alice: first line");
    alice.type_text("three");
    alice.press("M-Enter");
    alice.enter("four **bold** `code`");
    alice.wait_for("#general 3 alice: three");
    let [mut peer] = peers(&node, ["bob"]);
    peer.join("#general").expect("a member");
    let texts: Vec<_> = peer
        .history("#general")
        .iter()
        .filter_map(|event| {
            if let common::Body::Message { text, .. } = &event.body {
                Some(text.as_str().to_owned())
            } else {
                None
            }
        })
        .collect();
    assert_eq!(texts, ["first line\nsecond line", "three\nfour **bold** `code`"]);
    alice.wait_for_output("four \u{1b}[1mbold\u{1b}[0m \u{1b}[36mcode\u{1b}[0m");
}

#[test]
fn a_path_is_a_message_and_a_mistyped_command_stays_reachable() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let alice = register(&node, &config, "alice");
    alice.enter("/craete #general");
    alice.wait_for("there is no command /craete: did you mean /create?");
    alice.wait_until("shows the prompt", |screen| screen.trim_end().ends_with("papo>"));
    alice.press("Up");
    alice.wait_until("shows the line again", |screen| screen.trim_end().ends_with("papo> /craete #general"));
    alice.press("C-c");
    alice.enter("/create general");
    alice.wait_for("#general>");
    alice.enter("/usr/bin/ls -l");
    alice.wait_for("#general 2 alice: /usr/bin/ls -l");
    alice.enter("/help msg");
    alice.wait_for("/msg #CHANNEL|@USER TEXT");
    alice.enter("/quit");
    alice.wait_for_end();
    let saved = std::fs::read_dir(config.path())
        .expect("a folder")
        .filter_map(|entry| std::fs::read_to_string(entry.expect("a file").path()).ok());
    assert!(
        saved.map(|text| text.matches("/craete").count()).sum::<usize>() == 0,
        "it may contain a password"
    );
}

#[test]
fn a_mention_is_a_notification_of_the_desktop() {
    let node = Node::up();
    let [mut bob] = peers(&node, ["bob"]);
    let config = TempDir::new().expect("a folder");
    drop(register(&node, &config, "alice"));
    let alice = Terminal::chat_with(node.server(), config.path(), "--notify");
    alice.wait_for("papo>");
    bob.send("@alice", "oi; tudo bem?").expect("stored");
    alice.wait_for_output(
        "\u{1b}]9;@bob bob: oi, tudo bem?\u{1b}\\\u{1b}]777;notify;@bob;bob: oi, tudo bem?\u{1b}\\",
    );
}

#[test]
fn a_muted_conversation_neither_rings_nor_counts() {
    let node = Node::up();
    let [mut bob] = peers(&node, ["bob"]);
    bob.create("#general").expect("a channel");
    let config = TempDir::new().expect("a folder");
    drop(register(&node, &config, "alice"));
    let alice = Terminal::chat_with(node.server(), config.path(), "--bell");
    alice.wait_for("papo>");
    alice.enter("/join general");
    alice.wait_for("#general>");
    alice.enter("/mute @bob");
    alice.wait_for("notifications of @bob: none");
    bob.send("@alice", "are you there?").expect("stored");
    alice.wait_for("bob: are you there?");
    alice.enter("/notify");
    alice.wait_for("notifications of all conversations: at most all");
    alice.wait_until("a prompt that counts no unread message", |screen| {
        screen.trim_end().ends_with("#general>")
    });
    assert_eq!(alice.output().matches('\u{7}').count(), 0);
    alice.enter("/notify all @bob");
    alice.wait_for("notifications of @bob: all");
    bob.send("@alice", "and now?").expect("stored");
    alice.wait_for_output("\u{7}");
    alice.wait_for("(2)");
}
