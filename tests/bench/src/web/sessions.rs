//! Users with sessions, because the gateway limits the connections of a user.

use std::path::Path;

use anyhow::Result;

use super::CONNECTIONS_PER_USER;
use crate::data_folder::DataFolder;
use crate::papo::{self, Node};
use crate::workloads::Setup;

/// Adds users for this number of connections to a data folder.
pub(crate) fn add_users(setup: &Setup, data: &Path, connections: usize) -> Result<()> {
    let mut folder = DataFolder::open(&setup.papo, data)?;
    folder.add_users(0..users(connections) as u64)?;
    folder.close()
}

/// The tokens of the users, who log in one after the other. A user has [`CONNECTIONS_PER_USER`] connections.
pub(crate) fn log_in(node: &Node, connections: usize) -> Result<Vec<String>> {
    papo::log_in(node, (0..users(connections)).map(|number| format!("user-{number}")))
}

/// The token of the connection with this number.
pub(crate) fn token_of(tokens: &[String], number: usize) -> &str {
    tokens.get(number / CONNECTIONS_PER_USER).map_or("", String::as_str)
}

fn users(connections: usize) -> usize {
    connections.div_ceil(CONNECTIONS_PER_USER)
}
