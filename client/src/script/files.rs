//! `papo file`.

use std::path::PathBuf;

use common::Target;
use common::files::{LinkHours, MakeLink};
use common::limits::LINK_HOURS_MAX;
use common::methods::FileLink;
use serde_json::json;

use super::{Common, open, open_session, target};
use crate::cli_error::CliError;
use crate::files::{Download, FileToSend, fetch, send};
use crate::i18n::Catalog;
use crate::render::{Output, Progress};

#[derive(Debug, clap::Subcommand)]
pub enum File {
    /// Send a file. Repeat the command to continue an interrupted upload.
    Send(Send),
    /// Download a file. Repeat the command to continue an interrupted download.
    Get(Get),
    /// Print a web link with which everybody can download a file without an account, until it expires.
    Link(Link),
}

#[derive(Debug, clap::Args)]
pub struct Send {
    /// The channel or user, in quotes: '#general', '@bob'.
    #[arg(value_parser = target)]
    to: Target,
    /// The path of the file.
    #[arg(allow_hyphen_values = true)]
    path: PathBuf,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Get {
    /// The channel or user, in quotes: '#general', '@bob'.
    #[arg(value_parser = target)]
    conversation: Target,
    /// The number of the file's event, as `papo history` shows it. Without it, the newest file.
    n: Option<u64>,
    /// Store the file in this folder, as `<sender>_<name>` or `<channel>_<sender>_<name>`.
    #[arg(long, value_name = "DIR", env = "PAPO_DOWNLOADS", default_value = "papo_downloads")]
    downloads: PathBuf,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Link {
    /// The channel or user, in quotes: '#general', '@bob'.
    #[arg(value_parser = target)]
    conversation: Target,
    /// The number of the file's event, as `papo history` shows it.
    n: u64,
    /// End the link after these hours.
    #[arg(long, value_name = "HOURS", default_value_t = LINK_HOURS_MAX)]
    hours: u32,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(file: File) -> Result<(), CliError> {
    match file {
        File::Send(arguments) => run_send(&arguments),
        File::Get(arguments) => run_get(&arguments),
        File::Link(arguments) => run_link(arguments),
    }
}

fn run_send(arguments: &Send) -> Result<(), CliError> {
    let file = FileToSend::open(Catalog::ENGLISH, &arguments.path)?;
    let source = file.measure()?;
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
    let download = Download::find(Catalog::ENGLISH, &mut handle, &arguments.conversation, arguments.n)?;
    let progress = Progress::bar(download.info.name.as_str(), download.info.bytes);
    let path = fetch(Catalog::ENGLISH, &mut handle, &download, &arguments.downloads, &progress)?;
    drop(progress);
    let (mut output, path) = (Output::new(), path.display().to_string());
    if arguments.common.json {
        let line =
            json!({ "path": path, "bytes": download.info.bytes, "sha256": download.info.sha256.to_string() });
        output.print_json(&line.to_string())?;
    } else {
        output.print(&path)?;
    }
    Ok(output.flush()?)
}

fn run_link(arguments: Link) -> Result<(), CliError> {
    let Link { conversation, n, hours, common } = arguments;
    let hours = Some(LinkHours::new(hours).map_err(common::Error::from)?);
    let (mut handle, _news) = open_session(&common.connection)?;
    let link = handle.request::<FileLink>(|token| MakeLink { token, conversation, n, hours })?;
    let mut output = Output::new();
    if common.json {
        output.print_json(&json!(link).to_string())?;
    } else {
        output.print(link.url.as_deref().unwrap_or(&link.path))?;
    }
    Ok(output.flush()?)
}
