//! The memory of the gateway for each idle WebSocket, with and without TLS, and its processor time.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::super::Setup;
use crate::figures::{Figure, Results};
use crate::papo::{Encryption, Node};
use crate::web::sessions::{add_users, log_in, token_of};
use crate::web::socket::WebSocket;
use crate::web::{CONNECTIONS_PER_USER, Gateway, connect_as};

const CONNECTIONS: usize = 5_000;

/// The channels of the team. Each connection subscribes to [`CHANNELS_EACH`] of them.
const CHANNELS: usize = 50;
const CHANNELS_EACH: usize = 8;

/// Idle time before the memory is read. The gateway returns freed memory to the system every 2 seconds.
const IDLE_TIME: Duration = Duration::from_secs(12);

/// The time in which the processor time is measured: the gateway pings each connection twice.
const PROCESSOR_TIME: Duration = Duration::from_secs(50);

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

pub(in super::super) fn run(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    let data = folder.path().join("data");
    add_users(setup, &data, CONNECTIONS + 1)?;
    let node = Node::start_with(&setup.papo, &data, Encryption::Curve)?;
    let tokens = log_in(&node, CONNECTIONS + 1)?;
    let plain = Gateway::start(&setup.papo, &node, &data, &[])?;
    let open_plain = |number| {
        let stream: Box<dyn Stream> = Box::new(connect_as(number, plain.address)?);
        open(stream, number, plain.address, &tokens)
    };
    let (bytes, sockets) = bytes_per_connection(&plain, open_plain)?;
    results.add(Figure::WebIdlePlain, bytes);
    results.add(Figure::WebIdleProcessor, plain.process.microseconds_per_second(PROCESSOR_TIME)?);
    all_answer(sockets)?;
    drop(plain);
    let tls = Tls::create(&setup.papo, folder.path())?;
    let gateway = Gateway::start(&setup.papo, &node, &data, &tls.flags())?;
    let open_tls = |number| {
        let stream: Box<dyn Stream> = Box::new(tls.connect(number, gateway.address)?);
        open(stream, number, gateway.address, &tokens)
    };
    let (bytes, sockets) = bytes_per_connection(&gateway, open_tls)?;
    results.add(Figure::WebIdleTls, bytes);
    all_answer(sockets)?;
    Ok(())
}

type IdleSocket = WebSocket<Box<dyn Stream>>;

/// The growth of the resident memory for each connection, and the connections.
fn bytes_per_connection(
    gateway: &Gateway,
    open: impl Fn(usize) -> Result<IdleSocket>,
) -> Result<(f64, Vec<IdleSocket>)> {
    // The first connection allocates shared buffers, which must not count.
    let mut sockets = vec![open(CONNECTIONS)?];
    sockets.iter_mut().try_for_each(WebSocket::wait_for_reply)?;
    thread::sleep(IDLE_TIME);
    let before = gateway.process.resident_kib()?;
    for number in 0..CONNECTIONS {
        sockets.push(open(number).with_context(|| format!("connection {number}"))?);
    }
    // The gateway collects subscriptions for some milliseconds, so the replies are read at the end.
    sockets.iter_mut().skip(1).try_for_each(WebSocket::wait_for_reply)?;
    thread::sleep(IDLE_TIME);
    let grown_kib = gateway.process.resident_kib()?.saturating_sub(before);
    Ok((grown_kib as f64 * 1024.0 / CONNECTIONS as f64, sockets))
}

/// Checks that the gateway has closed no connection.
fn all_answer(mut sockets: Vec<IdleSocket>) -> Result<()> {
    sockets.iter_mut().try_for_each(WebSocket::ping).context("an idle connection was closed")
}

/// Opens a connection with 10 topics.
fn open(stream: Box<dyn Stream>, number: usize, host: SocketAddr, tokens: &[String]) -> Result<IdleSocket> {
    let mut socket = WebSocket::open(stream, host, token_of(tokens, number))?;
    socket.subscribe(&topics(number))?;
    Ok(socket)
}

/// The topics of a connection: those of its user, of all users' presence, and of some channels. The fan-out
/// accepts every key.
fn topics(number: usize) -> Vec<String> {
    let key = |number: usize| format!("{number:032x}");
    let user = number / CONNECTIONS_PER_USER;
    let own = [format!("user.user-{user}.{}", key(user)), format!("presence.all.{}", key(0))];
    let channels = (0..CHANNELS_EACH).map(|each| {
        let channel = (user * CHANNELS_EACH + each) % CHANNELS;
        format!("channel.channel-{channel}.{}", key(channel))
    });
    own.into_iter().chain(channels).collect()
}

/// A certificate of a local authority, and the client that trusts it.
struct Tls {
    certificate: String,
    key: String,
    client: Arc<ClientConfig>,
}

impl Tls {
    fn create(papo: &Path, folder: &Path) -> Result<Self> {
        let folder = folder.join("tls");
        let mut command = Command::new(papo);
        let created = command.args(["web-ca", "127.0.0.1", "--folder"]).arg(&folder).output()?;
        ensure!(created.status.success(), "papo web-ca: {}", created.stderr.escape_ascii());
        let file = |name| folder.join(name).into_os_string().into_string().ok().context("a path in UTF-8");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(folder.join("ca.pem"))?)?;
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { certificate: file("web.pem")?, key: file("web.key")?, client: Arc::new(client) })
    }

    fn flags(&self) -> [&str; 6] {
        ["--web-tls", "files", "--web-cert", &self.certificate, "--web-key", &self.key]
    }

    fn connect(&self, number: usize, to: SocketAddr) -> Result<impl Stream + use<>> {
        let name = ServerName::IpAddress(Ipv4Addr::LOCALHOST.into());
        let connection = ClientConnection::new(Arc::clone(&self.client), name)?;
        Ok(StreamOwned::new(connection, connect_as(number, to)?))
    }
}
