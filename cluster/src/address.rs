//! The address of a cluster: `etcd://host:port,host:port/name`.

use std::fmt;
use std::str::FromStr;

/// The etcd servers, and the name under which the cluster stores its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `host:port` of each etcd server.
    pub servers: Vec<String>,
    /// Whether the connections to etcd use TLS (`etcds://`).
    pub tls: bool,
    pub cluster: String,
}

/// The text is not the address of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a cluster has the form etcd://host:port,host:port/name, or etcds:// with TLS. A name has lowercase letters, digits and -"
)]
pub struct AddressError;

const NAME_CHARACTERS_MAX: usize = 32;

/// Whether `name` can name a cluster or a node.
pub(crate) fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME_CHARACTERS_MAX).contains(&name.len()) && name.bytes().all(is_allowed)
}

impl Address {
    /// Whether `name` can name a node: lowercase letters, digits and `-`.
    #[must_use]
    pub fn is_node_name(name: &str) -> bool {
        is_name(name)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (tls, rest) = match (text.strip_prefix("etcd://"), text.strip_prefix("etcds://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(AddressError),
        };
        let (servers, cluster) = rest.split_once('/').ok_or(AddressError)?;
        let servers: Vec<String> = servers.split(',').map(str::to_owned).collect();
        let is_server = |server: &String| {
            let parts = server.rsplit_once(':');
            parts.is_some_and(|(host, port)| {
                !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
            })
        };
        if is_name(cluster) && servers.iter().all(is_server) {
            Ok(Self { servers, tls, cluster: cluster.to_owned() })
        } else {
            Err(AddressError)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "etcds" } else { "etcd" };
        write!(f, "{scheme}://{}/{}", self.servers.join(","), self.cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_servers_and_the_cluster() {
        for text in ["etcd://a:2379/team", "etcds://a:2379,b:2379,[::1]:2379/team-2"] {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()).as_deref(), Ok(text));
        }
        let refused =
            ["a:2379/team", "etcd://a/team", "etcd://a:2379", "etcd://a:2379/", "etcd://a:0/t", "etcd://,/t"];
        for text in refused.into_iter().chain(["etcd://a:1/Team", "etcd://a:1/a/b", "http://a:1/t"]) {
            assert_eq!(text.parse::<Address>(), Err(AddressError), "{text}");
        }
    }
}
