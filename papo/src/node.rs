//! `papo up`: broker, proxy, server, gateway and IRC front as threads of one process, linked by `inproc://`.

use std::path::Path;
use std::thread;

use anyhow::{Context as _, anyhow};
use broker::Broker;
use clap::Args;
use gateway::{Gateway, IrcDoor};
use irc::{Door, Irc};
use proxy::Proxy;
use serde_json::json;
use server::Server;
use tracing::info;
use transport::Context;
use transport::security::{NodeSecurity, stays_on_this_machine};
use transport::shutdown::Shutdown;

use crate::backup::NodeBackupArgs;
use crate::cluster_node::UpClusterArgs;
use crate::irc_front::UpIrcArgs;
use crate::registration::{RegistrationArgs, announce_first_code};
use crate::roles::{AuthArgs, DataArgs, LimitArgs, ready, start};
use crate::security::{HostArgs, SecurityArgs, outer_endpoint};
use crate::start_error::with_flag;
use crate::web::{Endpoints, WebArgs, page_address};

#[derive(Args)]
pub(crate) struct Up {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    security: SecurityArgs,
    #[command(flatten)]
    host: HostArgs,
    /// Listen for requests of clients at this endpoint [default: tcp://*:5555, or with --plaintext
    /// tcp://127.0.0.1:5555]
    #[arg(long, env = "PAPO_CLIENTS")]
    clients: Option<String>,
    /// Listen for subscribers at this endpoint [default: tcp://*:5558, or with --plaintext
    /// tcp://127.0.0.1:5558]
    #[arg(long, env = "PAPO_SUBSCRIBERS")]
    subscribers: Option<String>,
    /// Answer `papo health` for the broker at this endpoint
    #[arg(long, env = "PAPO_BROKER_CONTROL", default_value = "tcp://127.0.0.1:5559")]
    broker_control: String,
    /// Answer `papo health` for the proxy at this endpoint
    #[arg(long, env = "PAPO_PROXY_CONTROL", default_value = "tcp://127.0.0.1:5560")]
    proxy_control: String,
    /// Answer `papo health` for the server at this endpoint
    #[arg(long, env = "PAPO_SERVER_CONTROL", default_value = "tcp://127.0.0.1:5561")]
    server_control: String,
    /// Answer `papo health` for the gateway at this endpoint
    #[arg(long, env = "PAPO_GATEWAY_CONTROL", default_value = "tcp://127.0.0.1:5562")]
    gateway_control: String,
    #[command(flatten)]
    web: WebArgs,
    #[command(flatten)]
    irc: UpIrcArgs,
    #[command(flatten)]
    backups: NodeBackupArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    auth: AuthArgs,
    #[command(flatten)]
    registration: RegistrationArgs,
    #[command(flatten)]
    cluster: UpClusterArgs,
}

impl Up {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let shutdown = start()?;
        let (context, security) = (Context::new(), self.security.load(&self.data.data)?);
        let keys = self.security.keys(&self.data.data);
        let clients = outer_endpoint(self.clients, 5555, &security);
        let config = broker::Config { clients, servers: SERVERS.to_owned(), control: self.broker_control };
        let broker = Broker::bind(&context, &config, &security).map_err(|error| {
            with_flag(error, &[("--clients", &config.clients), ("--broker-control", &config.control)])
        })?;
        let events = "inproc://events".to_owned();
        let subscribers = outer_endpoint(self.subscribers, 5558, &security);
        let config = proxy::Config { events, subscribers, control: self.proxy_control };
        let proxy = Proxy::bind(&context, &config, &security).map_err(|error| {
            with_flag(error, &[("--subscribers", &config.subscribers), ("--proxy-control", &config.control)])
        })?;
        let (clients, subscribers) =
            (broker.endpoints().clients.clone(), proxy.endpoints().subscribers.clone());
        let is_local = [&clients, &subscribers].into_iter().all(|endpoint| stays_on_this_machine(endpoint));
        let cluster = self.cluster.config(self.host.host(), &clients)?;
        let config = server::Config {
            broker: broker.endpoints().servers.clone(),
            proxy: proxy.endpoints().events.clone(),
            advertise: advertised(&subscribers),
            control: self.server_control,
            data: self.data.data,
            limits: self.limits.users(),
            files: self.limits.files(),
            auth_secret: self.auth.secret()?,
            registration: self.registration.mode(is_local),
            backups: self.backups.config(),
            cluster,
        };
        let mut server = Server::open(&context, &config, &security)
            .map_err(|error| with_flag(error, &[("--server-control", &config.control)]))?;
        let statuses = [&broker.endpoints().control, &proxy.endpoints().control, server.control()];
        let (door, arrivals) = Door::new();
        let door = self.irc.is_on().then(|| IrcDoor::new(move |stream, address| door.open(stream, address)));
        let gateway = match self.web.is_on() {
            true => Some(open_gateway(
                &context,
                (self.web, (&config.data, &keys), door),
                self.gateway_control,
                statuses.map(str::to_owned).to_vec(),
                &security,
            )?),
            false => None,
        };
        server.set_web_origin(gateway.as_ref().and_then(Gateway::origin));
        let irc = self.irc.open(&context, INNER, (gateway.as_ref(), arrivals), &security)?;
        if gateway.is_some() || irc.is_some() {
            broker.bind_gateway(GATEWAY_REQUESTS)?;
            proxy.bind_gateway(GATEWAY_EVENTS)?;
        }
        let invite = self.host.announce(&security, &clients, &server.cluster_clients())?;
        let join_code = server.first_join_code();
        let page = gateway.as_ref().and_then(Gateway::web).map(|web| page_address(web, join_code));
        if let Some(page) = &page {
            info!("open papo in a browser: {page}");
        }
        announce_first_code(join_code);
        ready(&json!({
            "ready": "up", "clients": clients, "subscribers": subscribers, "invite": invite,
            "join_code": join_code, "page": page,
            "broker_control": broker.endpoints().control, "proxy_control": proxy.endpoints().control,
            "server_control": server.control(), "link": server.link(), "gateway_control": gateway.as_ref().map(Gateway::control),
            "web": gateway.as_ref().and_then(Gateway::web),
            "metrics": gateway.as_ref().and_then(Gateway::metrics),
            "irc": irc.as_ref().and_then(Irc::address), "irc_control": irc.as_ref().map(Irc::control),
        }))?;
        info!(%clients, data = %config.data.display(), "papo is up: run `papo chat` in another terminal");
        run_all(&shutdown, broker, proxy, server, (gateway, irc))
    }
}

/// The endpoint within the process at which the server reaches the broker.
const SERVERS: &str = "inproc://servers";

/// The endpoints within the process at which gateway and IRC front reach broker and proxy.
const GATEWAY_REQUESTS: &str = "inproc://gateway-requests";
const GATEWAY_EVENTS: &str = "inproc://gateway-events";
const INNER: [&str; 2] = [GATEWAY_REQUESTS, GATEWAY_EVENTS];

fn open_gateway(
    context: &Context,
    (web, (data, keys), irc): (WebArgs, (&Path, &Path), Option<IrcDoor>),
    control: String,
    statuses: Vec<String>,
    security: &NodeSecurity,
) -> anyhow::Result<Gateway> {
    let (broker, proxy) = (GATEWAY_REQUESTS.to_owned(), GATEWAY_EVENTS.to_owned());
    let config = web.config(Endpoints { broker, proxy, control, statuses }, keys)?;
    let config = gateway::Config { irc, scratch_folder: data.to_owned(), ..config };
    Gateway::bind(context, &config, security)
        .map_err(|error| with_flag(error, &[("--gateway-control", &config.control)]))
}

/// The endpoint at which clients subscribe. The host `*` means the host of the broker, because the same
/// process listens at both ports.
fn advertised(subscribers: &str) -> String {
    match subscribers.strip_prefix("tcp://").and_then(|address| address.rsplit_once(':')) {
        Some((_, port)) => format!("tcp://*:{port}"),
        None => subscribers.to_owned(),
    }
}

/// Runs the roles until the shutdown, or until a role ends: a node needs all roles. The server ends first,
/// because broker and proxy must send its last replies and events.
fn run_all(
    shutdown: &Shutdown,
    broker: Broker,
    proxy: Proxy,
    server: Server,
    (gateway, irc): (Option<Gateway>, Option<Irc>),
) -> anyhow::Result<()> {
    let forwarders_shutdown = Shutdown::new();
    let then_shut_down = |result: anyhow::Result<()>| {
        shutdown.request();
        result
    };
    thread::scope(|scope| {
        let role = |name: &str| thread::Builder::new().name(format!("papo-{name}"));
        let broker = role("broker")
            .spawn_scoped(scope, || then_shut_down(broker.run(&forwarders_shutdown).map_err(Into::into)));
        let proxy = role("proxy")
            .spawn_scoped(scope, || then_shut_down(proxy.run(&forwarders_shutdown).map_err(Into::into)));
        let gateway = gateway.map(|gateway| {
            let run = || then_shut_down(gateway.run(shutdown).map_err(Into::into));
            role("gateway").spawn_scoped(scope, run)
        });
        let irc = irc.map(|irc| {
            role("irc").spawn_scoped(scope, || then_shut_down(irc.run(shutdown).map_err(Into::into)))
        });
        let server = then_shut_down(server.run(shutdown).map_err(Into::into));
        forwarders_shutdown.request();
        let joined = |handle: std::io::Result<thread::ScopedJoinHandle<'_, anyhow::Result<()>>>| {
            handle.context("cannot start a thread")?.join().map_err(|_| anyhow!("a role panicked"))?
        };
        let optional = [gateway, irc].into_iter().flatten().map(joined);
        server.and(joined(broker)).and(joined(proxy)).and(optional.collect())
    })
}

#[cfg(test)]
mod tests {
    use super::advertised;

    #[test]
    fn clients_subscribe_at_the_host_of_the_broker() {
        assert_eq!(advertised("tcp://127.0.0.1:5558"), "tcp://*:5558");
        assert_eq!(advertised("tcp://[::1]:4000"), "tcp://*:4000");
        assert_eq!(advertised("ipc:///run/papo/events"), "ipc:///run/papo/events");
    }
}
