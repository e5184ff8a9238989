//! The `papo` command: the tree of its subcommands.

mod node;
mod roles;
mod web;
mod web_tls;
mod irc_front;
mod irc_tls;
mod security;
mod registration;
mod invite;
mod keys;
mod health;
mod import;
mod start_error;
mod log;
mod backup;
mod cluster_node;
mod cluster_repair;
mod cluster_tools;
mod export;
mod export_html;
mod index;
mod config_file;
mod free_text;
mod reference;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{CommandFactory as _, Parser, Subcommand};
use common::node::PROTOCOL;
use server::maintenance::backup as backup_archive;
use server::storage::snapshots;

/// Team chat on ZeroMQ: no acknowledged message is ever lost.
#[derive(Parser)]
#[command(name = "papo", version = VERSION.as_str(), max_term_width = 100)]
struct Papo {
    #[command(flatten)]
    config_file: config_file::ConfigFileArg,
    #[command(subcommand)]
    command: Command,
}

/// The version, the commit of the sources, and the newest protocol and formats that this program writes.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let (version, commit) = (env!("CARGO_PKG_VERSION"), env!("PAPO_BUILD_COMMIT"));
    let (protocol, snapshots, backups) = (PROTOCOL.max, snapshots::FORMAT, backup_archive::FORMAT);
    format!("{version} (commit {commit}, protocol {protocol}, snapshots {snapshots}, backups {backups})")
});

#[derive(Subcommand)]
enum Command {
    /// Run a whole node in one process: broker, proxy, server, gateway and IRC front
    Up(Box<node::Up>),
    /// Run the broker, which forwards requests to the server and replies to clients
    Broker(roles::BrokerArgs),
    /// Run the proxy, which publishes events to subscribers
    Proxy(roles::ProxyArgs),
    /// Run the server, which answers requests, stores records and publishes events
    Server(roles::ServerArgs),
    /// Run the gateway, which serves browsers and scripts over HTTP and WebSocket
    Gateway(web::GatewayArgs),
    /// Run the IRC front, which serves IRC clients
    Irc(irc_front::IrcRoleArgs),
    /// Create a certificate for browsers in a local network, and the authority that signs it
    WebCa(web_tls::WebCa),
    /// Print the invite: the address and the public key of this node, for new users
    Invite(invite::Invite),
    /// Replace the node's keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Print the status of running roles, and exit with 0 if every role answers and has no problem
    Health(health::Health),
    /// Import the users, channels and messages of another chat, such as Slack or Mattermost
    Import(import::ImportArgs),
    /// Check, print or redact the log of a data folder
    #[command(subcommand)]
    Log(log::Log),
    /// Manage the search index
    #[command(subcommand)]
    Index(index::Index),
    /// Create a cluster of several nodes, add nodes to it, or print its state
    #[command(subcommand)]
    Cluster(cluster_tools::ClusterCommand),
    /// Copy a data folder into one file, even while a node uses it
    Backup(backup::BackupArgs),
    /// Print a channel, or all stored data of one user, even while a node runs
    Export(export::ExportArgs),
    /// Check a backup, and create a data folder from it
    Restore(backup::RestoreArgs),
    /// Check a configuration file, or print all its keys
    #[command(subcommand)]
    Config(config_file::ConfigCommand),
    /// Print completions for a shell; bash: `eval "$(papo completions bash)"`
    Completions(reference::Completions),
    /// Write the manual pages, for packages
    Man(reference::Man),
    #[command(flatten)]
    Client(client::Command),
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        print_to_stderr(&format!("papo: {error:#}"));
        ExitCode::FAILURE
    })
}

fn run() -> anyhow::Result<ExitCode> {
    let mut program = Papo::command();
    let arguments = free_text::protect(&mut program, std::env::args_os().collect());
    let papo = Papo::parse_from(config_file::add_values(&program, arguments)?);
    match papo.command {
        Command::Up(up) => up.run(),
        Command::Broker(args) => args.run(),
        Command::Proxy(args) => args.run(),
        Command::Server(args) => args.run(),
        Command::Gateway(args) => args.run(),
        Command::Irc(args) => args.run(),
        Command::Health(health) => return Ok(health.run()),
        Command::Import(import) => import.run(),
        Command::Log(log) => log.run(),
        Command::Index(index) => index.run(),
        Command::Cluster(cluster) => cluster.run(),
        Command::Backup(backup) => backup.run(),
        Command::Export(export) => export.run(),
        Command::Restore(restore) => restore.run(),
        Command::WebCa(authority) => authority.run(),
        Command::Invite(invite) => invite.run(),
        Command::Keys(keys) => keys.run(),
        Command::Config(config) => config.run(&program, papo.config_file),
        Command::Completions(completions) => completions.run(Papo::command()),
        Command::Man(man) => man.run(Papo::command()),
        Command::Client(command) => return Ok(client::run(command)),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Prints an error or a note for the user on standard error.
fn print_to_stderr(sentence: &str) {
    // Unlike `eprintln!`, this does not panic if standard error is closed.
    let _best_effort = writeln!(std::io::stderr(), "{sentence}");
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::Papo;

    #[test]
    fn the_version_names_the_commit_and_the_formats() {
        let version = super::VERSION.as_str();
        let rest = version.strip_prefix(concat!(env!("CARGO_PKG_VERSION"), " (commit ")).expect("a commit");
        let (commit, formats) = rest.split_once(", ").expect("formats");
        assert!(commit == "unknown" || commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{version}");
        assert_eq!(formats, "protocol 1, snapshots 3, backups 1)");
    }

    /// All users of a machine can read the arguments of its processes.
    #[test]
    fn no_secret_is_an_argument() {
        let is_accepted = |arguments: &[&str]| Papo::try_parse_from([&["papo"], arguments].concat()).is_ok();
        for role in ["up", "server"] {
            assert!(is_accepted(&[role, "--auth-secret-file", "secret.txt"]));
            assert!(!is_accepted(&[role, "--auth-secret", "secret"]), "{role}");
        }
        for command in ["register", "login"] {
            assert!(is_accepted(&[command, "ana", "--password-file", "password.txt"]));
            assert!(!is_accepted(&[command, "ana", "--password", "secret"]), "{command}");
        }
    }
}
