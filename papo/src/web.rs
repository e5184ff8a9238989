//! `papo gateway`, and the flags of the gateway that `papo up` shares.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use clap::builder::FalseyValueParser;
use gateway::{Gateway, IpNet};
use serde_json::json;
use transport::Context;

use crate::roles::{DATA, ready, start};
use crate::security::SecurityArgs;
use crate::start_error::with_flag;
use crate::web_tls::TlsArgs;

#[derive(Args)]
pub(crate) struct GatewayArgs {
    /// Connect to the broker at this endpoint
    #[arg(long, env = "PAPO_BROKER_CLIENTS", default_value = "tcp://127.0.0.1:5555")]
    broker: String,
    /// Connect to the proxy at this endpoint
    #[arg(long, env = "PAPO_PROXY_SUBSCRIBERS", default_value = "tcp://127.0.0.1:5558")]
    proxy: String,
    /// Answer `papo health` at this endpoint
    #[arg(long, env = "PAPO_CONTROL", default_value = "tcp://127.0.0.1:5562")]
    control: String,
    /// Report the status of the roles at these control endpoints on /metrics, or of no role: `off`
    #[arg(
        long,
        env = "PAPO_ROLE_CONTROLS",
        value_delimiter = ',',
        default_values = ["tcp://127.0.0.1:5559", "tcp://127.0.0.1:5560", "tcp://127.0.0.1:5561"]
    )]
    role_controls: Vec<String>,
    #[command(flatten)]
    web: WebArgs,
    #[command(flatten)]
    security: SecurityArgs,
}

#[derive(Args)]
pub(crate) struct WebArgs {
    /// Serve browsers and scripts at this address over HTTP and WebSocket, or `off` [default: 127.0.0.1:8080,
    /// or with --web-tls acme 0.0.0.0:443]
    #[arg(long, env = "PAPO_WEB")]
    web: Option<String>,
    /// Serve /metrics, /healthz and /readyz at this address, or `off`
    #[arg(long, env = "PAPO_METRICS", default_value = "127.0.0.1:9464")]
    metrics: String,
    /// Accept requests for this origin, such as `https://chat.example`; addresses and localhost are always
    /// accepted
    #[arg(long, env = "PAPO_WEB_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    web_origin: Vec<String>,
    /// Trust the headers X-Forwarded-For and X-Forwarded-Proto of reverse proxies in this network
    #[arg(long, env = "PAPO_TRUSTED_PROXY", value_name = "NETWORK", value_delimiter = ',')]
    trusted_proxy: Vec<String>,
    /// Let outgoing webhooks and pushes go to this internal network; public addresses are always permitted
    #[arg(long, env = "PAPO_HOOKS_ALLOW", value_name = "NETWORK", value_delimiter = ',')]
    hooks_allow: Vec<String>,
    /// Trust a private authority for the https:// addresses of outgoing webhooks, in addition to the
    /// authorities of the system: a file in PEM
    #[arg(long, env = "PAPO_HOOKS_ROOT", value_name = "FILE")]
    hooks_root: Option<PathBuf>,
    /// Serve plain HTTP to other machines: everyone on the network can read the sessions
    #[arg(long, env = "PAPO_WEB_INSECURE", value_parser = FalseyValueParser::new())]
    web_insecure: bool,
    /// Serve the API of the older systems: /ws?token= and /history/{user}?token=
    #[arg(long, env = "PAPO_LEGACY_API", value_parser = FalseyValueParser::new())]
    legacy_api: bool,
    #[command(flatten)]
    tls: TlsArgs,
    /// Serve the page from its sources in this folder, for its development
    #[arg(long, env = "PAPO_WEB_DIR", hide = true)]
    web_dir: Option<PathBuf>,
}

/// The endpoints that the gateway connects to, and its own control endpoint.
pub(crate) struct Endpoints {
    pub(crate) broker: String,
    pub(crate) proxy: String,
    pub(crate) control: String,
    pub(crate) statuses: Vec<String>,
}

impl WebArgs {
    /// Whether the gateway has anything to serve.
    pub(crate) fn is_on(&self) -> bool {
        self.address() != "off" || self.metrics != "off" || self.tls.is_on()
    }

    fn address(&self) -> &str {
        let default = if self.tls.is_acme() { "0.0.0.0:443" } else { "127.0.0.1:8080" };
        self.web.as_deref().unwrap_or(default)
    }

    /// The flags of the gateway. `keys` is the folder of the node's keys.
    pub(crate) fn config(self, endpoints: Endpoints, keys: &Path) -> anyhow::Result<gateway::Config> {
        let Endpoints { broker, proxy, control, statuses } = endpoints;
        let web = address("--web", self.address())?;
        if web.is_none() && self.tls.is_on() {
            bail!("--web-tls needs --web: an address for browsers");
        }
        let networks = |flag, networks: &[String]| -> anyhow::Result<Vec<_>> {
            networks.iter().map(|network| parse_network(flag, network)).collect()
        };
        Ok(gateway::Config {
            broker,
            proxy,
            control,
            web,
            metrics: address("--metrics", &self.metrics)?,
            origins: self.web_origin,
            trusted_proxies: networks("--trusted-proxy", &self.trusted_proxy)?,
            hooks_allow: networks("--hooks-allow", &self.hooks_allow)?,
            hooks_root: self.hooks_root,
            insecure: self.web_insecure,
            legacy_api: self.legacy_api,
            irc: None,
            tls: self.tls.config(keys)?,
            web_folder: self.web_dir,
            scratch_folder: std::env::temp_dir(),
            statuses,
        })
    }
}

impl GatewayArgs {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let shutdown = start()?;
        if !self.web.is_on() {
            bail!("--web and --metrics are off: the gateway has nothing to serve");
        }
        let security = self.security.load(Path::new(DATA))?;
        let keys = self.security.keys(Path::new(DATA));
        let endpoints = Endpoints {
            broker: self.broker,
            proxy: self.proxy,
            control: self.control,
            statuses: self.role_controls.into_iter().filter(|endpoint| endpoint != "off").collect(),
        };
        let config = self.web.config(endpoints, &keys)?;
        let gateway = Gateway::bind(&Context::new(), &config, &security)
            .map_err(|error| with_flag(error, &[("--control", &config.control)]))?;
        ready(&json!({
            "ready": "gateway", "web": gateway.web(), "metrics": gateway.metrics(), "control": gateway.control(),
        }))?;
        Ok(gateway.run(&shutdown)?)
    }
}

/// The address of the page, with the join code for the first account.
pub(crate) fn page_address(web: SocketAddr, join_code: Option<&str>) -> String {
    let code = join_code.map(|code| format!("#join={code}")).unwrap_or_default();
    let is_any = web.ip().is_unspecified();
    let host = if is_any { format!("localhost:{}", web.port()) } else { web.to_string() };
    format!("http://{host}/{code}")
}

/// The address of a flag; `None` if it is off.
fn address(flag: &str, text: &str) -> anyhow::Result<Option<SocketAddr>> {
    if text == "off" {
        return Ok(None);
    }
    let address =
        text.parse().with_context(|| format!("{flag} {text}: write an address and a port, or off"))?;
    Ok(Some(address))
}

/// A network such as `10.0.0.0/8`, or one address.
fn parse_network(flag: &str, text: &str) -> anyhow::Result<IpNet> {
    let network = text.parse().or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
    network.with_context(|| format!("{flag} {text}: write an address or a network, such as 10.0.0.0/8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_page_works_in_a_browser_on_this_machine() {
        let page = |web: &str, code| page_address(web.parse().expect("an address"), code);
        assert_eq!(page("127.0.0.1:8080", None), "http://127.0.0.1:8080/");
        assert_eq!(page("[::1]:8080", Some("c0de")), "http://[::1]:8080/#join=c0de");
        assert_eq!(page("0.0.0.0:80", None), "http://localhost:80/");
    }

    #[test]
    fn addresses_and_networks_are_parsed_with_a_clear_error() {
        assert_eq!(address("--web", "off").expect("off"), None);
        assert_eq!(
            address("--web", "[::1]:0").expect("an address"),
            Some("[::1]:0".parse().expect("an address"))
        );
        let error = address("--web", "localhost").expect_err("no port");
        assert_eq!(error.to_string(), "--web localhost: write an address and a port, or off");
        let parse = |text| parse_network("--hooks-allow", text);
        assert!(parse("10.0.0.0/8").is_ok() && parse("::1").is_ok());
        let error = parse("10.0.0.0/40").expect_err("40 bits").to_string();
        assert!(error.starts_with("--hooks-allow 10.0.0.0/40: write"), "{error}");
    }
}
