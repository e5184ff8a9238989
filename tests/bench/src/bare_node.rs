//! A node without logic, as a baseline: the real broker, an echo instead of the server, and a PUB socket
//! instead of the proxy. It runs in its own process (`bench bare-node`).

use std::io::Write as _;
use std::thread;

use anyhow::{Result, bail};
use broker::{Broker, Config};
use serde_json::json;
use transport::poll::{Watch, wait};
use transport::security::{NodeSecurity, Security};
use transport::shutdown::Shutdown;
use transport::{Context, Frame, Kind, Socket, open_files};

/// A request with this prefix is also published, with the request as its topic. A subscriber that receives it
/// knows that the subscription is in force.
pub(crate) const PUBLISHED: &[u8] = b"sync.";

/// Prints a ready line with the endpoints, and echoes requests until the process is killed.
pub(crate) fn run() -> Result<()> {
    open_files::raise_limit();
    let context = Context::new();
    let anywhere = || "tcp://127.0.0.1:0".to_owned();
    let config = Config { clients: anywhere(), servers: "inproc://servers".to_owned(), control: anywhere() };
    let broker = Broker::bind(&context, &config, &NodeSecurity::Plain)?;
    let events = context.socket(Kind::Publisher, &Security::Plain)?;
    let subscribers = events.bind(&anywhere())?;
    let server = context.socket(Kind::Router, &Security::Plain)?;
    server.connect("inproc://servers")?;
    let ready = json!({ "clients": broker.endpoints().clients, "subscribers": subscribers });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{ready}")?;
    out.flush()?;
    let echoing = thread::spawn(move || echo(&server, &events));
    broker.run(&Shutdown::new())?;
    match echoing.join() {
        Ok(result) => result,
        Err(_) => bail!("the echo panicked"),
    }
}

fn echo(server: &Socket, events: &Socket) -> Result<()> {
    let mut frames = Vec::new();
    loop {
        wait(&[Watch::Readable(server)], None)?;
        while server.receive(&mut frames)? {
            if let Some(body) = frames.last().filter(|body| body.starts_with(PUBLISHED)) {
                let _dropped_without_subscribers = events.send([Frame::from(&**body), Frame::new()])?;
            }
            let _undelivered_if_client_left = server.send(frames.drain(..))?;
        }
    }
}
