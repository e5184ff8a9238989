//! The `papo` command: the tree of its subcommands, and nothing else. What they do is in the crates.

mod node;
mod roles;
mod security;
mod invite;
mod keys;
mod health;
mod import;
mod listening;
mod log;
mod backup;
mod export;
mod index;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Team chat on ZeroMQ: no acknowledged message is ever lost.
#[derive(Parser)]
#[command(name = "papo", version, max_term_width = 100)]
struct Papo {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a whole node in one process: broker, proxy and server
    Up(node::Up),
    /// Run the broker: carries requests to the server and replies back
    Broker(roles::BrokerArgs),
    /// Run the proxy: carries events to whoever subscribed to them
    Proxy(roles::ProxyArgs),
    /// Run the server: decides, stores and tells
    Server(roles::ServerArgs),
    /// Print the invite: what a colleague needs to find this node and to know that it is the right one
    Invite(invite::Invite),
    /// Replace the node's keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Ask running roles how they are; exits with 0 when all answer
    Health(health::Health),
    /// Take over the users, channels and messages of an older chat
    Import(import::ImportArgs),
    /// Look at the log of a data folder
    #[command(subcommand)]
    Log(log::Log),
    /// See to the index of the search
    #[command(subcommand)]
    Index(index::Index),
    /// Copy a data folder into one file, also while a node runs on it
    Backup(backup::BackupArgs),
    /// Print a channel, or all that is kept of one user, also while a node runs
    Export(export::ExportArgs),
    /// Make a data folder of a backup, after checking all of it
    Restore(backup::RestoreArgs),
    #[command(flatten)]
    Client(client::Command),
}

fn main() -> ExitCode {
    let result = match Papo::parse().command {
        Command::Up(up) => up.run(),
        Command::Broker(args) => args.run(),
        Command::Proxy(args) => args.run(),
        Command::Server(args) => args.run(),
        Command::Health(health) => return health.run(),
        Command::Import(import) => import.run(),
        Command::Log(log) => log.run(),
        Command::Index(index) => index.run(),
        Command::Backup(backup) => backup.run(),
        Command::Export(export) => export.run(),
        Command::Restore(restore) => restore.run(),
        Command::Invite(invite) => invite.run(),
        Command::Keys(keys) => keys.run(),
        Command::Client(command) => return client::run(command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("papo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The one line that tells a person why papo ends.
#[expect(clippy::print_stderr, reason = "this is where the errors of main come out, once")]
fn say(sentence: &str) {
    eprintln!("{sentence}");
}
