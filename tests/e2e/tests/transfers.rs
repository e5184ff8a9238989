//! Tests of files that are sent and downloaded in the chat. The chat stays usable during a transfer.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use e2e::{Node, peers};

use crate::terminal_user::TerminalUser;

const MIB: usize = 1024 * 1024;

/// The number of bytes that a closed gate forwards: more than a chat sends, and fewer than a file has.
const FORWARDED_BYTES_MAX: usize = MIB;

/// A TCP relay that stalls file transfers until it is opened.
struct Gate {
    endpoint: String,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    is_open: bool,
    forwarded: usize,
}

impl Gate {
    fn to(address: &str) -> Self {
        // Listen at the host of the server, because a client expects the events there.
        let (host, _) = address.rsplit_once(':').expect("a host");
        let listener = TcpListener::bind(format!("{host}:0")).expect("a free port");
        let endpoint = format!("tcp://{}", listener.local_addr().expect("an address"));
        let state = Arc::<(Mutex<State>, Condvar)>::default();
        let (shared, address) = (Arc::clone(&state), address.to_owned());
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(&address).expect("the node");
                let twice = |end: &TcpStream| end.try_clone().expect("a second handle");
                for (from, to) in [(twice(&near), twice(&far)), (far, near)] {
                    let state = Arc::clone(&shared);
                    thread::spawn(move || forward(from, to, &state));
                }
            }
        });
        Self { endpoint, state }
    }

    fn open(&self) {
        self.state.0.lock().expect("the state").is_open = true;
        self.state.1.notify_all();
    }

    fn forwarded(&self) -> usize {
        self.state.0.lock().expect("the state").forwarded
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, state: &(Mutex<State>, Condvar)) {
    let (mut chunk, mut own) = (vec![0; 64 * 1024], 0);
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        own += count;
        let mut shared = state.0.lock().expect("the state");
        while own > FORWARDED_BYTES_MAX && !shared.is_open {
            shared = state.1.wait(shared).expect("the state");
        }
        shared.forwarded += count;
        drop(shared);
        if to.write_all(&chunk[..count]).is_err() {
            break;
        }
    }
    let _ignore_closed = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// A file content without repetition.
fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| ((at * at) >> 7) as u8 ^ (at >> 16) as u8).collect()
}

/// The last row of the screen that is not blank.
fn last_row(screen: &str) -> &str {
    screen.trim_end().lines().last().unwrap_or_default()
}

#[test]
fn an_upload_shows_its_progress_while_the_chat_continues() {
    let node = Node::plaintext();
    let gate = Gate::to(node.address("clients"));
    let alice = TerminalUser::register_at(&gate.endpoint, "alice", "en", "--plaintext");
    alice.types("/create #general");
    alice.sees_prompt("#general>");
    let [mut bob] = peers(&node, ["bob"]);
    bob.join("#general").expect("joined");

    let (large, small) = (content(8 * MIB), content(1000));
    alice.write_file("large.bin", &large);
    alice.write_file("small.bin", &small);
    alice.types("/send large.bin");
    alice.sees("sending large.bin to #general");
    alice.terminal.wait_until("shows the bar beneath the prompt", |screen| {
        let bar = last_row(screen);
        bar.starts_with("large.bin ") && bar.contains(" KiB/8.00 MiB ") && screen.contains("\n#general>")
    });
    // The prompt stays usable: alice sends, receives, and starts another transfer.
    alice.types("this is said meanwhile");
    alice.sees("alice: this is said meanwhile");
    bob.send("#general", "and answered").expect("sent");
    alice.sees("bob: and answered");
    alice.types("/send small.bin");
    alice.sees("small.bin is queued after 1 other file");
    assert!(last_row(&alice.terminal.screen()).starts_with("large.bin "), "{}", alice.terminal.screen());
    assert!(!alice.terminal.screen().contains("is sent"), "{}", alice.terminal.screen());

    gate.open();
    alice.sees("large.bin was sent: #general 5");
    alice.sees("small.bin was sent: #general 6");
    alice.sees("#general 6 alice sent small.bin");
    alice.sees_prompt("#general>");

    // The download does not replace an existing file.
    for name in ["general_alice_large.bin", "general_alice_large (2).bin"] {
        alice.types("/get 5");
        alice.sees(&format!("large.bin was saved: papo_downloads/{name}"));
        assert!(alice.downloaded(name) == large, "the content differs");
    }
}

#[test]
fn an_unfinished_upload_is_reported_at_quit_and_continued_later() {
    let node = Node::plaintext();
    let gate = Gate::to(node.address("clients"));
    let mut alice = TerminalUser::register_at(&gate.endpoint, "alice", "en", "--plaintext");
    alice.types("/create #general");
    alice.sees_prompt("#general>");
    let large = content(4 * MIB);
    alice.write_file("large.bin", &large);
    alice.types("/send large.bin");
    alice.terminal.wait_until("has sent a part", |screen| last_row(screen).contains(" KiB/4.00 MiB "));
    alice.terminal.wait_until("has sent a part", |screen| !last_row(screen).contains(" 0 B/"));
    alice.types("/quit");
    alice.terminal.wait_for_output("large.bin is not sent yet: in #general, /send large.bin continues");

    gate.open();
    alice.reopen_chat(&gate.endpoint, "--plaintext");
    alice.sees_prompt("#general>");
    let before = gate.forwarded();
    alice.types("/send large.bin");
    alice.sees("large.bin was sent: #general 2");
    let forwarded = gate.forwarded() - before;
    assert!(forwarded < 4 * MIB, "the upload started from the beginning: {forwarded} bytes");
    alice.types("/get");
    alice.sees("papo_downloads/general_alice_large.bin");
    assert!(alice.downloaded("general_alice_large.bin") == large, "the content differs");
}

#[test]
fn files_are_exchanged_in_the_chat_and_refusals_are_explained() {
    let node = Node::up();
    let alice = TerminalUser::register(&node, "alice", "en");
    let bruna = TerminalUser::register(&node, "bruna", "pt-BR");
    alice.write_file("plan.pdf", b"a plan");
    alice.types("@bruna");
    alice.sees_prompt("@bruna>");
    for (line, refusal) in [
        ("/send", "usage: /send PATH: "),
        ("/send /nowhere/at/all", "cannot read /nowhere/at/all: "),
        ("/send /dev", "/dev is not a file"),
        ("/get", "no recent event of @bruna is a file"),
        ("/get x", "give a number: /get 17"),
    ] {
        alice.types(line);
        alice.sees(refusal);
    }
    alice.terminal.type_text("/send pla");
    alice.terminal.press("Tab");
    alice.sees("/send plan.pdf");
    alice.terminal.press("Enter");
    alice.sees("plan.pdf was sent: @bruna 1");
    bruna.types("@alice");
    bruna.sees_prompt("@alice>");
    for name in ["alice_plan.pdf", "alice_plan (2).pdf"] {
        bruna.types("/get");
        bruna.sees("baixando plan.pdf de @alice 1");
        bruna.sees(&format!("plan.pdf foi salvo: papo_downloads/{name}"));
        assert_eq!(bruna.downloaded(name), b"a plan");
    }
    bruna.types("não é arquivo");
    bruna.sees("@alice 2 bruna: não é arquivo");
    bruna.types("/get 2");
    bruna.sees("@alice 2 não é um arquivo");
    // A refusal by the server appears in the language of the user.
    alice.types("/create #trabalho private");
    alice.sees_prompt("#trabalho>");
    alice.types("/send \"plan.pdf\"");
    alice.sees("plan.pdf was sent: #trabalho 2");
    bruna.types("/msg #trabalho oi");
    bruna.sees("não enviada para #trabalho");
}

#[test]
fn plain_mode_reports_transfers_and_piped_commands_run_in_order() {
    let node = Node::plaintext();
    let mut alice = TerminalUser::register_at(node.server(), "alice", "en", "--plaintext");
    alice.types("/create #general");
    alice.sees_prompt("#general>");
    alice.types("/quit");
    alice.reopen_chat(node.server(), "--plaintext --plain");
    alice.terminal.wait_for_output("#general 1 alice created #general");
    alice.write_file("large.bin", &content(4 * MIB));
    alice.types("/send large.bin");
    alice.terminal.wait_for_output("large.bin was sent: #general 2");
    let output = alice.terminal.output();
    for step in [25, 50, 75] {
        assert_eq!(output.matches(&format!("large.bin: {step} % done")).count(), 1, "{output}");
    }
    assert!(!output.contains('\u{1b}'), "{output:?}");

    // /get downloads the file that the previous line has sent.
    alice.write_file("other.bin", &content(3 * MIB));
    let done = alice.run_piped(&node, "#general\n/send other.bin\n/get\nall done\n", "papo_downloads");
    assert_eq!(done.code, Some(0), "{}", done.log);
    assert!(done.output.contains("papo_downloads/general_alice_other.bin"), "{}", done.output);
    assert!(alice.downloaded("general_alice_other.bin") == content(3 * MIB));
    let no_file = alice.run_piped(&node, "#general\n/get 1\n", "papo_downloads");
    assert_eq!(no_file.code, Some(1), "{}", no_file.log);
    assert!(no_file.log.contains("#general 1 is not a file"), "{}", no_file.log);
    let no_folder = alice.run_piped(&node, "#general\n/get 2\n", "other.bin");
    assert_eq!(no_folder.code, Some(1), "{}", no_folder.log);
    assert!(
        no_folder.log.contains("papo: large.bin was not downloaded: cannot create "),
        "{}",
        no_folder.log
    );
}
