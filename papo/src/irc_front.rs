//! `papo irc`, and the flags of the IRC front that `papo up` shares.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;
use clap::builder::FalseyValueParser;
use gateway::Gateway;
use irc::{Access, Arrivals, Irc};
use serde_json::json;
use transport::Context;
use transport::security::NodeSecurity;

use crate::irc_tls::IrcTlsArgs;
use crate::roles::{DATA, ready, start};
use crate::security::SecurityArgs;
use crate::start_error::with_flag;

#[derive(Args)]
pub(crate) struct IrcRoleArgs {
    /// Connect to the broker at this endpoint
    #[arg(long, env = "PAPO_BROKER_CLIENTS", default_value = "tcp://127.0.0.1:5555")]
    broker: String,
    /// Connect to the proxy at this endpoint
    #[arg(long, env = "PAPO_PROXY_SUBSCRIBERS", default_value = "tcp://127.0.0.1:5558")]
    proxy: String,
    /// Answer `papo health` at this endpoint
    #[arg(long, env = "PAPO_CONTROL", default_value = "tcp://127.0.0.1:5563")]
    control: String,
    /// Serve IRC clients at this address [default: 127.0.0.1:6667, or with --irc-tls 0.0.0.0:6697]
    #[arg(long, env = "PAPO_IRC")]
    irc: Option<String>,
    /// Let IRC clients upload files to the gateway at this origin, such as `https://chat.example`
    #[arg(long, env = "PAPO_WEB_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    web_origin: Vec<String>,
    #[command(flatten)]
    front: FrontArgs,
    #[command(flatten)]
    security: SecurityArgs,
}

#[derive(Args)]
pub(crate) struct UpIrcArgs {
    /// Serve IRC clients at this address, such as 127.0.0.1:6667, or `off` [default: off, or with --irc-tls
    /// 0.0.0.0:6697]
    #[arg(long, env = "PAPO_IRC")]
    irc: Option<String>,
    /// Answer `papo health` for the IRC front at this endpoint
    #[arg(long, env = "PAPO_IRC_CONTROL", default_value = "tcp://127.0.0.1:5563")]
    irc_control: String,
    #[command(flatten)]
    front: FrontArgs,
}

#[derive(Args)]
pub(crate) struct FrontArgs {
    /// Call the server by this name in its replies to IRC clients
    #[arg(long, env = "PAPO_IRC_NAME", value_name = "NAME", default_value = "irc.papo")]
    irc_name: String,
    /// Describe the server with this text in WHOIS and LINKS
    #[arg(long, env = "PAPO_IRC_DESCRIPTION", value_name = "TEXT", default_value = "papo")]
    irc_description: String,
    /// Serve IRC without encryption to other machines: everyone on the network can read the passwords
    #[arg(long, env = "PAPO_IRC_INSECURE", value_parser = FalseyValueParser::new())]
    irc_insecure: bool,
    #[command(flatten)]
    tls: IrcTlsArgs,
    /// Give an IRC client without a password an account of its nickname, for tests on a loopback address
    #[arg(long, hide = true)]
    irc_guests: bool,
}

impl FrontArgs {
    /// The configuration of the front with its endpoints: broker, proxy and control.
    fn config(&self, [broker, proxy, control]: [String; 3], address: &str) -> anyhow::Result<irc::Config> {
        let address: SocketAddr = address.parse().with_context(|| {
            format!("--irc {address}: write an address and a port, such as 127.0.0.1:6667")
        })?;
        Ok(irc::Config {
            broker,
            proxy,
            control,
            address,
            name: self.irc_name.clone(),
            description: self.irc_description.clone(),
            uploads: None,
            is_insecure: self.irc_insecure,
            has_guests: self.irc_guests,
        })
    }
}

impl UpIrcArgs {
    /// Whether the front is on.
    pub(crate) fn is_on(&self) -> bool {
        self.address().is_some()
    }

    fn address(&self) -> Option<&str> {
        let address = self.irc.as_deref().or_else(|| self.front.tls.default_address());
        address.filter(|address| *address != "off")
    }

    /// Opens the front within `papo up`; `None` if it is off. `arrivals` are WebSockets of the gateway.
    pub(crate) fn open(
        self,
        context: &Context,
        [broker, proxy]: [&str; 2],
        (gateway, arrivals): (Option<&Gateway>, Arrivals),
        security: &NodeSecurity,
    ) -> anyhow::Result<Option<Irc>> {
        let Some(config) = self.config(broker, proxy)? else { return Ok(None) };
        let config = irc::Config { uploads: gateway.and_then(Gateway::uploads), ..config };
        let access = Access { tls: self.front.tls.open(gateway)?, arrivals: Some(arrivals) };
        let irc = Irc::bind(context, &config, access, security);
        irc.map(Some).map_err(|error| with_flag(error, &[("--irc-control", &config.control)]))
    }

    fn config(&self, broker: &str, proxy: &str) -> anyhow::Result<Option<irc::Config>> {
        let Some(address) = self.address() else { return Ok(None) };
        let endpoints = [broker.to_owned(), proxy.to_owned(), self.irc_control.clone()];
        self.front.config(endpoints, address).map(Some)
    }
}

impl IrcRoleArgs {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let shutdown = start()?;
        let address = self.irc.as_deref().or_else(|| self.front.tls.default_address());
        let address = address.unwrap_or("127.0.0.1:6667");
        if address == "off" {
            bail!("--irc is off: the IRC front has nothing to serve");
        }
        let security = self.security.load(Path::new(DATA))?;
        let config = self.front.config([self.broker, self.proxy, self.control], address)?;
        let uploads = self.web_origin.first().map(|origin| gateway::uploads_at(origin.trim_end_matches('/')));
        let config = irc::Config { uploads, ..config };
        let access = Access { tls: self.front.tls.open(None)?, arrivals: None };
        let irc = Irc::bind(&Context::new(), &config, access, &security)
            .map_err(|error| with_flag(error, &[("--control", &config.control)]))?;
        ready(&json!({ "ready": "irc", "irc": irc.address(), "control": irc.control() }))?;
        Ok(irc.run(&shutdown)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        irc: UpIrcArgs,
    }

    #[test]
    fn the_front_is_off_without_an_address() {
        let up = |flags: &[&str]| {
            let flags: Flags = clap::Parser::parse_from([&["papo"], flags].concat());
            flags.irc.config("b", "p")
        };
        assert!(
            up(&[]).expect("off").is_none() && up(&["--irc=off", "--irc-tls=acme"]).expect("off").is_none()
        );
        let config = up(&["--irc=127.0.0.1:6667"]).expect("a configuration").expect("on");
        assert_eq!((&*config.broker, &*config.proxy, config.address.port()), ("b", "p", 6_667));
        let config = up(&["--irc-tls=acme"]).expect("a configuration").expect("on");
        assert_eq!(config.address.to_string(), "0.0.0.0:6697");
        let error = up(&["--irc=localhost"]).expect_err("no port");
        assert_eq!(error.to_string(), "--irc localhost: write an address and a port, such as 127.0.0.1:6667");
    }
}
