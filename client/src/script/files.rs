//! `papo file`: send a file, and fetch one that was sent.

use std::path::PathBuf;

use common::Target;
use serde_json::json;

use super::{Common, open, open_session, target};
use crate::cli_error::CliError;
use crate::files::{Chosen, Download, fetch, send};
use crate::i18n::Words;
use crate::render::{Output, Progress};

/// The commands about files.
#[derive(Debug, clap::Subcommand)]
pub enum File {
    /// Send a file; when it is interrupted, the same command goes on with it.
    Send(Send),
    /// Fetch a file that was sent; when it is interrupted, the same command goes on with it.
    Get(Get),
}

/// Arguments of `papo file send`.
#[derive(Debug, clap::Args)]
pub struct Send {
    /// The channel or user, in quotes: '#general', '@bob'.
    #[arg(value_parser = target)]
    to: Target,
    /// The file.
    path: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo file get`.
#[derive(Debug, clap::Args)]
pub struct Get {
    /// The channel or user, in quotes: '#general', '@bob'.
    #[arg(value_parser = target)]
    conversation: Target,
    /// The number of its event, as `papo history` shows it.
    n: u64,
    /// Where to put it, under `<sender>_<name>` or `<group>_<sender>_<name>`.
    #[arg(long, value_name = "DIR", env = "PAPO_DOWNLOADS", default_value = "papo_downloads")]
    downloads: PathBuf,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(file: File) -> Result<(), CliError> {
    match file {
        File::Send(arguments) => run_send(&arguments),
        File::Get(arguments) => run_get(&arguments),
    }
}

fn run_send(arguments: &Send) -> Result<(), CliError> {
    let chosen = Chosen::open(Words::ENGLISH, &arguments.path)?;
    let source = chosen.measure()?;
    let (mut handle, _news) = open(&arguments.common.connection)?;
    let user = handle.require_session()?.user;
    let progress = Progress::bar(source.info.name.as_str(), source.info.bytes);
    let sent = send(&mut handle, &user, &arguments.to, &source, &progress)?;
    drop(progress);
    let mut output = Output::new();
    if arguments.common.json {
        let to = arguments.to.to_string();
        let line = json!({ "to": to, "n": sent.n, "at": sent.at, "sha256": source.info.sha256.to_string() });
        output.print_json(&line.to_string())?;
    } else {
        output.print(&format!("{} {}", arguments.to, sent.n))?;
    }
    Ok(output.flush()?)
}

fn run_get(arguments: &Get) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let download = Download::find(Words::ENGLISH, &mut handle, &arguments.conversation, Some(arguments.n))?;
    let progress = Progress::bar(download.info.name.as_str(), download.info.bytes);
    let fetched = fetch(Words::ENGLISH, &mut handle, &download, &arguments.downloads, &progress)?;
    drop(progress);
    let (mut output, path) = (Output::new(), fetched.path.display().to_string());
    if arguments.common.json {
        let line =
            json!({ "path": path, "bytes": download.info.bytes, "sha256": download.info.sha256.to_string() });
        output.print_json(&line.to_string())?;
    } else {
        output.print(&path)?;
    }
    Ok(output.flush()?)
}
