//! The protection of a node: its flags, its keys, and the default endpoints.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use clap::builder::FalseyValueParser;
use server::storage::data_folder::KEYS_FOLDER;
use transport::invite::{HOST_OF_CONTAINER, Invite};
use transport::key_folder::KeyFolder;
use transport::keys::PublicKey;
use transport::security::NodeSecurity;

#[derive(Args)]
pub(crate) struct SecurityArgs {
    #[command(flatten)]
    keys: KeysArgs,
    /// Do not encrypt; only for loopback addresses and ipc://
    #[arg(long, env = "PAPO_PLAINTEXT", value_parser = FalseyValueParser::new())]
    plaintext: bool,
    /// Do not encrypt on any network: an attacker on the network can read, change and forge all messages
    #[arg(long, env = "PAPO_PLAINTEXT_ANYWHERE", value_parser = FalseyValueParser::new())]
    plaintext_anywhere: bool,
}

#[derive(Args)]
pub(crate) struct KeysArgs {
    /// Keep the node's keys in this folder, created on first use [default: `keys` in the data folder]
    #[arg(long, env = "PAPO_KEYS")]
    keys: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct HostArgs {
    /// Put this name or address of the machine into the invite [default: the address at which the node
    /// listens, or the host name of the machine; in a container, a placeholder]
    #[arg(long, env = "PAPO_HOST")]
    host: Option<String>,
}

impl SecurityArgs {
    /// The protection that the flags select. Creates missing keys.
    pub(crate) fn load(&self, data: &Path) -> anyhow::Result<NodeSecurity> {
        if self.plaintext_anywhere {
            return Ok(NodeSecurity::PlainAnywhere);
        }
        if self.plaintext {
            return Ok(NodeSecurity::Plain);
        }
        let keys = self.keys.folder(data);
        Ok(NodeSecurity::Encrypted { node: keys.node()?, service: keys.service()? })
    }
}

impl SecurityArgs {
    /// The folder of the node's keys.
    pub(crate) fn keys(&self, data: &Path) -> PathBuf {
        self.keys.path(data)
    }
}

impl KeysArgs {
    pub(crate) fn folder(&self, data: &Path) -> KeyFolder {
        KeyFolder::new(self.path(data))
    }

    pub(crate) fn path(&self, data: &Path) -> PathBuf {
        self.keys.clone().unwrap_or_else(|| data.join(KEYS_FOLDER))
    }
}

impl HostArgs {
    pub(crate) fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Logs and returns the invite of a node that listens at `endpoint`; `None` without encryption. Invites
    /// to the other nodes of a cluster, at `others`, follow after commas.
    pub(crate) fn announce(
        &self,
        security: &NodeSecurity,
        endpoint: &str,
        others: &[String],
    ) -> anyhow::Result<Option<String>> {
        let Some(key) = security.public_key() else {
            tracing::warn!(endpoint, "connections are not encrypted");
            return Ok(None);
        };
        let own = self.invite(key, endpoint)?.map(|invite| invite.to_string());
        let others = others.iter().filter_map(|other| Invite::for_endpoint(key, other, None).ok().flatten());
        let others = others.map(|invite| invite.to_string());
        let invite = own.map(|own| {
            let others = others.filter(|other| *other != own).collect::<Vec<_>>();
            [&[own], &*others].concat().join(",")
        });
        if let Some(invite) = &invite {
            tracing::info!("the invite for colleagues: {invite}");
            if invite.contains(HOST_OF_CONTAINER) {
                tracing::warn!(
                    "set PAPO_HOST to the name or address at which colleagues reach this container: the invite has only a \
                     placeholder for it"
                );
            }
        }
        Ok(invite)
    }

    /// Creates the invite to `endpoint`; `None` if the endpoint is not TCP.
    pub(crate) fn invite(&self, key: PublicKey, endpoint: &str) -> anyhow::Result<Option<Invite>> {
        Invite::for_endpoint(key, endpoint, self.host.as_deref())
            .with_context(|| format!("cannot create an invite to {endpoint}"))
    }
}

/// Returns the endpoint for clients. The default is all interfaces if the node encrypts, else only this
/// machine.
pub(crate) fn outer_endpoint(given: Option<String>, port: u16, security: &NodeSecurity) -> String {
    given.unwrap_or_else(|| match security {
        NodeSecurity::Encrypted { .. } => format!("tcp://*:{port}"),
        NodeSecurity::Plain | NodeSecurity::PlainAnywhere => format!("tcp://127.0.0.1:{port}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        security: SecurityArgs,
    }

    fn load(flags: &[&str], data: &Path) -> NodeSecurity {
        let flags: Flags = clap::Parser::parse_from([&["papo"], flags].concat());
        flags.security.load(data).expect("keys")
    }

    #[test]
    fn a_node_is_encrypted_and_reachable_by_default() {
        let data = tempfile::tempdir().expect("a folder");
        for plain in ["--plaintext", "--plaintext-anywhere"] {
            let security = load(&[plain], data.path());
            assert_eq!(outer_endpoint(None, 5555, &security), "tcp://127.0.0.1:5555");
        }
        assert!(!data.path().join("keys").exists(), "plain text needs no keys");

        let security = load(&[], data.path());
        assert_eq!(outer_endpoint(None, 5555, &security), "tcp://*:5555");
        assert_eq!(outer_endpoint(Some("ipc:///x".to_owned()), 5555, &security), "ipc:///x");
        let known = KeyFolder::new(data.path().join("keys")).node_public().expect("a key");
        assert_eq!(security.public_key(), Some(known));
    }
}
