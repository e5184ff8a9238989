//! WeeChat and irssi, as Debian has them: join, talk, history after a new connection, private messages, and
//! links to files, with a ZeroMQ client and a WebSocket on the other side.
#![expect(clippy::disallowed_methods, reason = "the tests write the configuration and the pipe of a client")]

use std::path::Path;
use std::process::{Child, Command, Stdio};

use e2e::{ChatSocket, DEADLINE, Node, PASSWORD, Peer, Terminal, Web, peers};
use serde_json::{Value, json};
use tempfile::TempDir;
use transport::clock;

use crate::web::links::send_file;
use crate::web::token;

/// WeeChat without a screen. Its commands arrive in a named pipe, and it writes each buffer to a log.
struct WeeChat {
    folder: TempDir,
    process: Child,
}

impl WeeChat {
    fn connect(node: &Node, user: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (host, port) = node.endpoint("irc").rsplit_once(':').expect("a port");
        let pipe = folder.path().join("pipe");
        let setup = [
            format!("/set fifo.file.path {}", pipe.display()),
            "/set logger.file.flush_delay 0".to_owned(),
            format!("/server add papo {host}/{port} -nossl"),
            format!("/set irc.server.papo.nicks {user}"),
            "/set irc.server.papo.sasl_mechanism plain".to_owned(),
            format!("/set irc.server.papo.sasl_username {user}"),
            format!("/set irc.server.papo.sasl_password {PASSWORD}"),
            "/connect papo".to_owned(),
        ];
        let process = Command::new("weechat-headless")
            .args(["--stdout", "--dir"])
            .arg(folder.path().join("weechat"))
            .args(["--run-command", &setup.join(";")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("weechat-headless: scripts/install-needs test installs it");
        let client = Self { folder, process };
        client.wait_for_log("server.papo", "Welcome to papo");
        client
    }

    /// Types a line in a buffer, such as `papo.#ops`.
    fn enter(&self, buffer: &str, line: &str) {
        std::fs::write(self.folder.path().join("pipe"), format!("irc.{buffer} *{line}\n")).expect("written");
    }

    fn log(&self, buffer: &str) -> String {
        let path = self.folder.path().join(format!("weechat/logs/irc.{buffer}.weechatlog"));
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// Waits until the log of a buffer contains a text.
    fn wait_for_log(&self, buffer: &str, text: &str) {
        let started = clock::now();
        while !self.log(buffer).contains(text) {
            assert!(started.elapsed() < DEADLINE, "{text:?} is not in {buffer}: {}", self.log(buffer));
            std::thread::yield_now();
        }
    }
}

impl Drop for WeeChat {
    fn drop(&mut self) {
        let _ended = (self.process.kill(), self.process.wait());
    }
}

/// A node with the channel `#ops` of bob.
fn with_channel() -> (Node, [Peer; 2]) {
    let node = Node::with_irc(&[("web", "127.0.0.1:0"), ("gateway-control", "tcp://127.0.0.1:0")]);
    let [alice, mut bob] = peers(&node, ["alice", "bob"]);
    bob.create("#ops").expect("created");
    (node, [alice, bob])
}

/// A WebSocket of a user, as the page has it, that receives the events of `#ops`.
fn page(node: &Node, user: &Peer) -> ChatSocket {
    let mut socket = node.web().chat(&token(user));
    let heads = socket.call("sync.heads", json!({})).expect("heads");
    let topics = heads["heads"].as_array().expect("heads").iter().map(|head| head["topic"].clone());
    let topics: Vec<_> = topics.filter(Value::is_string).collect();
    socket.call("gateway.subscribe", json!({ "topics": topics })).expect("subscribed");
    socket
}

fn say(socket: &mut ChatSocket, text: &str) {
    let params = json!({ "to": "#ops", "id": uuid::Uuid::now_v7(), "text": text });
    socket.call("message.send", params).expect("sent");
}

/// Waits for the next message of a user, which must have this text.
fn assert_receives(socket: &mut ChatSocket, from: &str, text: &str) {
    loop {
        let event = socket.next_event();
        if event["kind"] == "message" && event["from"] == from {
            return assert_eq!(event["text"], text);
        }
    }
}

/// The file of the link that follows `mark` in a text.
fn linked(web: &Web, text: &str, mark: &str) -> Vec<u8> {
    let rest = text.split(mark).nth(1).unwrap_or_else(|| panic!("{mark:?} in {text}"));
    let path = rest.split_whitespace().next().and_then(|url| url.strip_prefix(web.address()));
    web.request("GET", path.unwrap_or_else(|| panic!("{text}")), &[], b"").body
}

fn wait_for_text(peer: &mut Peer, conversation: &str, text: &str) {
    let started = clock::now();
    while !peer.texts(conversation).iter().any(|known| known == text) {
        assert!(started.elapsed() < DEADLINE, "{text:?} is not in {conversation}");
    }
}

#[test]
fn weechat_talks_with_a_zeromq_client_and_is_in_its_channels_again() {
    let (node, [_alice, mut bob]) = with_channel();
    let client = WeeChat::connect(&node, "alice");
    client.enter("server.papo", "/join #ops");
    client.wait_for_log("papo.#ops", "has joined #ops");
    client.enter("papo.#ops", "olá do WeeChat");
    wait_for_text(&mut bob, "#ops", "olá do WeeChat");
    bob.send("#ops", "olá do ZeroMQ").expect("sent");
    client.wait_for_log("papo.#ops", "olá do ZeroMQ");
    let mut page = page(&node, &bob);
    say(&mut page, "olá da página");
    client.wait_for_log("papo.#ops", "olá da página");
    client.enter("papo.#ops", "oi, página");
    assert_receives(&mut page, "alice", "oi, página");
    send_file(&node.web(), &bob, "plano.txt", b"tudo");
    let mark = "plano.txt (4 B) http://";
    client.wait_for_log("papo.#ops", mark);
    assert_eq!(linked(&node.web(), &client.log("papo.#ops"), mark), b"tudo");
    client.enter("server.papo", "/query bob só para você");
    wait_for_text(&mut bob, "@alice", "só para você");
    bob.send("@alice", "recebido").expect("sent");
    client.wait_for_log("papo.bob", "recebido");
    drop(client);
    bob.send("#ops", "enquanto você dormia").expect("sent");
    let client = WeeChat::connect(&node, "alice");
    client.wait_for_log("papo.#ops", "has joined #ops");
    client.enter("server.papo", "/quote CHATHISTORY LATEST #ops * 1");
    client.wait_for_log("papo.#ops", "enquanto você dormia");
}

#[test]
fn irssi_talks_with_a_zeromq_client_and_is_in_its_channels_again() {
    let (node, [_alice, mut bob]) = with_channel();
    let folder = tempfile::tempdir().expect("a folder");
    let terminal = irssi(&node, folder.path());
    terminal.enter("/join #ops");
    terminal.wait_for("Irssi: Join to #ops was synced");
    terminal.enter("olá do irssi");
    wait_for_text(&mut bob, "#ops", "olá do irssi");
    bob.send("#ops", "olá do ZeroMQ").expect("sent");
    terminal.wait_for("olá do ZeroMQ");
    let mut page = page(&node, &bob);
    say(&mut page, "olá da página");
    terminal.wait_for("olá da página");
    terminal.enter("oi, página");
    assert_receives(&mut page, "alice", "oi, página");
    send_file(&node.web(), &bob, "plano.txt", b"tudo");
    terminal.wait_for("plano.txt (4 B)");
    // The link is longer than a line of the terminal.
    terminal.wait_for(&format!("http://{}/f/", node.web().address()));
    terminal.enter("/msg bob só para você");
    wait_for_text(&mut bob, "@alice", "só para você");
    terminal.enter("/quit");
    terminal.wait_for_end();
    let terminal = irssi(&node, folder.path());
    // The window of the channel is the second one.
    terminal.wait_for("Act: 2");
    terminal.enter("/window 2");
    bob.send("#ops", "bem-vinda de volta").expect("sent");
    terminal.wait_for("bem-vinda de volta");
    terminal.enter("/quit");
    terminal.wait_for_end();
}

fn irssi(node: &Node, folder: &Path) -> Terminal {
    let (host, port) = node.endpoint("irc").rsplit_once(':').expect("a port");
    let config = format!(
        "servers = ( {{ address = \"{host}\"; port = \"{port}\"; chatnet = \"papo\"; autoconnect = \"yes\"; }} );\n\
         chatnets = {{ papo = {{ type = \"IRC\"; nick = \"alice\"; sasl_mechanism = \"PLAIN\"; sasl_username = \"alice\"; \
         sasl_password = \"{PASSWORD}\"; }}; }};\n"
    );
    std::fs::write(folder.join("config"), config).expect("written");
    let command = format!("exec env LC_ALL=C.UTF-8 irssi --home={}", folder.display());
    let terminal = Terminal::in_folder(folder, &command);
    terminal.wait_for("papo: no acknowledged message is ever lost.");
    terminal
}
