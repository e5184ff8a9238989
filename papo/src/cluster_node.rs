//! The flags of a node in a cluster.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use cluster::{Address, Etcd, SharedLog, Tls};
use server::ClusterConfig;
use transport::endpoint::{self, Use};

#[derive(Args)]
pub(crate) struct EtcdArgs {
    /// Trust the etcd servers whose certificates this authority signed, a PEM file
    #[arg(long, env = "PAPO_ETCD_CA", value_name = "FILE")]
    etcd_ca: Option<PathBuf>,
    /// Identify the node to etcd with this certificate, a PEM file
    #[arg(long, env = "PAPO_ETCD_CERT", value_name = "FILE", requires = "etcd_key")]
    etcd_cert: Option<PathBuf>,
    /// The secret key of the certificate, a PEM file
    #[arg(long, env = "PAPO_ETCD_KEY", value_name = "FILE", requires = "etcd_cert")]
    etcd_key: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct UpClusterArgs {
    /// Be a node of this cluster, whose log is in etcd: etcd://host:port,host:port/name, or etcds:// with TLS
    #[arg(long, env = "PAPO_CLUSTER", value_name = "ADDRESS", requires = "node_name")]
    cluster: Option<Address>,
    /// The name of the node in its cluster, such as n1: lowercase letters, digits and -
    #[arg(long, env = "PAPO_NODE_NAME", value_name = "NAME", requires = "cluster")]
    node_name: Option<String>,
    /// Listen for the other nodes of the cluster at this endpoint
    #[arg(long, env = "PAPO_LINK", default_value = "tcp://*:5570", requires = "cluster")]
    link: String,
    #[command(flatten)]
    etcd: EtcdArgs,
}

impl EtcdArgs {
    pub(crate) fn tls(&self) -> anyhow::Result<Tls> {
        let read = |file: &Path| disk::read(file).with_context(|| format!("cannot read {}", file.display()));
        Ok(Tls {
            authority: self.etcd_ca.as_deref().map(read).transpose()?,
            identity: match (&self.etcd_cert, &self.etcd_key) {
                (Some(certificate), Some(key)) => Some((read(certificate)?, read(key)?)),
                _ => None,
            },
        })
    }
}

impl UpClusterArgs {
    /// The node's cluster; `None` for a node on its own. `host` replaces the wildcard in the endpoints that
    /// the node publishes.
    pub(crate) fn config(self, host: Option<&str>, clients: &str) -> anyhow::Result<Option<ClusterConfig>> {
        let Self { cluster: Some(address), node_name: Some(node), link, etcd } = self else {
            return Ok(None);
        };
        if !Address::is_node_name(&node) {
            bail!("--node-name has 1 to 32 lowercase letters, digits and -");
        }
        endpoint::check(&link, Use::Listen).context("--link")?;
        let (tls, name) = (etcd.tls()?, address.cluster.clone());
        Ok(Some(ClusterConfig {
            name,
            node,
            link_address: is_wildcard(&link).then(|| reachable(&link, host)).transpose()?,
            link,
            clients: reachable(clients, host)?,
            log: Arc::new(move || {
                let log: io::Result<Box<dyn SharedLog>> =
                    Etcd::new(&address, tls.clone()).map(|log| Box::new(log) as Box<dyn SharedLog>);
                log
            }),
        }))
    }
}

/// The hosts that mean all addresses of the machine.
const WILDCARDS: [&str; 3] = ["*", "0.0.0.0", "[::]"];

fn parts(endpoint: &str) -> Option<(&str, &str)> {
    endpoint.strip_prefix("tcp://")?.rsplit_once(':')
}

fn is_wildcard(endpoint: &str) -> bool {
    parts(endpoint).is_some_and(|(host, _)| WILDCARDS.contains(&host))
}

/// The endpoint at which other machines reach `endpoint`.
fn reachable(endpoint: &str, host: Option<&str>) -> anyhow::Result<String> {
    match (parts(endpoint), host) {
        (Some((bound, _)), None) if WILDCARDS.contains(&bound) => {
            bail!("a node of a cluster needs the name or address at which the other nodes reach it: --host")
        }
        (Some((bound, port)), Some(host)) if WILDCARDS.contains(&bound) => Ok(format!("tcp://{host}:{port}")),
        _ => Ok(endpoint.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_endpoint_has_no_wildcard() {
        let at = |endpoint, host| reachable(endpoint, host).ok();
        assert_eq!(at("tcp://*:5570", Some("n1.example")).as_deref(), Some("tcp://n1.example:5570"));
        assert_eq!(at("tcp://*:5570", None), None);
        assert_eq!(at("tcp://127.0.0.1:5570", Some("n1.example")).as_deref(), Some("tcp://127.0.0.1:5570"));
    }
}
