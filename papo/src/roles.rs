//! `papo broker`, `papo proxy`, `papo server`: each runs one role in its own process.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use broker::Broker;
use clap::Args;
use proxy::Proxy;
use serde_json::{Value, json};
use server::Server;
use server::services::files::FileLimits;
use server::services::limiters::rates::{Rate, UserLimits};
use transport::endpoint::{self, Use};
use transport::shutdown::Shutdown;
use transport::{Context, logging, memory, memory_dumps, open_files, panics, signals};

use crate::backup::NodeBackupArgs;
use crate::registration::{RegistrationArgs, announce_first_code};
use crate::security::{HostArgs, SecurityArgs, outer_endpoint};
use crate::start_error::with_flag;

/// The default data folder. Broker and proxy use only its keys.
pub(crate) const DATA: &str = "data";

#[derive(Args)]
pub(crate) struct BrokerArgs {
    /// Listen for requests of clients at this endpoint [default: tcp://*:5555, or with --plaintext
    /// tcp://127.0.0.1:5555]
    #[arg(long, env = "PAPO_CLIENTS")]
    clients: Option<String>,
    /// Listen for the server at this endpoint
    #[arg(long, env = "PAPO_SERVERS", default_value = "tcp://127.0.0.1:5556")]
    servers: String,
    /// Answer `papo health` at this endpoint
    #[arg(long, env = "PAPO_CONTROL", default_value = "tcp://127.0.0.1:5559")]
    control: String,
    #[command(flatten)]
    security: SecurityArgs,
    #[command(flatten)]
    host: HostArgs,
}

#[derive(Args)]
pub(crate) struct ProxyArgs {
    /// Listen for the events of the server at this endpoint
    #[arg(long, env = "PAPO_EVENTS", default_value = "tcp://127.0.0.1:5557")]
    events: String,
    /// Listen for subscribers at this endpoint [default: tcp://*:5558, or with --plaintext
    /// tcp://127.0.0.1:5558]
    #[arg(long, env = "PAPO_SUBSCRIBERS")]
    subscribers: Option<String>,
    /// Answer `papo health` at this endpoint
    #[arg(long, env = "PAPO_CONTROL", default_value = "tcp://127.0.0.1:5560")]
    control: String,
    #[command(flatten)]
    security: SecurityArgs,
}

#[derive(Args)]
pub(crate) struct ServerArgs {
    /// Connect to the broker at this inner endpoint
    #[arg(long, env = "PAPO_BROKER", default_value = "tcp://127.0.0.1:5556")]
    broker: String,
    /// Connect to the proxy at this inner endpoint
    #[arg(long, env = "PAPO_PROXY", default_value = "tcp://127.0.0.1:5557")]
    proxy: String,
    /// Let clients subscribe at this endpoint; the host `*` means the host at which they reach the broker
    #[arg(long, env = "PAPO_ADVERTISE", default_value = "tcp://*:5558")]
    advertise: String,
    /// Answer `papo health` at this endpoint
    #[arg(long, env = "PAPO_CONTROL", default_value = "tcp://127.0.0.1:5561")]
    control: String,
    /// Begin links to files with this origin of the gateway, such as `https://chat.example`
    #[arg(long, env = "PAPO_WEB_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    web_origin: Vec<String>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    backups: NodeBackupArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    auth: AuthArgs,
    #[command(flatten)]
    registration: RegistrationArgs,
    #[command(flatten)]
    security: SecurityArgs,
}

#[derive(Args)]
pub(crate) struct AuthArgs {
    /// Sign tokens (HS256) with the secret in the first line of this file, at least 32 characters [default:
    /// the variable PAPO_AUTH_SECRET, or a secret that is created on the first start]
    #[arg(long, value_name = "FILE", env = "PAPO_AUTH_SECRET_FILE")]
    auth_secret_file: Option<PathBuf>,
}

/// RFC 7518, section 3.2: a key for HS256 has at least the 32 bytes of its hash.
const AUTH_SECRET_BYTES_MIN: usize = 32;

impl AuthArgs {
    /// The secret. It is never an argument, because every user of the machine can read arguments.
    pub(crate) fn secret(&self) -> anyhow::Result<Option<String>> {
        let secret = match &self.auth_secret_file {
            None => std::env::var("PAPO_AUTH_SECRET").ok(),
            Some(file) => {
                let text =
                    disk::read_text(file).with_context(|| format!("cannot read {}", file.display()))?;
                Some(text.lines().next().unwrap_or_default().to_owned())
            }
        };
        if secret.as_ref().is_some_and(|secret| secret.len() < AUTH_SECRET_BYTES_MIN) {
            bail!("the secret that signs tokens must have at least {AUTH_SECRET_BYTES_MIN} characters");
        }
        Ok(secret)
    }
}

#[derive(Args)]
pub(crate) struct LimitArgs {
    /// Limit the messages of a user per second; every other request that stores a record counts as a message
    #[arg(long, env = "PAPO_MESSAGES_PER_SECOND", default_value_t = UserLimits::default().messages.per_second)]
    messages_per_second: u32,
    /// Limit the messages that a user may send at once after a pause
    #[arg(long, env = "PAPO_MESSAGES_BURST", default_value_t = UserLimits::default().messages.burst)]
    messages_burst: u32,
    /// Limit the reads of a user per second: requests that store no record
    #[arg(long, env = "PAPO_READS_PER_SECOND", default_value_t = UserLimits::default().reads.per_second)]
    reads_per_second: u32,
    /// Limit the reads that a user may make at once after a pause
    #[arg(long, env = "PAPO_READS_BURST", default_value_t = UserLimits::default().reads.burst)]
    reads_burst: u32,
    /// Limit the bytes that a user may write to the log per day (UTC)
    #[arg(long, env = "PAPO_USER_LOG_BYTES_PER_DAY", value_name = "BYTES", default_value_t = UserLimits::default().log_bytes_per_day)]
    user_log_bytes_per_day: u64,
    /// Limit the size of a file, in bytes
    #[arg(long, env = "PAPO_FILE_BYTES_MAX", value_name = "BYTES", default_value_t = FileLimits::default().file_bytes_max)]
    file_bytes_max: u64,
    /// Limit the total size of one user's files, in bytes
    #[arg(long, env = "PAPO_USER_BYTES_MAX", value_name = "BYTES", default_value_t = FileLimits::default().user_bytes_max)]
    user_bytes_max: u64,
}

impl LimitArgs {
    pub(crate) fn users(&self) -> UserLimits {
        UserLimits {
            messages: Rate { per_second: self.messages_per_second, burst: self.messages_burst },
            reads: Rate { per_second: self.reads_per_second, burst: self.reads_burst },
            log_bytes_per_day: self.user_log_bytes_per_day,
        }
    }

    pub(crate) fn files(&self) -> FileLimits {
        FileLimits { file_bytes_max: self.file_bytes_max, user_bytes_max: self.user_bytes_max }
    }
}

#[derive(Args)]
pub(crate) struct DataArgs {
    /// Use this data folder, which contains users, channels and the log
    #[arg(long, env = "PAPO_DATA", default_value = DATA)]
    pub(crate) data: PathBuf,
}

impl BrokerArgs {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let shutdown = start()?;
        let Self { clients, servers, control, security, host } = self;
        let security = security.load(Path::new(DATA))?;
        let clients = outer_endpoint(clients, 5555, &security);
        let config = broker::Config { clients, servers, control };
        let broker = Broker::bind(&Context::new(), &config, &security).map_err(|error| {
            let (clients, servers) = (("--clients", &*config.clients), ("--servers", &*config.servers));
            with_flag(error, &[clients, servers, ("--control", &config.control)])
        })?;
        let at = broker.endpoints();
        let invite = host.announce(&security, &at.clients, &[])?;
        ready(&json!({
            "ready": "broker", "clients": at.clients, "servers": at.servers, "control": at.control,
            "invite": invite,
        }))?;
        Ok(broker.run(&shutdown)?)
    }
}

impl ProxyArgs {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let shutdown = start()?;
        let Self { events, subscribers, control, security } = self;
        let security = security.load(Path::new(DATA))?;
        let subscribers = outer_endpoint(subscribers, 5558, &security);
        let config = proxy::Config { events, subscribers, control };
        let proxy = Proxy::bind(&Context::new(), &config, &security).map_err(|error| {
            let (events, subscribers) =
                (("--events", &*config.events), ("--subscribers", &*config.subscribers));
            with_flag(error, &[events, subscribers, ("--control", &config.control)])
        })?;
        let at = proxy.endpoints();
        ready(&json!({
            "ready": "proxy", "events": at.events, "subscribers": at.subscribers, "control": at.control,
        }))?;
        Ok(proxy.run(&shutdown)?)
    }
}

impl ServerArgs {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let shutdown = start()?;
        let Self {
            broker,
            proxy,
            advertise,
            control,
            web_origin,
            data,
            backups,
            limits,
            auth,
            registration,
            security,
        } = self;
        endpoint::check(&advertise, Use::Listen).context("--advertise")?;
        let security = security.load(&data.data)?;
        let config = server::Config {
            broker,
            proxy,
            advertise,
            control,
            data: data.data,
            limits: limits.users(),
            files: limits.files(),
            auth_secret: auth.secret()?,
            registration: registration.mode(false),
            backups: backups.config(),
            cluster: None,
        };
        let mut server = Server::open(&Context::new(), &config, &security).map_err(|error| {
            let (broker, proxy) = (("--broker", &*config.broker), ("--proxy", &*config.proxy));
            with_flag(error, &[broker, proxy, ("--control", &config.control)])
        })?;
        let web_origin = web_origin.first().map(|origin| origin.trim_end_matches('/').to_owned());
        server.set_web_origin(web_origin);
        let join_code = server.first_join_code();
        announce_first_code(join_code);
        ready(&json!({
            "ready": "server", "advertise": config.advertise, "control": server.control(),
            "join_code": join_code,
        }))?;
        Ok(server.run(&shutdown)?)
    }
}

/// Prepares the process of a role: logging, the end at a panic, the limit of open files, memory, and a
/// shutdown on signals.
pub(crate) fn start() -> anyhow::Result<Shutdown> {
    logging::start();
    panics::end_process();
    open_files::raise_limit();
    memory_dumps::forbid();
    memory::return_regularly()?;
    let shutdown = Shutdown::new();
    signals::stop_on_termination(&shutdown).context("cannot watch for signals")?;
    Ok(shutdown)
}

/// Prints the ready line with the endpoints: one line of JSON on standard output.
pub(crate) fn ready(line: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("cannot write to standard output")
}
