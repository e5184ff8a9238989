//! `papo admin join-code`, and the join code of `papo invite`.

use std::path::{Path, PathBuf};

use common::accounts::SessionOnly;
use common::join_codes::{CreateJoinCode, CreatedJoinCode, RevokeJoinCode};
use common::methods::{JoinCodeCreate, JoinCodeList, JoinCodeRevoke};
use serde_json::json;
use uuid::Uuid;

use super::accounts::{print, print_list};
use super::admin::NoArguments;
use super::{Common, open_session};
use crate::cli_error::CliError;
use crate::client_handle::ClientHandle;
use crate::connection::Connection;
use crate::i18n::Catalog;
use crate::render;

/// The days after which a join code expires, if the administrator gives no other number.
pub(crate) const DAYS_DEFAULT: u32 = 7;

#[derive(Debug, clap::Subcommand)]
pub enum JoinCode {
    /// Create a join code, and print the address of the node with the code.
    Create(Create),
    /// List the join codes that have not expired. The server does not know their texts.
    List(NoArguments),
    /// Revoke a join code.
    Revoke(RevokeCode),
}

#[derive(Debug, clap::Args)]
pub struct Create {
    /// Let this many users register with the code.
    #[arg(long, default_value_t = 1)]
    uses: u32,
    /// Let the code expire after this many days.
    #[arg(long, default_value_t = DAYS_DEFAULT)]
    days: u32,
    /// Add a note for administrators.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct RevokeCode {
    /// The id of the code, from `papo admin join-code list`.
    id: Uuid,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(join_code: JoinCode) -> Result<(), CliError> {
    match join_code {
        JoinCode::Create(Create { uses, days, note, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let CreatedJoinCode { id, code, expires } = create(&mut handle, uses, days, note)?;
            let address = handle.address_with(&code);
            let result = json!({ "id": id, "code": code, "expires": expires, "invite": address });
            print(&common, &result, &address)
        }
        JoinCode::List(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let codes = handle.request::<JoinCodeList>(|token| SessionOnly { token })?.codes;
            print_list(&common, &codes, |code| render::join_code(Catalog::ENGLISH, code))
        }
        JoinCode::Revoke(RevokeCode { id, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            handle.request::<JoinCodeRevoke>(|token| RevokeJoinCode { token, id })?;
            print(&common, &json!({ "id": id }), &Catalog::ENGLISH.join_code_revoked())
        }
    }
}

fn create(
    handle: &mut ClientHandle,
    uses: u32,
    days: u32,
    note: String,
) -> Result<CreatedJoinCode, CliError> {
    handle.request::<JoinCodeCreate>(|token| CreateJoinCode { token, uses, days, note: note.into() })
}

/// The join code that `papo invite` creates.
#[derive(Debug, clap::Args)]
pub struct InviteCode {
    /// Create a join code for this many new users, and add it to the address. You must be logged in as an
    /// administrator
    #[arg(long)]
    uses: Option<u32>,
    /// Let the join code expire after this many days
    #[arg(long, requires = "uses", default_value_t = DAYS_DEFAULT)]
    days: u32,
    /// Add a note for administrators to the join code
    #[arg(long, requires = "uses", default_value = "")]
    note: String,
    /// Create the join code at this endpoint of the node [default: the endpoint of --clients on this machine]
    #[arg(long, value_name = "ENDPOINT")]
    server: Option<String>,
    /// Read the administrator's session from this folder instead of ~/.config/papo
    #[arg(long, value_name = "DIR", env = "PAPO_CONFIG")]
    config: Option<PathBuf>,
}

impl InviteCode {
    /// Creates the join code at the node of this machine that listens at `clients`. Returns its text, or the
    /// error as a sentence. `None` if no code is wanted.
    pub fn create(self, clients: &str, data: &Path) -> Result<Option<String>, String> {
        let Self { uses, days, note, server, config } = self;
        let Some(uses) = uses else { return Ok(None) };
        let connection = Connection::to_local_node(server.unwrap_or_else(|| loopback(clients)), data, config);
        let created = open_session(&connection)
            .and_then(|(mut handle, _news)| create(&mut handle, uses, days, note))
            .map_err(|error| error.to_string())?;
        Ok(Some(created.code))
    }
}

/// The endpoint at which clients of this machine reach a node that listens at `endpoint`.
fn loopback(endpoint: &str) -> String {
    match endpoint.rsplit_once(':') {
        Some(("tcp://*" | "tcp://0.0.0.0", port)) => format!("tcp://127.0.0.1:{port}"),
        Some(("tcp://[::]", port)) => format!("tcp://[::1]:{port}"),
        _ => endpoint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::loopback;

    #[test]
    fn a_node_that_listens_at_all_addresses_is_reached_at_the_loopback() {
        assert_eq!(loopback("tcp://*:5555"), "tcp://127.0.0.1:5555");
        assert_eq!(loopback("tcp://0.0.0.0:5555"), "tcp://127.0.0.1:5555");
        assert_eq!(loopback("tcp://[::]:5555"), "tcp://[::1]:5555");
        assert_eq!(loopback("tcp://10.0.0.7:5555"), "tcp://10.0.0.7:5555");
    }
}
