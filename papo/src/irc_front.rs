//! `papo irc`, and the flags of the IRC front that `papo up` shares.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;
use clap::builder::FalseyValueParser;
use irc::Irc;
use serde_json::json;
use transport::Context;

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
    /// Serve IRC clients at this address
    #[arg(long, env = "PAPO_IRC", default_value = "127.0.0.1:6667")]
    irc: String,
    #[command(flatten)]
    front: FrontArgs,
    #[command(flatten)]
    security: SecurityArgs,
}

#[derive(Args)]
pub(crate) struct UpIrcArgs {
    /// Serve IRC clients at this address, such as 127.0.0.1:6667, or `off`
    #[arg(long, env = "PAPO_IRC", default_value = "off")]
    irc: String,
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
    /// Serve IRC without encryption to other machines: everyone on the network can read the passwords
    #[arg(long, env = "PAPO_IRC_INSECURE", value_parser = FalseyValueParser::new())]
    irc_insecure: bool,
    /// Give an IRC client without a password an account of its nickname, for tests on a loopback address
    #[arg(long, hide = true)]
    irc_guests: bool,
}

impl FrontArgs {
    /// The flags of the front with its endpoints: broker, proxy and control.
    fn config(self, [broker, proxy, control]: [String; 3], address: &str) -> anyhow::Result<irc::Config> {
        let address: SocketAddr = address.parse().with_context(|| {
            format!("--irc {address}: write an address and a port, such as 127.0.0.1:6667")
        })?;
        Ok(irc::Config {
            broker,
            proxy,
            control,
            address,
            name: self.irc_name,
            is_insecure: self.irc_insecure,
            has_guests: self.irc_guests,
        })
    }
}

impl UpIrcArgs {
    /// The configuration of the front within `papo up`; `None` if it is off.
    pub(crate) fn config(self, broker: &str, proxy: &str) -> anyhow::Result<Option<irc::Config>> {
        if self.irc == "off" {
            return Ok(None);
        }
        let endpoints = [broker.to_owned(), proxy.to_owned(), self.irc_control];
        self.front.config(endpoints, &self.irc).map(Some)
    }
}

impl IrcRoleArgs {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let shutdown = start()?;
        if self.irc == "off" {
            bail!("--irc is off: the IRC front has nothing to serve");
        }
        let security = self.security.load(Path::new(DATA))?;
        let config = self.front.config([self.broker, self.proxy, self.control], &self.irc)?;
        let irc = Irc::bind(&Context::new(), &config, &security)
            .map_err(|error| with_flag(error, &[("--control", &config.control)]))?;
        ready(&json!({ "ready": "irc", "irc": irc.address(), "control": irc.control() }))?;
        Ok(irc.run(&shutdown)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_off_without_an_address() {
        let front = || FrontArgs { irc_name: "irc.papo".into(), irc_insecure: false, irc_guests: false };
        let up = |irc: &str| UpIrcArgs { irc: irc.into(), irc_control: "c".into(), front: front() };
        assert!(up("off").config("b", "p").expect("off").is_none());
        let config = up("127.0.0.1:6667").config("b", "p").expect("a configuration").expect("on");
        assert_eq!((&*config.broker, &*config.proxy, &*config.control), ("b", "p", "c"));
        let error = up("localhost").config("b", "p").expect_err("no port");
        assert_eq!(error.to_string(), "--irc localhost: write an address and a port, such as 127.0.0.1:6667");
    }
}
