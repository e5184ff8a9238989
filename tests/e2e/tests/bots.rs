//! A bot in Python: it registers a slash command, and answers it.

use std::path::Path;
use std::process::Command;

use e2e::{Node, Process, Terminal};
use serde_json::{Value, json};
use transport::clock;

use crate::commands::Shell;

/// Starts the bot of `clients/python/examples/echo.py`, and waits until it is ready.
fn start(node: &Node, token: &str) -> Process {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = tests.join("../../clients/python");
    let mut program = Command::new(tests.join("interop/run"));
    program.env("PAPO_SERVER", node.server()).env("PAPO_TOKEN", token);
    program.env("PAPO_INTEROP_PROGRAM", library.join("examples/echo.py")).env("PYTHONPATH", library);
    let process = Process::start(program);
    assert_eq!(process.read_line(), "ready");
    process
}

/// Waits until `#ops` has these texts.
fn wait_for_texts(shell: &Shell<'_>, expected: &[&str]) {
    let deadline = clock::now() + e2e::DEADLINE;
    loop {
        let texts = shell.texts(&["history", "#ops", "--json"]);
        if texts == expected {
            return;
        }
        assert!(clock::now() < deadline, "{texts:?}");
    }
}

#[test]
fn a_bot_in_python_answers_each_command_once_also_those_from_before_its_start() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "#ops"]);
    let token = alice.run_ok(&["bot", "create", "echo.bot", "--in", "#ops"]);
    let bot = start(&node, token.trim());
    alice.run_ok(&["send", "#ops", "/echo olá"]);
    wait_for_texts(&alice, &["/echo olá", "olá"]);
    let history = alice.run_ok(&["history", "#ops", "--json"]);
    let events: Vec<Value> =
        history.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let [.., command, answer] = events.as_slice() else { panic!("{history}") };
    assert_eq!(command["command"], json!({ "bot": "echo.bot", "name": "echo" }));
    assert_eq!((&answer["from"], &answer["reply"]), (&json!("echo.bot"), &command["n"]));
    bot.kill();
    alice.run_ok(&["send", "#ops", "/echo two"]);
    alice.run_ok(&["send", "#ops", "no command"]);
    let bot = start(&node, token.trim());
    let expected = ["/echo olá", "olá", "/echo two", "no command", "two"];
    wait_for_texts(&alice, &expected);
    bot.kill();
    let bot = start(&node, token.trim());
    alice.run_ok(&["send", "#ops", "/echo three"]);
    wait_for_texts(&alice, &[&expected[..], &["/echo three", "three"]].concat());
    bot.kill();
}

#[test]
fn the_chat_lists_completes_and_sends_the_commands_of_bots() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "#ops"]);
    let token = alice.run_ok(&["bot", "create", "deploy", "--in", "#ops"]);
    let command = json!({ "name": "deploy", "description": "Deploy a service.", "usage": "SERVICE" });
    let params = json!({ "token": token.trim(), "commands": [command] });
    node.peer().call("command.register", params).expect("registered");
    let config = alice.into_config();
    let chat = Terminal::chat_with(node.server(), config.path(), "'#ops'");
    chat.wait_for("#ops>");
    chat.enter("/help deploy");
    chat.wait_for("/deploy SERVICE");
    chat.wait_for("Deploy a service. (@deploy)");
    chat.type_text("/depl");
    chat.press("Tab");
    chat.enter("api");
    chat.wait_for("deploy is not present: it gets the command when it is back");
    chat.enter("/deplog api");
    chat.wait_for("there is no command /deplog");
    chat.close();
    let alice = Shell::in_folder(&node, config);
    assert_eq!(alice.texts(&["history", "#ops", "--json"]), ["/deploy api"]);
}
