//! papo in the bench: a node in its own process, one user in one channel, and the requests of this user.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use common::rpc;
use serde_json::{Value, json};
use testkit::Rng;
use transport::invite::Invite;
use transport::keys::KeyPair;
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::{Context, Frame, Kind, Sent, Socket, clock};
use uuid::{Builder, Uuid};

use crate::frames::{Events, Lines, Requests, connected};
use crate::process::Process;
use crate::web::address;

/// Bytes of text per message.
pub(crate) const TEXT_BYTES: usize = 256;

pub(crate) const CHANNEL: &str = "#bench";

pub(crate) const USER: &str = "alice";

pub(crate) const PASSWORD: &str = "correct horse";

/// Maximum wait for a reply or a barrier during set-up.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// A rate limit that is never reached.
const LIMITLESS: &str = "1000000000";

/// Whether a node encrypts its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Plain text, like the competitors.
    Plain,
    /// CURVE, the default of a node.
    Curve,
}

pub(crate) struct Node {
    pub(crate) process: Process,
    pub(crate) clients: String,
    pub(crate) subscribers: String,
    /// The security of a client's sockets.
    pub(crate) security: Security,
    /// The address for WebSockets, if the node has a gateway.
    pub(crate) web: Option<SocketAddr>,
    /// The address for IRC clients, if the node has one.
    pub(crate) irc: Option<SocketAddr>,
    /// The time from the start of the process to its ready line.
    pub(crate) start: Duration,
}

impl Node {
    /// Starts a node in plain text and waits until it is ready.
    pub(crate) fn start(papo: &Path, data: &Path) -> Result<Self> {
        Self::start_with(papo, data, Encryption::Plain)
    }

    /// Starts a node with or without encryption, and waits until it is ready.
    pub(crate) fn start_with(papo: &Path, data: &Path, encryption: Encryption) -> Result<Self> {
        Self::start_up(papo, data, encryption, "--web=off", &[])
    }

    /// Starts a node of a cluster, with encryption. `flags` name the cluster and the node.
    pub(crate) fn start_in_cluster(papo: &Path, data: &Path, flags: &[String]) -> Result<Self> {
        Self::start_up(papo, data, Encryption::Curve, "--web=off", flags)
    }

    /// Starts a node with a gateway, in plain text.
    pub(crate) fn start_with_gateway(papo: &Path, data: &Path) -> Result<Self> {
        Self::start_up(papo, data, Encryption::Plain, "--web=127.0.0.1:0", &[])
    }

    /// Starts a node with an IRC front, in plain text.
    pub(crate) fn start_with_irc(papo: &Path, data: &Path) -> Result<Self> {
        let flags = ["--irc=127.0.0.1:0", "--irc-control=tcp://127.0.0.1:0"].map(str::to_owned);
        Self::start_up(papo, data, Encryption::Plain, "--web=off", &flags)
    }

    fn start_up(
        papo: &Path,
        data: &Path,
        encryption: Encryption,
        web: &str,
        flags: &[String],
    ) -> Result<Self> {
        let mut command = Command::new(papo);
        command.args([
            OsStr::new("up"),
            OsStr::new(web),
            OsStr::new("--metrics=off"),
            OsStr::new("--gateway-control=tcp://127.0.0.1:0"),
            OsStr::new("--data"),
            data.as_os_str(),
        ]);
        command.args(flags);
        for flag in ["--clients", "--subscribers", "--broker-control", "--proxy-control", "--server-control"]
        {
            command.args([flag, "tcp://127.0.0.1:0"]);
        }
        if encryption == Encryption::Plain {
            command.arg("--plaintext");
        }
        // The server still checks the limits. A papo without the other limits ignores these variables.
        command.env("PAPO_READS_PER_SECOND", LIMITLESS).env("PAPO_READS_BURST", LIMITLESS);
        command.env("PAPO_USER_LOG_BYTES_PER_DAY", u64::MAX.to_string());
        command.args(["--messages-per-second", LIMITLESS, "--messages-burst", LIMITLESS]);
        let node = Self::start_command(&mut command)?;
        let is_encrypted = matches!(node.security, Security::Client { .. });
        ensure!(
            is_encrypted == (encryption == Encryption::Curve),
            "the node uses {:?}, not {encryption:?}",
            node.security
        );
        Ok(node)
    }

    /// Starts a command whose ready line has `clients`, `subscribers`, and `invite` if it encrypts.
    pub(crate) fn start_command(command: &mut Command) -> Result<Self> {
        let started = clock::now();
        let (process, ready) = Process::start_until_ready(command)?;
        let start = clock::now().duration_since(started);
        let endpoint = |name: &str| ready.get(name).and_then(Value::as_str).map(str::to_owned);
        let (clients, subscribers) = endpoint("clients").zip(endpoint("subscribers")).context("endpoints")?;
        let security = security(ready.get("invite").and_then(Value::as_str))?;
        Ok(Self {
            process,
            clients,
            subscribers,
            security,
            web: address(&ready, "web"),
            irc: address(&ready, "irc"),
            start,
        })
    }
}

/// The security of a client. A node that prints no invite does not encrypt.
fn security(invite: Option<&str>) -> Result<Security> {
    let Some(invite) = invite else { return Ok(Security::Plain) };
    // The node of a cluster prints the invites of all nodes, which have the same key.
    let first = invite.split(',').next().unwrap_or_default();
    Ok(Security::Client { server: first.parse::<Invite>()?.key(), own: KeyPair::generate()? })
}

/// The path of the `papo` binary of the same build.
pub(crate) fn binary_next_to_bench() -> Result<PathBuf> {
    let papo = std::env::current_exe()?.with_file_name("papo");
    ensure!(papo.is_file(), "{} does not exist: build it first, as `make bench` does", papo.display());
    Ok(papo)
}

/// A session of the bench's user, who is a member of the channel.
pub(crate) struct Session {
    pub(crate) context: Context,
    clients: String,
    subscribers: String,
    security: Security,
    token: String,
    topic: String,
}

impl Session {
    /// Logs in. Creates the account and the channel if they do not exist.
    pub(crate) fn open(node: &Node) -> Result<Self> {
        let context = Context::new();
        let socket = connected(&context, Kind::Dealer, &node.clients, &node.security)?;
        let credentials = json!({ "user": USER, "password": PASSWORD });
        // Registration fails if the account exists.
        let _registered = ask(&socket, "auth.register", &credentials);
        let token = string(&ask(&socket, "auth.login", &credentials)?, "token")?;
        let params = json!({ "token": token, "channel": CHANNEL });
        let channel =
            ask(&socket, "channel.create", &params).or_else(|_| ask(&socket, "channel.join", &params))?;
        let (clients, subscribers) = (node.clients.clone(), node.subscribers.clone());
        let (security, topic) = (node.security.clone(), string(&channel, "topic")?);
        Ok(Self { context, clients, subscribers, security, token, topic })
    }

    /// A connection that sends messages to the channel.
    pub(crate) fn sender(&self, rng: &mut Rng, frame_lines_max: usize) -> Result<Requests<SendRequests>> {
        let lines = SendRequests::new(Some(&self.token), rng.clone());
        rng.next_u64();
        let socket = self.connected(Kind::Dealer, &self.clients)?;
        Ok(Requests::new(socket, lines, frame_lines_max))
    }

    /// The requests of a WebSocket that sends messages to the channel.
    pub(crate) fn web_requests(&self, rng: &mut Rng) -> SendRequests {
        SendRequests::new(None, Rng::new(rng.next_u64()))
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// A connection that reads random pages of the channel. `messages` is the number of messages in the
    /// channel.
    pub(crate) fn reader(&self, rng: &mut Rng, messages: u64) -> Result<Requests<PageRequests>> {
        let pages = PageRequests { token: self.token.clone(), rng: Rng::new(rng.next_u64()), messages };
        Ok(Requests::new(self.connected(Kind::Dealer, &self.clients)?, pages, 1))
    }

    /// A connection that receives all events of the channel.
    pub(crate) fn subscriber(&self) -> Result<Events> {
        let socket = self.connected(Kind::Subscriber, &self.subscribers)?;
        socket.subscribe(self.topic.as_bytes())?;
        let barrier = b"sync.bench.000102030405060708090a0b0c0d0e0f";
        socket.subscribe(barrier)?;
        receive(&socket)?;
        socket.unsubscribe(barrier)?;
        Ok(Events::new(socket))
    }

    fn connected(&self, kind: Kind, endpoint: &str) -> Result<Socket> {
        connected(&self.context, kind, endpoint, &self.security)
    }
}

/// Logs users in, one after the other. They have the password of the bench's user. Returns their tokens.
pub(crate) fn log_in(node: &Node, users: impl Iterator<Item = String>) -> Result<Vec<String>> {
    let context = Context::new();
    let socket = connected(&context, Kind::Dealer, &node.clients, &node.security)?;
    let token = |user| {
        let credentials = json!({ "user": user, "password": PASSWORD });
        string(&ask(&socket, "auth.login", &credentials)?, "token")
    };
    users.map(token).collect()
}

/// Sends one request and waits for the result.
fn ask(socket: &Socket, method: &str, params: &Value) -> Result<Value> {
    let mut line = Vec::new();
    rpc::encode_request(&mut line, "1", method, params);
    ensure!(socket.send([Frame::new(), Frame::from(line)])? == Sent::Done, "{method} could not be sent");
    let frames = receive(socket)?;
    let answer: Value = serde_json::from_slice(frames.last().context("an empty answer")?)?;
    match answer.get("result") {
        Some(result) => Ok(result.clone()),
        None => bail!("{method}: {answer}"),
    }
}

pub(crate) fn receive(socket: &Socket) -> Result<Vec<Frame>> {
    let (mut frames, deadline) = (Vec::new(), clock::now() + ANSWER_WAIT);
    while !socket.receive(&mut frames)? {
        let remaining = deadline.saturating_duration_since(clock::now());
        ensure!(!remaining.is_zero(), "the node does not answer");
        wait(&[Watch::Readable(socket)], Some(remaining))?;
    }
    Ok(frames)
}

fn string(result: &Value, field: &str) -> Result<String> {
    Ok(result.get(field).and_then(Value::as_str).with_context(|| format!("no {field}"))?.to_owned())
}

/// `message.send` requests with the same text and new ids.
pub(crate) struct SendRequests {
    before_id: String,
    text: String,
    rng: Rng,
}

impl SendRequests {
    /// `token` is the token in each request; a WebSocket has its own.
    fn new(token: Option<&str>, mut rng: Rng) -> Self {
        let token = token.map(|token| format!(r#""token":"{token}","#)).unwrap_or_default();
        let before_id = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"message.send","params":{{{token}"to":"{CHANNEL}","id":""#
        );
        Self { before_id, text: rng.letters(TEXT_BYTES), rng: Rng::new(rng.next_u64()) }
    }

    /// Sets the text of the next messages. It must not need JSON escapes.
    pub(crate) fn set_text(&mut self, text: &str) {
        text.clone_into(&mut self.text);
    }
}

pub(crate) fn message_id(rng: &mut Rng) -> Uuid {
    let mut bytes = [0; 10];
    let random = rng.next_u64().to_le_bytes().into_iter().chain(rng.next_u64().to_le_bytes());
    bytes.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
    Builder::from_unix_timestamp_millis(clock::unix_ms(), &bytes).into_uuid()
}

/// The start of a successful reply. All requests of the bench have the id 1, because replies arrive in order.
const SUCCESS: &[u8] = br#"{"jsonrpc":"2.0","id":1,"result":"#;

impl Lines for SendRequests {
    const ANSWER_START: &'static [u8] = SUCCESS;

    fn write(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.before_id.as_bytes());
        let mut digits = Uuid::encode_buffer();
        out.extend_from_slice(message_id(&mut self.rng).hyphenated().encode_lower(&mut digits).as_bytes());
        out.extend_from_slice(br#"","text":""#);
        out.extend_from_slice(self.text.as_bytes());
        out.extend_from_slice(b"\"}}\n");
    }
}

/// `message.history` requests for random pages of 50.
pub(crate) struct PageRequests {
    token: String,
    rng: Rng,
    messages: u64,
}

impl Lines for PageRequests {
    const ANSWER_START: &'static [u8] = SUCCESS;

    fn write(&mut self, out: &mut Vec<u8>) {
        let before = self.rng.between(51, self.messages.max(51));
        let params = json!({ "token": self.token, "conversation": CHANNEL, "before": before, "limit": 50 });
        // The id must be the number 1; `rpc::encode_request` would write a string.
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"message.history","params":{params}}}"#);
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
}
